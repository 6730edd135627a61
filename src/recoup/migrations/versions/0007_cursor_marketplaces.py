"""For which marketplaces the cursor of a region speaks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("stream_cursor", sa.Column("marketplace_ids", ARRAY(sa.Text())))
