"""Whose rate budget a connection spends, and when Amazon last told a rate.

Two small changes that lock nothing for long. Budgets of the earlier names stay until a sync or a
purge finds that no connection spends them.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"

_CHANGES = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    op.execute(_CHANGES.read_text(encoding="utf-8"))
