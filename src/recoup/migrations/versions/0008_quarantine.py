"""Which of equal rows one in quarantine is, and when a source last told it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("quarantine", sa.Column("occurrence", sa.Integer))
    op.add_column(
        "quarantine",
        sa.Column(
            "told_at", TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()
        ),
    )
    op.execute("update quarantine set told_at = created_at")
