"""Retention: rows are deleted with age, and claims stay (docs/security.md#retention)."""
