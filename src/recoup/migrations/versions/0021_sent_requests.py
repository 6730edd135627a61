"""A report is requested again only when Amazon must have listed what was sent before.

Adds a column that is null: `report_request` is locked for an instant. Programs of the previous
version may go on; for what they send nobody waits.
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute("alter table report_request add column sent_at timestamptz")
