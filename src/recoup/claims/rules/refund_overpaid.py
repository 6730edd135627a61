"""More was refunded than the customer had paid, or a refund and a replacement for one unit."""

from __future__ import annotations

from recoup.claims.order_value_queries import HELD_BACK
from recoup.claims.prepare_returns_queries import BEYOND, MISSING, SPARE
from recoup.claims.rule import ClaimType, Rule, Value, Window

# Goodwill that Amazon funds has leaves of its own, which count as neither price, tax nor shipping.
# Of a refund and a replacement with nothing returned, the unit that never came back has the firmer
# evidence: it is claimed first, as customer_return_missing (decision 8).
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
    select c.*, open.spare, open.beyond, open.missing, open.paid, settled.settled,
        case when open.beyond = 0 then 0 else round(c.money_beyond, 2) end
            + case when open.spare = 0 then 0
                when c.unit_value > 0 then round(c.unit_value * open.spare, 2) end as amount
    from detect_order_case as c
    join open using (order_id, sku)
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
    case when c.amount is null then 'what was charged on this order is not loaded whole' end
        as amount_missing,
    case when c.charged is null then 0.45 else 0.6 end as confidence,
    jsonb_build_array(jsonb_build_object(
        'part', 'base', 'change', 0.6, 'why', 'more was given back than was paid'))
    || case when c.charged is null then jsonb_build_array(jsonb_build_object(
        'part', 'charges not loaded', 'change', -0.15,
        'why', 'only the units show it, not the money')) else '[]' end as confidence_parts,
    case when c.spare + c.beyond > 0 and c.replaced_beyond > 0 and c.missing > 0
        then 'nothing came back of a refund and a replacement: see customer_return_missing'
        else {HELD_BACK} end as suppressed,
    case when c.refunded_beyond > 0 then format(
            'Charged %s, refunded %s %s: %s %s too much. Shipped %s, refunded %s.',
            coalesce(round(c.charged, 2)::text, '?'),
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
            'Counted are price, tax and shipping of this SKU, before and after promotions; the '
            || 'smaller excess is claimed.',
            'Amazon publishes no window for this: the one of customer returns is a safe bound.')
    ) as evidence
from candidate as c
"""  # noqa: S608 - put together from constants

RULE = Rule(
    type=ClaimType.REFUND_OVERPAID,
    title="Refunded more than was paid",
    source="claims facts R8 (T10), 4.4 step 2; decisions 3, 8, 15",
    reads=("orders", "transactions", "returns", "replacements", "reimbursements", "settlements"),
    window=Window.CUSTOMER_RETURN,
    value=Value.OWN,
    version=1,
    documents=("the payment lines of the order", "the refund lines of the order"),
    sql=_SQL,
)
