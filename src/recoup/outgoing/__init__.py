"""Sends notifications: to webhooks over HTTPS, to people by mail."""
