"""What rules about orders share, second half: which return or payment made good which unit.

detect_return         units that came back, by the order and SKU they belong to
detect_unstocked      returned units that the ledger never put back into stock (facts R6)
detect_order_known    the SKUs that an order has
detect_order_case     one row per order and SKU with a refund or replacement: units, money, days
detect_order_need     units of a case that something must make good, by the rule that would claim
detect_order_supply   returns and payments that can make good
detect_returned ...   who made good how many units of what, in four steps: no unit is used twice
detect_order_open     what is left of each need, and what settled the rest

Order of use (facts 4.4 step 2, decisions 8 and 14): returns of the same SKU, returns of a SKU that is
none of the order's, payments of the same SKU, payments whose SKU is none of the order's. Within a case a payment settles in the order of the needs below.
"""

from __future__ import annotations

from recoup.claims.step_queries import Step

MISSING, DAMAGED, SPARE, BEYOND, UNSTOCKED = 1, 2, 3, 4, 5
"""What a case may lack, the smaller number being settled first: a unit that never came back, one
that came back damaged, the second of a refund and a replacement, money refunded beyond the price, and
last, with the weakest evidence, a unit that came back and did not reach stock."""

AMAZONS_DAMAGE = """(
    disposition in ('CARRIER_DAMAGED', 'DAMAGED', 'FC_DAMAGED')
    or disposition like 'WAREHOUSE_DAMA%'
)"""
"""Facts R7, with the misspelling that was seen (facts 3.4)."""

_KNOWN = Step(
    "detect_order_known",
    "order_id text, sku text",
    """
select order_id, sku from detect_order_sku union select order_id, sku from detect_order_event
""",
    ("order_id, sku",),
)

# A return under a SKU that the order does not have is of the order's only SKU, where it has one.
_RETURNS = Step(
    "detect_return",
    """return_id bigint, order_id text, sku text, fnsku text, asin text, returned_on date,
    units integer, fulfillment_center text, disposition text, is_reimbursed boolean,
    is_restocked boolean, reason text, source_row jsonb""",
    """
select row_number() over (
        order by one.order_id, one.sku, one.fnsku, one.returned_at, license_plate_number, occurrence
    ) as return_id,
    detect_order.order_id, coalesce(own.sku, alike.sku, known.sku, single.sku, one.sku) as sku, one.fnsku, one.asin,
    (one.returned_at at time zone detect_order.zone)::date as returned_on,
    coalesce(one.quantity, 1) as units, one.fulfillment_center,
    upper(translate(detailed_disposition, ' ', '_')) as disposition,
    lower(one.status) = 'reimbursed' as is_reimbursed,
    lower(one.status) = 'unit returned to inventory' as is_restocked,
    one.reason,
    jsonb_build_object(
        'table', 'returns', 'source', one.source, 'source_line', one.source_line,
        'order_id', one.order_id, 'sku', one.sku, 'fnsku', one.fnsku,
        'returned_at', one.returned_at, 'units', coalesce(one.quantity, 1),
        'license_plate_number', one.license_plate_number,
        'fulfillment_center', one.fulfillment_center, 'disposition', one.detailed_disposition,
        'reason', one.reason, 'status', one.status
    )
from returns as one
left join detect_order_link as link on link.order_id = one.order_id
join detect_order on detect_order.order_id = coalesce(link.original_order_id, one.order_id)
left join (select distinct order_id, sku from detect_order_event) as own
    on own.order_id = detect_order.order_id and own.sku = one.sku
left join (
    select order_id, asin, min(sku) as sku
    from detect_order_event join detect_order_sku using (order_id, sku)
    group by order_id, asin
) as alike on alike.order_id = detect_order.order_id and alike.asin = one.asin
left join detect_order_known as known
    on known.order_id = detect_order.order_id and known.sku = one.sku
left join (
    select order_id, min(sku) as sku from detect_order_known group by order_id having count(*) = 1
) as single on single.order_id = detect_order.order_id
where one.connection_id = :connection_id and coalesce(one.quantity, 1) > 0
    and (one.returned_at at time zone detect_order.zone)::date <= :as_of
""",
    ("order_id, sku",),
)

