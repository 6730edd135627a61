"""Columns shared by rules about orders: the value of a unit, the reason for holding a claim back.

Written for a SELECT in which `c` is detect_order_case (docs/claims.md#value).
"""

from __future__ import annotations

BASIS = """'price without tax after promotion, less the fees charged on this order'
    || case when c.is_capped then ', up to the maximum that Amazon pays per unit' else '' end"""

# An order whose fees are above its price is worth nothing to claim.
VALUE_MISSING = """case
    when c.unit_value is null then coalesce(c.value_missing,
        'the sale of this order is not loaded, so its price and fees are not known')
    when c.unit_value <= 0 then 'the fees charged on this order are above its price' end"""

_DISPUTED = """when c.is_disputed then 'an A-to-z claim or a chargeback is on this order; Amazon decides '
        || 'about the money there'"""
_UNKNOWN = "when c.is_amazon is null then 'the loaded data does not show whether Amazon fulfilled this order'"

HELD_BACK = f"""case
    {_DISPUTED}
    when c.by_seller then 'according to its text the seller issued the refund; such refunds are not paid'
    {_UNKNOWN}
    when exists (select from detect_order_untold u where u.order_id = c.order_id and u.sku = c.sku)
        then (select u.why from detect_order_untold u where u.order_id = c.order_id and u.sku = c.sku)
    when c.is_unsent then 'the order was cancelled, is not shipped yet, or has no status: nothing shows '
        || 'that a unit of it left the warehouse'
    when not c.is_checked
        then 'the price of this order is not known, so the refund may have been partial'
    end"""

# Units that the seller refunded are not paid (A2); the referral fee of a sale that is undone comes
# back whoever refunded it (A6, A22).
FEE_HELD_BACK = f"case {_DISPUTED} {_UNKNOWN} end"


def amount_of(units: str) -> str:
    """The value of a number of units; null if the value of a unit is not known."""
    return f"case when c.unit_value > 0 then round(c.unit_value * {units}, 2) end"


def arithmetic_of(units: str) -> str:
    """The multiplication in words; '' if the value of a unit is not known."""
    return f"""case when c.unit_value > 0 and {units} > 0 then
        format(
            ' %1$s x (price %2$s %6$s less fees %3$s %6$s)%4$s = %5$s %6$s.', {units},
            round(c.unit_price, 2), round(-c.unit_fees, 2),
            case when c.is_capped then ', capped' else '' end, round(c.unit_value * {units}, 2), c.currency
        ) else '' end"""
