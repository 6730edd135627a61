"""Refunds above what the customer had paid, or a refund and a replacement for one unit."""

from __future__ import annotations

from recoup.claims.detection.made_good import BEYOND, MISSING, SPARE
from recoup.claims.detection.order_columns import HELD_BACK
from recoup.claims.detection.parts import list_of, part
from recoup.claims.detection.temporary_table import MONEY_OF_PAYMENTS
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(
    part("base", 0.6, "more was refunded than was paid"),
    part(
        "charges not loaded",
        -0.15,
        "only the units show it, not the money",
        when="c.charged is null",
    ),
)

# Goodwill that Amazon funds has leaves of its own, which count as neither price, tax nor shipping.
# Of a refund and a replacement with nothing returned, the unit that never came back has the firmer
# evidence: it is claimed first, as customer_return_missing (docs/decisions.md#one-unit-one-claim).
_SQL = f"""
with open as (
    select order_id, sku,
        coalesce(sum(open) filter (where need = {SPARE}), 0)::integer as spare,
        coalesce(sum(open) filter (where need = {BEYOND}), 0)::integer as beyond,
        coalesce(sum(open) filter (where need = {MISSING}), 0)::integer as missing,
        coalesce(sum(paid) filter (where need in ({SPARE}, {BEYOND})), 0) as paid
    from detect_order_open group by order_id, sku
), settled as (
    select order_id, sku, jsonb_agg(one order by need, place) as settled
    from detect_order_open
    cross join lateral jsonb_array_elements(settled) with ordinality as part (one, place)
    where need in ({SPARE}, {BEYOND})
    group by order_id, sku
), candidate as (
    select c.*, coalesce(open.spare, 0) as spare,
        case when unknown.is_so then c.refunded_beyond else coalesce(open.beyond, 0) end as beyond,
        coalesce(open.missing, 0) as missing, coalesce(open.paid, 0) as paid, settled.settled,
        unknown.is_so and coalesce(open.spare, 0) = 0 as is_unknown,
        case when unknown.is_so then null when coalesce(open.beyond, 0) = 0 then 0
            else round(c.money_beyond, 2) end
            + case when coalesce(open.spare, 0) = 0 then 0
                when c.unit_value > 0 then round(c.unit_value * open.spare, 2) end as amount
    from detect_order_case as c
    cross join lateral (
        select c.refunded_beyond > 0 and c.money_beyond is null as is_so
    ) as unknown
    left join open using (order_id, sku)
    left join settled using (order_id, sku)
    where c.refunded_beyond + c.replaced_beyond > 0
)
select jsonb_build_object('orderId', c.order_id, 'sku', c.sku) as key,
    c.marketplace_id, c.sku, c.fnsku, c.asin, c.order_id,
    c.refunded_beyond + c.replaced_beyond as units, c.spare + c.beyond as quantity,
    coalesce(c.settled, '[]') as settled,
    coalesce(c.beyond_on, c.last_on, c.event_on) as event_on,
    coalesce(c.beyond_on, c.last_on) as clock_on, null::date as wait_until,
    c.amount, c.currency,
    case when c.replaced_beyond > 0 and c.refunded_beyond = 0
        then 'price without tax after promotion, less the fees charged on this order'
        else 'refunded less charged' end as amount_basis,
    case when c.amount is null then 'the charges of this order are not loaded completely' end
        as amount_missing,
    {_SURE} as confidence_parts,
    case when c.is_unknown
        then 'only the number of refunded units is too high: the charges are not known completely'
        when c.spare + c.beyond > 0 and c.replaced_beyond > 0 and c.missing > 0
        then 'nothing came back after a refund and a replacement: see customer_return_missing'
        else {HELD_BACK} end as suppressed,
    case when c.refunded_beyond > 0 then format(
            'Charged %s %s, refunded %s %s: %s %s too much. Shipped %s, refunded %s.',
            coalesce(round(c.charged, 2)::text, '?'), coalesce(c.currency, ''),
            coalesce(round(c.charged + c.money_beyond, 2)::text, '?'), coalesce(c.currency, ''),
            coalesce(round(c.money_beyond, 2)::text, '?'), coalesce(c.currency, ''),
            c.shipped, c.refunded)
        else '' end
    || case when c.replaced_beyond > 0 then format(
            'Shipped %s, refunded %s and replaced %s: %s more than was paid for, %s still open.',
            c.shipped, c.refunded, c.replaced, c.replaced_beyond, c.spare)
        else '' end as reason,
    jsonb_build_object(
        'rows', c.source_rows,
        'numbers', jsonb_build_object(
            'charged', c.charged, 'refundedBeyond', c.money_beyond, 'shipped', c.shipped,
            'refunded', c.refunded, 'replaced', c.replaced, 'paid', c.paid,
            'open', c.spare + c.beyond),
        'notes', jsonb_build_array(
            'Price, tax and shipping of this SKU are compared before and after promotions; the '
            || 'smaller excess is claimed.',
            'Amazon publishes no window for this; the window for customer returns is a safe bound.')
    ) as evidence
from candidate as c
"""

RULE = Rule(
    type=ClaimType.REFUND_OVERPAID,
    title="Refunded more than was paid",
    source="docs/rules.md#refund_overpaid",
    window=PolicyWindow.CUSTOMER_RETURN,
    value=Value.OWN,
    version=2,
    sql=_SQL,
    # A payment may be for a unit that came back damaged.
    decides={
        "reimbursements": MONEY_OF_PAYMENTS,
        "returns": ("detailed_disposition", "status"),
    },
)
