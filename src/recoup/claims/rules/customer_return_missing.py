"""Refunded or replaced units that never came back; also orders lost on the way to the customer."""

from __future__ import annotations

from recoup.claims.detection.made_good import MISSING
from recoup.claims.detection.order_columns import (
    BASIS,
    HELD_BACK,
    VALUE_MISSING,
    amount_of,
    arithmetic_of,
)
from recoup.claims.detection.parts import FOR_REVIEW, Sql, either, list_of, part, settled
from recoup.claims.detection.wording import by_number
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(
    part("base", 0.8, "refunded, not returned and not paid"),
    part("several refunds", -0.2, "the order has several refunds", when="c.refunds > 1"),
    part(
        "returns not complete",
        0,
        "the report of returns is not loaded up to yesterday",
        at_most=0.5,
        when="c.is_complete is not true",
    ),
    either(
        part(
            "possible payment",
            0,
            "a payment of Amazon may be for this order without naming it",
            at_most=FOR_REVIEW,
            when="c.is_unclear",
        ),
        part(
            "other unit returned",
            0,
            Sql(
                "c.came_otherwise || ' more came back under another SKU of the order than were "
                "refunded: check whether this unit is one of them'"
            ),
            at_most=FOR_REVIEW,
            when="c.came_otherwise > 0",
        ),
        part(
            "return in the stock ledger",
            0,
            Sql(
                f"'the stock ledger shows ' || c.unseen || {by_number('c.unseen', ' more unit', ' more units')} || "
                "' of this FNSKU coming back than the returns report'"
            ),
            at_most=FOR_REVIEW,
            when="c.unseen > 0",
        ),
    ),
)

_SETTLED = list_of(
    Sql("c.settled"),
    either(
        settled(
            "partial refund",
            "jsonb_build_object('order_id', c.order_id)",
            "c.partial_units",
            "less than 90 % of the price was refunded",
            when="c.is_partial",
        ),
        settled(
            "beyond what was shipped",
            "jsonb_build_object('order_id', c.order_id)",
            "c.made_good - c.due",
            Sql("c.shipped || ' shipped; see refund_overpaid'"),
            when="c.made_good > c.due",
        ),
    ),
)

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
        coverage.days @> tstzrange(
            c.first_on::timestamp at time zone 'UTC',
            greatest(c.first_on, cast(:as_of as date) - 1)::timestamp at time zone 'UTC'
        ) as is_complete,
        -- Customers have some 30 days to send a unit back: as long as these are not read, it is not missing.
        coverage.days @> tstzrange(
            c.first_on::timestamp at time zone 'UTC',
            greatest(c.first_on, least(c.first_on + 30, cast(:as_of as date) - 3))::timestamp at time zone 'UTC'
        ) is false as is_waiting,
        coalesce(unclear.order_id, nameless.order_id) is not null as is_unclear,
        unseen.units as unseen, uncounted.order_id is not null as is_uncounted
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
    left join detect_return_unseen as unseen on unseen.order_id = c.order_id and unseen.sku = c.sku
    left join (
        select distinct order_id from detect_return where not is_counted
    ) as uncounted on uncounted.order_id = c.order_id
    left join unclear on unclear.order_id = c.order_id
    left join nameless on nameless.order_id = c.order_id and nameless.sku = c.sku
    left join detect_policy as p
        on p.marketplace_id = c.marketplace_id and p.window_name = 'customer_return'
        and c.last_on >= p.valid_from and c.last_on < p.valid_to
    where c.made_good > 0 or c.partial_units > 0
)
select jsonb_build_object('orderId', c.order_id, 'sku', c.sku) as key,
    c.marketplace_id, c.sku, c.fnsku, c.asin, c.order_id,
    case when c.is_partial then c.partial_units else greatest(c.due, c.made_good) end as units,
    c.open as quantity,
    {_SETTLED} as settled,
    coalesce(c.first_on, c.event_on) as event_on, c.first_on as clock_on, c.wait_until,
    {amount_of("c.open")} as amount, c.currency, {BASIS} as amount_basis,
    {VALUE_MISSING} as amount_missing,
    {_SURE} as confidence_parts,
    case when c.is_waiting then 'the returns report is not loaded for the weeks after the refund'
        when c.is_uncounted then 'a return of this order does not state its quantity' else {HELD_BACK} end
        as suppressed,
    case when c.is_partial then format('Only a part of the price was refunded (%s %s).',
            c.partial_units, {by_number("c.partial_units", "unit", "units")})
        else format('Refunded %s, replaced %s, returned %s, paid by Amazon %s: %s open%s.%s',
            c.refunded, c.replaced, coalesce(c.returned, 0), coalesce(c.paid, 0), c.open,
            case when c.is_lost then ' (the order was lost on the way to the customer)' else '' end,
            {arithmetic_of("c.open")}) end as reason,
    jsonb_build_object(
        'rows', c.source_rows,
        'numbers', jsonb_build_object(
            'refunded', c.refunded, 'replaced', c.replaced, 'shipped', c.shipped,
            'returned', coalesce(c.returned, 0), 'paid', coalesce(c.paid, 0), 'open', c.open,
            'unitPrice', c.unit_price, 'unitFees', c.unit_fees, 'unitValue', c.unit_value),
        'notes', jsonb_build_array(
            'Returns of this order count from 30 days before the first refund, without an end date; a '
            || 'later return withdraws this claim.',
            'Do not file if you issued the refund yourself or told the customer to keep the item.')
        || case when c.is_lost then jsonb_build_array('Lost on the way to the customer.')
            else '[]' end
    ) as evidence
from candidate as c
"""

RULE = Rule(
    type=ClaimType.CUSTOMER_RETURN_MISSING,
    title="Refunded but never returned",
    source="docs/rules.md#customer_return_missing",
    window=PolicyWindow.CUSTOMER_RETURN,
    value=Value.OWN,
    version=3,
    sql=_SQL,
    decides={"returns": ("asin",)},
)