# The ledger knows no order, so units are compared by FNSKU, warehouse and day (facts R6): stock shows
# fewer from three days before to three days after the return, and still fewer after 14 days, when
# the returns of the days between are counted too. A unit that reached stock in another state is
# there, so the sums of all states must be short as well. Out of returns is plus, into stock minus.
_RETURN_DAYS = Step(
    "detect_return_day",
    """fnsku text, fulfillment_center text, moved_on date, is_return boolean, units integer,
    sellable integer""",
    """
select fnsku, fulfillment_center, returned_on, true, sum(units),
    coalesce(sum(units) filter (where is_restocked and disposition = 'SELLABLE'), 0)
from detect_return
where fnsku <> '' and fulfillment_center <> ''
group by fnsku, fulfillment_center, returned_on
union all
select fnsku, fulfillment_center, event_on, false, -sum(quantity),
    -coalesce(sum(quantity) filter (where upper(disposition) = 'SELLABLE'), 0)
from ledger
where connection_id = :connection_id and event_type = 'CustomerReturns' and event_on <= :as_of
    and fnsku in (select fnsku from detect_return)
group by fnsku, fulfillment_center, event_on
""",
)

_UNSTOCKED = Step(
    "detect_unstocked",
    """order_id text, sku text, fnsku text, returned_on date, last_on date, returned integer,
    units integer, sellable integer, stocked integer, alike integer, fulfillment_center text,
    source_rows jsonb""",
    """
with day as (
    select *, moved_on as returned_on,
        coalesce(sum(units) filter (where not is_return) over near, 0) as units_near,
        coalesce(sum(sellable) filter (where not is_return) over near, 0) as sellable_near,
        coalesce(sum(units) filter (where not is_return) over later, 0)
            + sum(units) filter (where is_return) over returns_later as units_later,
        coalesce(sum(sellable) filter (where not is_return) over later, 0)
            + sum(sellable) filter (where is_return) over returns_later as sellable_later
    from detect_return_day
    window place as (partition by fnsku, fulfillment_center order by moved_on),
        near as (place range between interval '3 days' preceding and interval '3 days' following),
        later as (place range between interval '3 days' preceding and interval '14 days' following),
        returns_later as (
            place range between interval '3 days' preceding and interval '11 days' following
        )
), short as (
    select fnsku, fulfillment_center, returned_on, sellable, -sellable_near as stocked,
        least(sellable + sellable_near, units + units_near, sellable_later, units_later) as missing
    from day
    where is_return and sellable > 0
        and least(sellable + sellable_near, units + units_near, sellable_later, units_later) > 0
), unit as (
    -- Which order's unit it is cannot be told when several came back that day: the last ones.
    select detect_return.*, short.sellable, short.stocked, short.missing,
        sum(detect_return.units) over (
            partition by fnsku, fulfillment_center, returned_on order by return_id desc
        ) as upto,
        count(*) over (partition by fnsku, fulfillment_center, returned_on) as alike
    from detect_return join short using (fnsku, fulfillment_center, returned_on)
    where is_restocked and disposition = 'SELLABLE'
)
select order_id, sku, min(fnsku) as fnsku, min(returned_on) as returned_on,
    max(returned_on) as last_on, sum(units)::integer as returned,
    sum(greatest(least(missing - (upto - units), units), 0))::integer as units,
    max(sellable)::integer as sellable, max(stocked)::integer as stocked, max(alike) as alike,
    min(fulfillment_center) as fulfillment_center, jsonb_agg(source_row order by return_id)
from unit
group by order_id, sku
""",
    ("order_id, sku",),
)

