"""A sync that failed for a reason that passes is started again by itself.

Adds a column that is null and a small partial index: `sync_progress` is locked for an instant, and
for one read of it while the index is made. Programs of the previous version may go on.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute("alter table sync_progress add column retry_at timestamptz")
    op.execute(
        "create index sync_progress_retry_at_idx on sync_progress (retry_at) "
        "where retry_at is not null"
    )
