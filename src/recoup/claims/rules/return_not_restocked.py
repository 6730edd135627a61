"""A return was scanned as back in inventory, but the ledger shows no unit for it."""

from __future__ import annotations

from recoup.claims.detection.made_good import UNSTOCKED
from recoup.claims.detection.order_columns import (
    BASIS,
    HELD_BACK,
    VALUE_MISSING,
    amount_of,
    arithmetic_of,
)
from recoup.claims.detection.parts import list_of, part
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(
    part("base", 0.4, "sums are short; the ledger names no order"),
    part(
        "shared stock",
        -0.1,
        "the FNSKU is the ASIN: stock may be shared with other sellers",
        when="c.is_manufacturers_code",
    ),
)

# The ledger names no order: this compares sums, so it says "look at it" and no more (docs/rules.md#return_not_restocked).
# The first 30 days of a ledger are no basis for a claim (docs/claims.md#what-is-held-back), and its rows come up to 9 days late (docs/amazon.md#ledger).
_SQL = f"""
with candidate as (
    select u.order_id as owner, u.sku as returned_sku, u.fnsku as returned_fnsku, u.returned_on,
        u.last_on as returned_last_on, u.units, u.returned, u.sellable, u.stocked, u.alike,
        u.fulfillment_center, u.source_rows as rows, o.marketplace_id as market,
        coalesce(open.open, 0) as open, coalesce(open.paid, 0) as paid,
        coalesce(open.settled, '[]') as settled, loaded.first_on as since, loaded.complete_on as upto, doubtful.why as doubt,
        c.asin = u.fnsku as is_manufacturers_code, c.*
    from detect_unstocked as u
    cross join detect_ledger_span as loaded
    left join detect_doubtful as doubtful on doubtful.fnsku = u.fnsku
    join detect_order as o on o.order_id = u.order_id and o.is_amazon is not false
    left join detect_order_case as c on c.order_id = u.order_id and c.sku = u.sku
    left join detect_order_open as open
        on open.order_id = u.order_id and open.sku = u.sku and open.need = {UNSTOCKED}
    where u.units > 0
)
select jsonb_build_object('orderId', c.owner, 'sku', c.returned_sku) as key,
    c.market as marketplace_id, c.returned_sku as sku, c.returned_fnsku as fnsku, c.asin,
    c.owner as order_id, c.units, c.open as quantity, c.settled, c.returned_on as event_on,
    c.first_on as clock_on, c.returned_last_on + 14 as wait_until,
    {amount_of("c.open")} as amount, c.currency, {BASIS} as amount_basis,
    {VALUE_MISSING} as amount_missing,
    {_SURE} as confidence_parts,
    case when c.doubt is not null then 'the data of this FNSKU is doubtful: ' || c.doubt
        when c.returned_on < c.since + 30
            then 'the loaded ledger begins too shortly before this return'
        when c.upto is null or c.upto < least(c.returned_last_on + 14, cast(:as_of as date) - 9)
            or c.upto < c.returned_last_on + 3
            then 'the ledger is not loaded far enough after this return'
        else {HELD_BACK} end as suppressed,
    format('%s returned to %s on %s as sellable, %s in the ledger around that day, and no more'
        ' in two weeks: %s not put back.%s', c.sellable, c.fulfillment_center, c.returned_on, c.stocked, c.open,
        {arithmetic_of("c.open")}) as reason,
    jsonb_build_object(
        'rows', c.rows || coalesce(c.source_rows, '[]'),
        'numbers', jsonb_build_object(
            'returned', c.returned, 'sellableThatDay', c.sellable, 'inLedger', c.stocked,
            'short', c.units, 'paid', c.paid, 'open', c.open, 'ordersThatDay', c.alike,
            'unitPrice', c.unit_price, 'unitFees', c.unit_fees, 'unitValue', c.unit_value),
        'notes', jsonb_build_array(
            'Only sums per FNSKU, warehouse and day can be compared: look at the returns first.')
        || case when c.alike > 1 then jsonb_build_array(
            'Several units came back that day; recoup cannot tell which of them is missing.')
            else '[]' end
    ) as evidence
from candidate as c
"""

RULE = Rule(
    type=ClaimType.RETURN_NOT_RESTOCKED,
    title="Returned, but not put back into stock",
    source="docs/rules.md#return_not_restocked",
    window=PolicyWindow.CUSTOMER_RETURN,
    value=Value.OWN,
    version=1,
    sql=_SQL,
)
