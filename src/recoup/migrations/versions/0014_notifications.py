"""Notifications: what happened, webhooks with their deliveries, and reminders by mail."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0013"

_TABLES = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    # By the driver itself, as the first migration: several statements in one text.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(_TABLES.read_text(encoding="utf-8"))
