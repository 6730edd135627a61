"""A connection can have a schedule of its own. Adds a column that is null: no lock is held for long."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("amazon_connection", sa.Column("sync_schedule", sa.Text()))
