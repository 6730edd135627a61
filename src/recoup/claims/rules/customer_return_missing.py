"""Refunded or replaced, and never returned; also orders lost on the way to the customer."""

from __future__ import annotations

from recoup.claims.order_value_queries import (
    BASIS,
    HELD_BACK,
    VALUE_MISSING,
    amount_of,
    arithmetic_of,
)
from recoup.claims.prepare_returns_queries import MISSING
from recoup.claims.rule import ClaimType, Rule, Value, Window

# When a later refund of the same order and SKU is younger than the window asks, the claim waits for
# it, but not past the last safe day of the first one.
_SQL = f"""
with coverage as (
    select range_intersect_agg(closed) as days from stream_cursor
    where connection_id = :connection_id and stream = 'returns'
), unclear as (
    select distinct order_id from detect_payment
    where order_id is not null and paid_units = 0 and family <> 'fee'
), nameless as (
    -- A payment for a return that does not say of which order.
    select distinct c.order_id, c.sku
    from detect_order_case as c
    join detect_payment as p on p.order_id is null and p.family in ('return', 'outbound') and p.paid_units > 0
        and (p.fnsku = c.fnsku or p.sku = c.sku) and p.approved_on between c.first_on and c.first_on + 120
), surplus as (
    -- Units that came back under a SKU beyond those of it that were made good.
    select came.order_id, came.sku, sum(came.units) - coalesce(max(c.made_good), 0) as units
    from detect_return as came
    join detect_order_known using (order_id, sku)
    left join detect_order_case as c using (order_id, sku)
    group by came.order_id, came.sku
    having sum(came.units) > coalesce(max(c.made_good), 0)
), candidate as (
    select c.*, other.units as came_otherwise, open.returned, open.paid, coalesce(open.open, 0) as open,
        coalesce(open.settled, '[]') as settled, c.first_on is null as is_partial,
        case when c.last_on > c.first_on
            then least(c.last_on + p.opens, c.first_on + p.closes_days - 1) end as wait_until,
        coalesce(c.reason_codes, '') ~* 'lost|arrive|undeliver|not.?received' as is_lost,
        c.refunds > 1 as is_several,
        coverage.days @> tstzrange(
            c.first_on::timestamp at time zone 'UTC',
            greatest(c.first_on, cast(:as_of as date) - 1)::timestamp at time zone 'UTC'
        ) as is_complete,
        coalesce(unclear.order_id, nameless.order_id) is not null as is_unclear
    from detect_order_case as c
    cross join coverage
    left join detect_order_open as open
        on open.order_id = c.order_id and open.sku = c.sku and open.need = {MISSING}
    left join (
        select c.order_id, c.sku, sum(surplus.units) as units
        from detect_order_case as c
        join surplus on surplus.order_id = c.order_id and surplus.sku <> c.sku
        group by c.order_id, c.sku
    ) as other on other.order_id = c.order_id and other.sku = c.sku
    left join unclear on unclear.order_id = c.order_id
    left join nameless on nameless.order_id = c.order_id and nameless.sku = c.sku
    left join detect_policy as p
        on p.marketplace_id = c.marketplace_id and p.window_name = 'customer_return'
        and c.last_on >= p.valid_from and c.last_on < p.valid_to
    where c.made_good > 0 or c.partial_units > 0
), rated as (
    select candidate.*, several.change as several, late.change as late, price.change as price,
        greatest(0.8 + several.change + late.change + price.change - 0.45, 0) as above
    from candidate
    cross join lateral (select case when is_several then -0.2 else 0 end as change) as several
    cross join lateral (
        select case when is_complete is not true then -0.3 - several.change else 0 end as change
    ) as late
    cross join lateral (select case when is_checked then 0 else -0.35 end as change) as price
)
select jsonb_build_object('orderId', c.order_id, 'sku', c.sku) as key,
    c.marketplace_id, c.sku, c.fnsku, c.asin, c.order_id,
    case when c.is_partial then c.partial_units else greatest(c.due, c.made_good) end as units,
    c.open as quantity,
    c.settled || case
        when c.is_partial then jsonb_build_array(jsonb_build_object(
            'by', 'partial refund', 'reference', jsonb_build_object('order_id', c.order_id),
            'units', c.partial_units, 'why', 'less than 90 % of the price was refunded'))
        when c.made_good > c.due then jsonb_build_array(jsonb_build_object(
            'by', 'beyond what was shipped', 'reference', jsonb_build_object('order_id', c.order_id),
            'units', c.made_good - c.due,
            'why', c.shipped || ' shipped; see refund_overpaid'))
        else '[]' end as settled,
    coalesce(c.first_on, c.event_on) as event_on, c.first_on as clock_on, c.wait_until,
    {amount_of("c.open")} as amount, c.currency, {BASIS} as amount_basis,
    {VALUE_MISSING} as amount_missing,
    0.8 + c.several + c.late + c.price - case when c.is_unclear or c.came_otherwise > 0 then c.above else 0 end
        as confidence,
    jsonb_build_array(jsonb_build_object(
        'part', 'base', 'change', 0.8, 'why', 'refunded, not returned and not paid'))
    || case when c.several < 0 then jsonb_build_array(jsonb_build_object(
        'part', 'several refunds', 'change', c.several, 'why', 'the order has several refunds'))
        else '[]' end
    || case when c.late < 0 then jsonb_build_array(jsonb_build_object(
        'part', 'returns not complete', 'change', c.late,
        'why', 'the report of returns is not loaded up to yesterday')) else '[]' end
    || case when c.price < 0 then jsonb_build_array(jsonb_build_object(
        'part', 'price not known', 'change', c.price,
        'why', 'whether the refund was partial cannot be checked')) else '[]' end
    || case when c.is_unclear and c.above > 0 then jsonb_build_array(jsonb_build_object(
        'part', 'possible payment', 'change', -c.above,
        'why', 'Amazon paid something that may be for this order, and does not say so'))
        when c.came_otherwise > 0 and c.above > 0 then jsonb_build_array(jsonb_build_object(
        'part', 'other unit returned', 'change', -c.above, 'why', c.came_otherwise
            || ' more came back under another SKU of the order than were refunded: look whether it is this one'))
        else '[]' end
        as confidence_parts,
    {HELD_BACK} as suppressed,
    case when c.is_partial then format('Only a part of the price was refunded (%s units).',
            c.partial_units)
        else format('Refunded %s, replaced %s, returned %s, paid by Amazon %s: %s open%s.%s',
            c.refunded, c.replaced, coalesce(c.returned, 0), coalesce(c.paid, 0), c.open,
            case when c.is_lost then ' (the order was lost on its way to the customer)' else '' end,
            {arithmetic_of("c.open")}) end as reason,
    jsonb_build_object(
        'rows', c.source_rows,
        'numbers', jsonb_build_object(
            'refunded', c.refunded, 'replaced', c.replaced, 'shipped', c.shipped,
            'returned', coalesce(c.returned, 0), 'paid', coalesce(c.paid, 0), 'open', c.open,
            'unitPrice', c.unit_price, 'unitFees', c.unit_fees, 'unitValue', c.unit_value),
        'notes', jsonb_build_array(
            'Returns count for this order from 30 days before the first refund, without end; one '
            || 'that comes later withdraws this claim.',
            'Do not file when you issued the refund yourself, or told the customer to keep it.')
        || case when c.is_lost then jsonb_build_array('Lost on the way to the customer (T19).')
            else '[]' end
    ) as evidence
from rated as c
"""  # noqa: S608 - put together from constants

RULE = Rule(
    type=ClaimType.CUSTOMER_RETURN_MISSING,
    title="Refunded, and the unit never came back",
    source="claims facts R5 (T5, T19), 4.4 step 2, 5.1; decisions 8, 9, 14, 15, 19",
    reads=("orders", "transactions", "returns", "replacements", "reimbursements", "settlements"),
    window=Window.CUSTOMER_RETURN,
    value=Value.OWN,
    version=2,
    documents=(
        "the order in Seller Central with the date and amount of the refund or the replacement",
        "the report of FBA customer returns, searched by the order id",
    ),
    sql=_SQL,
)
