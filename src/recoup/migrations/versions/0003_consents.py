"""Consents that Amazon's page has yet to answer, and why a connection is not active."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0002"

_CHANGES = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(_CHANGES.read_text(encoding="utf-8"))
