"""Open data: views for people who query the database themselves."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"

_VIEWS = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    # By the driver itself, as the first migration: several statements in one text.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(_VIEWS.read_text(encoding="utf-8"))