_CASES = Step(
    "detect_order_case",
    """order_id text, sku text, asin text, fnsku text, marketplace_id text, zone text,
    is_amazon boolean, is_disputed boolean, is_cancelled boolean, by_seller boolean, refunds integer,
    refunded integer, replaced integer, partial_units integer, made_good integer, shipped integer,
    due integer, refunded_beyond integer, replaced_beyond integer, money_beyond numeric,
    event_on date, first_on date, last_on date, refunded_on date, beyond_on date,
    is_checked boolean, reason_codes text, currency text, charged numeric, unit_price numeric,
    unit_fees numeric, unit_value numeric, is_capped boolean, source_rows jsonb""",
    """
with sold as (
    -- Without the whole sale a refund cannot be called too large.
    select *, case when sale_is_whole then principal + tax + shipping end as charged,
        case when sale_is_whole then principal + tax + shipping + promotion end as charged_net
    from detect_order_sku
), event as (
    select detect_order_event.*, sold.shipped, sold.currency as sale_currency,
        sold.charged, sold.charged_net,
        least(
            sum(refunded) over so_far - sold.charged, sum(refunded_net) over so_far - charged_net
        ) as money_beyond,
        sum(full_units) over so_far as units_so_far
    from detect_order_event left join sold using (order_id, sku)
    window so_far as (
        partition by detect_order_event.order_id, detect_order_event.sku
        order by event_on, kind desc, reference
    )
), total as (
    select order_id, sku,
        coalesce(sum(full_units) filter (where kind = 'refund'), 0)::integer as refunded,
        coalesce(sum(full_units) filter (where kind = 'replacement'), 0)::integer as replaced,
        coalesce(sum(units) filter (where full_units = 0), 0)::integer as partial_units,
        min(event_on) as event_on,
        min(event_on) filter (where full_units > 0) as first_on,
        max(event_on) filter (where full_units > 0) as last_on,
        min(event_on) filter (where full_units > 0 and kind = 'refund') as refunded_on,
        bool_and(is_checked) as is_checked, bool_or(by_seller) as by_seller,
        case when bool_and(currency = sale_currency) filter (where kind = 'refund')
            then least(
                sum(refunded) - max(charged), sum(refunded_net) - max(charged_net)
            ) end as money_beyond,
        coalesce(
            min(event_on) filter (where money_beyond > 0.02),
            min(event_on) filter (where units_so_far > shipped)
        ) as beyond_on,
        string_agg(reason_code, ' ' order by event_on) as reason_codes,
        jsonb_agg(source_row order by event_on, kind desc, reference) as rows
    from event
    group by order_id, sku
)
select order_id, sku, sold.asin, coalesce(product.fnsku, came.fnsku), detect_order.marketplace_id, detect_order.zone,
    detect_order.is_amazon, detect_order.is_disputed, detect_order.is_cancelled, total.by_seller,
    detect_order.refunds, refunded, replaced, partial_units, refunded + replaced, sold.shipped,
    least(refunded + replaced, coalesce(sold.shipped, refunded + replaced)),
    -- More units than were shipped for no more money than was charged: the units are miscounted.
    case when sold.shipped > 0 and money_beyond > 0.02 then greatest(refunded - sold.shipped, 1)
        when sold.shipped > 0 and money_beyond is null then greatest(refunded - sold.shipped, 0)
        else 0 end,
    case when sold.shipped > 0
        then greatest(refunded + replaced - greatest(refunded, sold.shipped), 0)
        else 0 end,
    money_beyond, event_on, first_on, last_on, refunded_on, beyond_on, is_checked, reason_codes,
    sold.currency, sold.charged, sold.unit_price_paid, sold.fees / nullif(sold.sold, 0),
    sold.unit_value, sold.is_capped, coalesce(sold.sale_rows, '[]') || total.rows
from total
join detect_order using (order_id)
left join sold using (order_id, sku)
left join (
    select sku, min(fnsku) as fnsku from detect_product where fnsku <> '' group by sku
) as product using (sku)
left join (
    select order_id, sku, min(fnsku) as fnsku from detect_return where fnsku <> '' group by order_id, sku
) as came using (order_id, sku)
where is_amazon is not false
""",
    ("order_id, sku",),
)

