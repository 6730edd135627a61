"""The plan of a sync; when a rate was slowed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("rate_budget", sa.Column("slowed_at", TIMESTAMP(timezone=True)))
    op.create_table(
        "sync_plan",
        sa.Column("sync_id", sa.Text, primary_key=True),
        sa.Column("plan", JSONB, nullable=False),
        sa.Column("revisions", JSONB, nullable=False),
        sa.ForeignKeyConstraint(
            ["sync_id"],
            ["sync_progress.sync_id"],
            name="sync_plan_sync_id_fkey",
            ondelete="cascade",
        ),
    )
