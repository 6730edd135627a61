"""People and workspaces: members with roles, passwords, sessions, tokens, invitations."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    # By the driver itself, as the first migration: several statements in one text.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(_TABLES.read_text(encoding="utf-8"))
