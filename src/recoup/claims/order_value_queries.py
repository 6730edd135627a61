"""Columns that several rules about orders share: what a unit is worth, why a claim is held back.

Written for a SELECT in which `c` is detect_order_case. Source: claims facts 1.5 and R5, decision 19.
"""

from __future__ import annotations

BASIS = """'price without tax after promotion, less the fees charged on this order'
    || case when c.is_capped then ', up to the most that Amazon pays per unit' else '' end"""

# An order whose fees are above its price is worth nothing to claim.
VALUE_MISSING = """case
    when c.unit_value is null
        then 'the sale of this order is not loaded, so its price and fees are not known'
    when c.unit_value <= 0 then 'the fees charged on this order are above its price' end"""

_DISPUTED = """when c.is_disputed then 'an A-to-z claim or a chargeback is on this order; Amazon decides '
        || 'about the money there'"""
_UNKNOWN = (
    "when c.is_amazon is null then 'nothing loaded tells whether Amazon fulfilled this order'"
)

HELD_BACK = f"""case
    {_DISPUTED}
    when c.by_seller then 'the text of the refund says that the seller issued it; those are not paid'
    {_UNKNOWN}
    end"""

# Units that the seller refunded are not paid (A2); the referral fee of a sale that is undone comes
# back whoever refunded it (A6, A22).
FEE_HELD_BACK = f"case {_DISPUTED} {_UNKNOWN} end"


def amount_of(units: str) -> str:
    """Money for so many units; null where a unit's worth is not known."""
    return f"case when c.unit_value > 0 then round(c.unit_value * {units}, 2) end"


def arithmetic_of(units: str) -> str:
    """The multiplication in words; '' where a unit's worth is not known."""
    return f"""case when c.unit_value > 0 and {units} > 0 then
        format(
            ' %s x (price %s less fees %s)%s = %s %s.', {units}, round(c.unit_price, 2),
            round(-c.unit_fees, 2), case when c.is_capped then ', capped' else '' end,
            round(c.unit_value * {units}, 2), c.currency
        ) else '' end"""
