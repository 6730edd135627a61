"""Claims are found by the beginning of a code."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # Each takes less than a second for 100,000 claims; detection waits meanwhile.
    for column in ("order_id", "sku", "fnsku", "asin", "case_id"):
        op.create_index(
            f"claim_{column}_search_idx",
            "claim",
            [column],
            postgresql_ops={column: "text_pattern_ops"},
        )
