"""The first schema: users, connections, syncs, streams, claims, events, and the job queue."""

from __future__ import annotations

from pathlib import Path

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None

_TABLES = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    # By the driver itself: SQLAlchemy would take the percent signs in it for parameters.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(SchemaManager.get_schema())
    driver.execute(_TABLES.read_text(encoding="utf-8"))