_NEEDS = Step(
    "detect_order_need",
    "order_id text, sku text, need integer, units integer",
    f"""
select order_id, sku, {MISSING}, due from detect_order_case where due > 0
union all
select order_id, sku, {DAMAGED}, least(damaged, made_good - whole)
from (
    -- More units under this SKU than were made good: the one too many may be of another SKU, or the
    -- same unit told twice. It is the damaged one that is not claimed then.
    select order_id, sku, max(detect_order_case.made_good) as made_good,
        coalesce(sum(units) filter (where {AMAZONS_DAMAGE} and is_reimbursed is not true), 0) as damaged,
        coalesce(sum(units) filter (
            where ({AMAZONS_DAMAGE}) is not true and returned_on >= first_on - 30), 0) as whole
    from detect_return join detect_order_case using (order_id, sku)
    group by order_id, sku
) as came
where damaged > 0 and made_good > whole
union all
select order_id, sku, {UNSTOCKED}, units from detect_unstocked where units > 0
union all
select order_id, sku, {SPARE}, replaced_beyond from detect_order_case where replaced_beyond > 0
union all
select order_id, sku, {BEYOND}, refunded_beyond from detect_order_case where refunded_beyond > 0
""",  # noqa: S608 - put together from constants
    ("order_id, sku, need",),
)

# A payment that was taken back rightly is none. One taken back wrongly stands, and the reversal is
# the claim (decision 9), also when the payment that it takes back is not loaded.
# Returns count from 30 days before the refund.
_SUPPLIES = Step(
    "detect_order_supply",
    """supply_id bigint, kind text, order_id text, sku text, is_stranger boolean, units integer,
    reference jsonb, why text""",
    """
with known as (
    select distinct order_id, sku, detect_order_sku.asin
    from detect_order_event left join detect_order_sku using (order_id, sku)
), taken as (
    select original_payment_id as payment_id, sum(right_units) as units
    from detect_reversed_order join detect_reversal using (reversal_id)
    where original_payment_id is not null
    group by original_payment_id
), paid as (
    select order_id, sku, asin, fnsku, paid_units - coalesce(taken.units, 0) as units, approved_on,
        reference, payment_id, reason, case when made_whole_units < paid_units - coalesce(taken.units, 0)
            then ', taken back in part or whole: see reimbursement_reversed' else '' end as note
    from detect_payment left join taken using (payment_id)
    where paid_units > coalesce(taken.units, 0)
    union all
    select order_id, sku, asin, fnsku, abs(units), approved_on, reference, -reversal_id,
        'reversal', ', of a payment that is not loaded: see reimbursement_reversed'
    from detect_reversal where original_payment_id is null and units < 0
), payment as (
    select paid.*, detect_order.order_id as owner, coalesce(own.sku, alike.sku, product.sku) as matched
    from paid
    left join detect_order_link as link on link.order_id = paid.order_id
    join detect_order
        on detect_order.order_id = coalesce(link.original_order_id, paid.order_id)
    left join known as own on own.order_id = detect_order.order_id and own.sku = paid.sku
    left join (
        select order_id, asin, min(sku) as sku from known group by order_id, asin
    ) as alike on alike.order_id = detect_order.order_id and alike.asin = paid.asin
    left join (
        select order_id, detect_product.fnsku, min(sku) as sku
        from known join detect_product using (sku)
        group by order_id, detect_product.fnsku
    ) as product on product.order_id = detect_order.order_id and product.fnsku = paid.fnsku
), told as (
    select 'return' as kind, returned_on as turn, return_id as number, detect_return.order_id,
        detect_return.sku, owned.sku is null as is_stranger, units, source_row as reference,
        'came back on ' || returned_on || coalesce(' as ' || disposition, '') as why
    from detect_return
    join (
        select order_id, min(first_on) as first_on from detect_order_case group by order_id
    ) as refund using (order_id)
    left join detect_order_known as owned
        on owned.order_id = detect_return.order_id and owned.sku = detect_return.sku
    where returned_on >= first_on - 30
    union all
    select 'payment', approved_on, payment_id, owner, matched, matched is null, units, reference,
        'paid on ' || approved_on || ' (' || reason || ')' || note
    from payment
)
select row_number() over (order by kind, turn, number), kind, order_id, sku, is_stranger, units,
    reference, why
from told
""",
    ("order_id, sku",),
)


