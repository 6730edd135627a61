"""Sessions and tokens note which key signed them, so that lists leave out what a rotation has ended.

Adds a nullable column; locks `credential` for an instant. Programs of the previous version may go on:
what they store has no mark, and ends with the next rotation.
"""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute("alter table credential add column key_mark bytea")
