"""A detection that finds a claim again leaves its row alone: when it was last found stands once per type.

`v_claims` tells the stage and what was paid. Adds a table, a column with a constant default and columns
of a view; locks `claim` for an instant. Programs of the previous version may go on: they write the day
into each claim as before, and the later of both counts.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0018"
down_revision = "0017"

_TABLES = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    # By the driver itself, as the first migration: several statements in one text.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(_TABLES.read_text(encoding="utf-8"))
