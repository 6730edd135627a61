"""Filing packs: which claims were filed together, and the store of documents that prove them."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"

_TABLES = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    # By the driver itself, as the first migration: several statements in one text.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(_TABLES.read_text(encoding="utf-8"))
