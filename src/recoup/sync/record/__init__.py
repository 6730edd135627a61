"""The rows of a sync: its state, its worker, and its announcements."""
