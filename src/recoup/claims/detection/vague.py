"""Data that is too vague for a rule to judge: sums without names, previews without a store.

Nothing is claimed from it, and a claim that was there before it came stays as it is. As the rule finds
no event there, no candidate can say why: one sentence per rule does (docs/claims.md#gaps).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from recoup.claims.detection.temporary_table import TemporaryTable
from recoup.db.engine import Writer

_WHY = {
    "money": (
        "Amazon reports the sale or refund of {count:,} {order} as totals without naming the parts"
    ),
    "fee": "Amazon reports the fulfillment fee of {count:,} {product} only in a total with other fees",
    "preview": (
        "Amazon's fee previews have several rows for each of {count:,} {product} without naming "
        "the store, so the highest fee counts"
    ),
}
"""By `what` of the table."""

VAGUE = TemporaryTable(
    "detect_vague",
    "type text, name text, what text",
    """
    select type, order_id, 'money'
    from detect_order_money
    cross join (values ('refund_overpaid'), ('refund_fee_not_credited')) as rule (type)
    where kind in ('sale', 'refund') and (has_unknown or are_fees_unnamed)
    union
    select 'fulfillment_fee_overcharge', sku, 'fee'
    from fees
    where connection_id = :connection_id and type = 'FBAFees' and amount < 0
        and order_id <> '' and sku <> ''
    union
    select 'fulfillment_fee_overcharge', charge.sku, 'preview'
    from detect_fee_charge as charge join detect_fee_preview as preview using (preview_id)
    where not preview.is_alone
    """,
    ("type",),
    reads={"fees": ("amount", "order_id", "sku", "type")},
)
"""name: of the order, or of the SKU."""


@dataclass(frozen=True, slots=True)
class Vague:
    """Why a type was not searched everywhere; `why` ends the sentence."""

    type: str
    why: str


async def find_vague(conn: Writer) -> list[Vague]:
    """The findings in the table, by rule."""
    rows = await conn.execute(
        text(
            "select type, what, count(distinct name) as names from detect_vague "
            "group by type, what order by type, what"
        )
    )
    return [Vague(row.type, _why(row.what, row.names)) for row in rows]


def _why(what: str, count: int) -> str:
    one = count == 1
    return _WHY[what].format(
        count=count, order="order" if one else "orders", product="product" if one else "products"
    )
