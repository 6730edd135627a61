"""What happened that somebody wants to know, and who: programs by webhooks, people by mail."""
