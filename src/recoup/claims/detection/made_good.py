"""Matches returns and payments to the units of an order that they make good.

detect_order_need     units of a case that something must make good, by the rule that would claim
detect_order_supply   returns and payments that can make good
detect_returned ...   who made good how many units of what, in four tables: no unit is used twice
detect_order_open     what is left of each need, and what settled the rest
detect_order_untold   payments that may be for a case, and do not say so

Order of use (docs/claims.md#allocation, docs/decisions.md#payments-for-orders): returns of the same SKU, returns of a SKU that is
none of the order's, payments of the same SKU, payments whose SKU is none of the order's. Within a case
a payment settles in the order of the needs below.
"""

from __future__ import annotations

from recoup.claims.detection.parts import Sql, settled
from recoup.claims.detection.returns import AMAZONS_DAMAGE
from recoup.claims.detection.temporary_table import EVERYTHING, TemporaryTable

MISSING, DAMAGED, SPARE, BEYOND, UNSTOCKED = 1, 2, 3, 4, 5
"""What a case may lack, the smaller number being settled first: a unit that never came back, one
that came back damaged, the second of a refund and a replacement, money refunded beyond the price, and
last, with the weakest evidence, a unit that came back and did not reach stock."""

NEEDS = TemporaryTable(
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
        coalesce(sum(units) filter (
            where {AMAZONS_DAMAGE} and is_reimbursed is not true and not is_told_again), 0) as damaged,
        coalesce(sum(units) filter (where ({AMAZONS_DAMAGE}) is not true), 0) as whole
    from detect_return join detect_order_case using (order_id, sku)
    -- As below: what came back earlier is no return of these units, and they are claimed as missing.
    where returned_on >= first_on - 30
    group by order_id, sku
) as came
where damaged > 0 and made_good > whole
union all
select order_id, sku, {UNSTOCKED}, detect_unstocked.units
from detect_unstocked left join detect_order_case using (order_id, sku)
where detect_unstocked.units > 0 and (first_on is null or returned_on >= first_on - 30)
union all
select order_id, sku, {SPARE}, replaced_beyond from detect_order_case where replaced_beyond > 0
union all
select order_id, sku, {BEYOND}, refunded_beyond from detect_order_case
where refunded_beyond > 0 and money_beyond is not null
""",
    ("order_id, sku, need",),
    # The stock ledger contains units that did not reach stock, which are settled last: what the other
    # needs are left with does not depend on them.
    optional={
        "ledger": EVERYTHING,
        "returns": ("detailed_disposition", "fulfillment_center", "status"),
    },
)

# A payment that was taken back rightly is none. One taken back wrongly stands, and the reversal is
# the claim (docs/decisions.md#reversals), also when the payment that it takes back is not loaded.
# Returns count from 30 days before the refund.
SUPPLIES = TemporaryTable(
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
    # The SKU of an order that a return or a payment under another name belongs to.
    decides={"reimbursements": ("asin",), "returns": ("asin",)},
)


def _settle(
    table: str, kind: str, *, needs: str, strangers: bool, after: tuple[TemporaryTable, ...]
) -> TemporaryTable:
    """Assigns units of the supplies to the needs in order; both are laid end to end and overlaid.

    What belongs to the same SKU settles that SKU only; strangers settle any SKU of their order.
    `after`: the tables that settled before.
    """
    parts = "order_id" if strangers else "order_id, sku"
    done = "".join(f" union all select * from {table.name}" for table in after)
    return TemporaryTable(
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
""",
    )


# A unit that came back can be the one of a replacement, never money refunded beyond the price.
RETURNED = _settle(
    "detect_returned", "return", needs=f"{MISSING}, {SPARE}", strangers=False, after=()
)

RETURNED_OTHER = _settle(
    "detect_returned_other",
    "return",
    needs=f"{MISSING}, {SPARE}",
    strangers=True,
    after=(RETURNED,),
)

_ANY = f"{MISSING}, {DAMAGED}, {UNSTOCKED}, {SPARE}, {BEYOND}"

PAID = _settle(
    "detect_paid", "payment", needs=_ANY, strangers=False, after=(RETURNED, RETURNED_OTHER)
)

PAID_OTHER = _settle(
    "detect_paid_other",
    "payment",
    needs=_ANY,
    strangers=True,
    after=(RETURNED, RETURNED_OTHER, PAID),
)

_SETTLED = settled(Sql("kind"), "reference", "settled.units", Sql("why")).json

OPEN = TemporaryTable(
    "detect_order_open",
    """order_id text, sku text, need integer, units integer, open integer, returned integer,
    paid integer, settled jsonb""",
    f"""
with settled as (
    select * from detect_returned union all select * from detect_returned_other
    union all select * from detect_paid union all select * from detect_paid_other
)
select one.order_id, one.sku, one.need, one.units, one.units - coalesce(sum(settled.units), 0),
    coalesce(sum(settled.units) filter (where kind = 'return'), 0),
    coalesce(sum(settled.units) filter (where kind = 'payment'), 0),
    coalesce(jsonb_agg({_SETTLED} order by supply_id) filter (where supply_id is not null), '[]')
from detect_order_need as one
left join settled using (order_id, sku, need)
left join detect_order_supply as supply using (supply_id)
group by one.order_id, one.sku, one.need, one.units
""",
    ("order_id, sku, need",),
)

# Payments that may be for a unit of an order, and lack necessary details: of which order, for
# how many units, for what.
UNTOLD = TemporaryTable(
    "detect_order_untold",
    "order_id text, sku text, why text",
    """
with of_order as (
    select coalesce(link.original_order_id, p.order_id) as order_id, p.why
    from detect_untold_payment as p left join detect_order_link as link using (order_id)
    where p.order_id is not null
), of_product as (
    select c.order_id, c.sku, p.why
    from detect_order_case as c
    join detect_untold_payment as p on p.order_id is null and p.family in ('return', 'outbound', 'untold')
        and p.approved_on between c.first_on and c.first_on + 120
        and (p.fnsku = c.fnsku or p.sku = c.sku or p.is_nameless)
)
select order_id, sku, min(why)
from (
    select c.order_id, c.sku, of_order.why from of_order join detect_order_case as c using (order_id)
    union all select * from of_product
) as found
group by order_id, sku
""",
    ("order_id, sku",),
)