def _settle(table: str, kind: str, *, needs: str, strangers: bool, after: tuple[Step, ...]) -> Step:
    """Units of the supplies go to the needs in turn; both are laid end to end and overlaid.

    What belongs to the same SKU settles that SKU only; strangers settle any SKU of their order.
    `after`: the steps that settled before.
    """
    parts = "order_id" if strangers else "order_id, sku"
    done = "".join(f" union all select * from {step.table}" for step in after)  # noqa: S608 - our own
    return Step(
        table,
        "order_id text, sku text, need integer, supply_id bigint, units integer",
        f"""
with done as (
    select order_id, sku, need, sum(units) as units
    from (select '' as order_id, '' as sku, 0 as need, 0 as supply_id, 0 as units{done}) as settled
    group by order_id, sku, need
), need as (
    select order_id, sku, need, todo as units,
        sum(todo) over (partition by {parts} order by need, sku rows unbounded preceding) as upto
    from (
        select one.*, one.units - coalesce(done.units, 0) as todo
        from detect_order_need as one left join done using (order_id, sku, need)
    ) as open
    where todo > 0 and need in ({needs})
), supply as (
    select order_id, sku, supply_id, units, sum(units) over (
        partition by {parts} order by supply_id rows unbounded preceding
    ) as upto
    from detect_order_supply
    where kind = '{kind}' and is_stranger = {strangers}
)
select need.order_id, need.sku, need.need, supply.supply_id,
    least(need.upto, supply.upto) - greatest(need.upto - need.units, supply.upto - supply.units)
from need join supply using ({parts})
where need.upto - need.units < supply.upto and supply.upto - supply.units < need.upto
""",  # noqa: S608 - put together from constants
    )


# A unit that came back can be the one of a replacement, never money refunded beyond the price.
_RETURNED = _settle(
    "detect_returned", "return", needs=f"{MISSING}, {SPARE}", strangers=False, after=()
)
_RETURNED_OTHER = _settle(
    "detect_returned_other",
    "return",
    needs=f"{MISSING}, {SPARE}",
    strangers=True,
    after=(_RETURNED,),
)
_ANY = f"{MISSING}, {DAMAGED}, {UNSTOCKED}, {SPARE}, {BEYOND}"
_PAID = _settle(
    "detect_paid", "payment", needs=_ANY, strangers=False, after=(_RETURNED, _RETURNED_OTHER)
)
_PAID_OTHER = _settle(
    "detect_paid_other",
    "payment",
    needs=_ANY,
    strangers=True,
    after=(_RETURNED, _RETURNED_OTHER, _PAID),
)

_OPEN = Step(
    "detect_order_open",
    """order_id text, sku text, need integer, units integer, open integer, returned integer,
    paid integer, settled jsonb""",
    """
with settled as (
    select * from detect_returned union all select * from detect_returned_other
    union all select * from detect_paid union all select * from detect_paid_other
)
select one.order_id, one.sku, one.need, one.units, one.units - coalesce(sum(settled.units), 0),
    coalesce(sum(settled.units) filter (where kind = 'return'), 0),
    coalesce(sum(settled.units) filter (where kind = 'payment'), 0),
    coalesce(jsonb_agg(jsonb_build_object(
        'by', kind, 'reference', reference, 'units', settled.units, 'why', why
    ) order by supply_id) filter (where supply_id is not null), '[]')
from detect_order_need as one
left join settled using (order_id, sku, need)
left join detect_order_supply as supply using (supply_id)
group by one.order_id, one.sku, one.need, one.units
""",
    ("order_id, sku, need",),
)

RETURN_STEPS = (_KNOWN, _RETURNS, _RETURN_DAYS, _UNSTOCKED, _CASES, _NEEDS)
"""In this order, after the steps of recoup.claims.prepare_orders_queries."""
MADE_GOOD_STEPS = (_SUPPLIES, _RETURNED, _RETURNED_OTHER, _PAID, _PAID_OTHER, _OPEN)
"""After those, and after what recoup.claims.reversal_queries says of reversals of orders."""
