"""Reversals without a unit, and what may justify them (docs/rules.md#reimbursement_reversed)."""

from __future__ import annotations

from recoup.claims.detection.parts import Sql, settled
from recoup.claims.detection.returns import AMAZONS_DAMAGE
from recoup.claims.detection.temporary_table import TemporaryTable

# What a payment settled, and how many of its units settled nothing.
USED_PAYMENT = TemporaryTable(
    "detect_used_payment",
    """payment_id bigint, family text, fnsku text, approved_on date, units integer, first_event_on date,
    is_weak boolean""",
    """
    with used as (
        select s.payment_id, a.units, e.event_on, not e.strong as is_weak
        from detect_settler s join detect_allocation a using (settler_id)
        join detect_event e on e.event_id = a.event_id
        where s.payment_id is not null
        union all
        select t.payment_id, t.units, e.since, false
        from detect_inbound_paid t join detect_inbound_event e using (event_id)
        where e.is_owed
        union all
        select t.payment_id, t.units, e.since, false
        from detect_removal_paid t join detect_removal_event e using (event_id)
    )
    select p.payment_id, p.family, p.fnsku, p.approved_on, coalesce(sum(used.units), 0), min(used.event_on),
        coalesce(bool_and(used.is_weak), false)
    from detect_payment p
    left join used using (payment_id)
    group by p.payment_id, p.family, p.fnsku, p.approved_on
    """,
    ("payment_id", "fnsku"),
)

# Of an order a reversal is right for as many units as were made good more than once: returned and
# paid, together, beyond those refunded or replaced; and for those that came back after the payment,
# which nobody was refunded for since. Units are counted, and each excuses one reversal.
# A unit that had come back damaged by Amazon is what was paid for, and excuses nothing; one that
# came so after the payment does, as then its damage is open again.
ORDER = TemporaryTable(
    "detect_reversed_order",
    "reversal_id bigint, returned integer, right_units integer",
    f"""
    with reversal as (
        select r.reversal_id, owner.order_id, r.sku, known.sku is null as is_stranger, -r.units as units,
            r.approved_on, p.approved_on as paid_on,
            -- Where nothing tells what it was for, it takes no excuse from another.
            r.original_family is not null as is_of_order
        from detect_reversal r
        left join detect_order_link link on link.order_id = r.order_id
        cross join lateral (select coalesce(link.original_order_id, r.order_id) as order_id) owner
        left join detect_order_known known on known.order_id = owner.order_id and known.sku = r.sku
        left join detect_payment p on p.payment_id = r.original_payment_id
        where r.units < 0 and r.order_id is not null
            and coalesce(r.original_family, '') not in ('lost', 'damaged', 'inbound', 'removal')
    ), returned as (
        -- By order and SKU; where the order does not have one of the SKUs, by the order alone (docs/decisions.md#payments-for-orders).
        select r.reversal_id, sum(t.units) as units,
            coalesce(sum(t.units) filter (where t.returned_on > r.paid_on), 0) as since
        from reversal r
        join detect_return t on t.order_id = r.order_id
        left join detect_order_known known on known.order_id = t.order_id and known.sku = t.sku
        where (t.sku = r.sku or r.is_stranger or known.sku is null)
            and ({AMAZONS_DAMAGE} and t.returned_on <= r.paid_on) is not true
        group by r.reversal_id
    ), refunded as (
        select r.reversal_id, coalesce(sum(e.full_units) filter (where e.sku = r.sku), sum(e.full_units)) as units,
            coalesce(sum(e.full_units) filter (where e.event_on > r.paid_on), 0) as since
        from reversal r
        join detect_order_event e on e.order_id = r.order_id
        group by r.reversal_id
    ), ordered as (
        select r.reversal_id, coalesce(sum(i.quantity_ordered) filter (where i.sku = r.sku),
            sum(i.quantity_ordered)) as units
        from reversal r
        join order_items i on i.connection_id = :connection_id and i.order_id = r.order_id
        group by r.reversal_id
    ), payment as (
        select coalesce(link.original_order_id, p.order_id) as owner, p.sku, p.paid_units
        from detect_payment p left join detect_order_link link on link.order_id = p.order_id
        where p.order_id is not null
    ), paid as (
        select r.reversal_id, sum(p.paid_units) as units
        from reversal r
        join payment p on p.owner = r.order_id and (p.sku = r.sku or p.sku is null or r.sku is null)
        group by r.reversal_id
    ), judged as (
        select r.*, coalesce(returned.units, 0) as returned,
            case when refunded.units > 0
                then greatest(0, coalesce(returned.units, 0) + coalesce(paid.units, 0) - refunded.units,
                    returned.since - refunded.since)
                -- The refund is not known: what came back, and what was paid beyond the whole order.
                else coalesce(returned.units, 0) + greatest(0, coalesce(paid.units, 0) - coalesce(ordered.units, 1))
                end as right_of_order,
            coalesce(sum(r.units) filter (where r.is_of_order) over (
                partition by r.order_id, r.sku order by r.approved_on, r.reversal_id
                rows between unbounded preceding and 1 preceding), 0) as units_before
        from reversal r
        left join returned using (reversal_id)
        left join refunded using (reversal_id)
        left join ordered using (reversal_id)
        left join paid using (reversal_id)
    )
    select reversal_id, returned, greatest(0, least(units, right_of_order - units_before))
    from judged
    """,
    ("reversal_id",),
    reads={"order_items": ("order_id", "quantity_ordered", "sku")},
    decides={"returns": ("detailed_disposition",)},
)

# What was paid as missing on the way to Amazon or back may have come since. Where the shipments of the
# product are known, the payment then settles nothing any more. Units that came beyond every plan, or
# with a shipment that is not loaded and had begun to come before the payment, may be those as well.
CAME_SINCE = TemporaryTable(
    "detect_came_since",
    "reversal_id bigint, units integer",
    """
    with reversal as (
        select r.reversal_id, r.original_family as family, coalesce(r.fnsku, of_sku.fnsku) as fnsku,
            -r.units as units, r.approved_on, p.approved_on as paid_on, p.paid_units - u.units as unused,
            sum(-r.units) over (partition by p.payment_id order by r.approved_on, r.reversal_id) + r.units
                as before_of_payment,
            sum(-r.units) over (
                partition by coalesce(r.fnsku, of_sku.fnsku) order by r.approved_on, r.reversal_id
            ) + r.units as before_of_product
        from detect_reversal r
        join detect_payment p on p.payment_id = r.original_payment_id
        join detect_used_payment u on u.payment_id = p.payment_id
        left join (
            select sku, min(fnsku) as fnsku from detect_product group by sku
        ) as of_sku on of_sku.sku = r.sku
        where r.units < 0 and r.original_family in ('inbound', 'removal')
    ), known as (
        select r.reversal_id
        from reversal r
        join detect_inbound_item i on i.fnsku = r.fnsku
            and i.status in ('CLOSED', 'RECEIVING', 'DELIVERED', 'CHECKED_IN')
        where r.family = 'inbound' and (i.delivered_on is null
            or r.paid_on between i.delivered_on and (i.delivered_on + interval '12 months')::date)
        union
        select r.reversal_id
        from reversal r
        join detect_removal_event e on e.fnsku = r.fnsku and e.since <= r.paid_on
        where r.family = 'removal'
    ), receipt as (
        select fnsku, event_on, quantity, min(event_on) over (partition by fnsku, reference_id) as first_on
        from ledger
        where connection_id = :connection_id and event_type = 'Receipts' and event_on <= :as_of
            and fnsku in (select fnsku from reversal) and coalesce(reference_id, '') <> ''
            and reference_id not in (select shipment_id from detect_inbound_item)
    ), came as (
        select fnsku, received_on, units, null::date as first_on from detect_inbound_surplus
        union all select * from receipt
    ), late as (
        select r.reversal_id, sum(came.units) as units
        from reversal r
        join came on came.fnsku = r.fnsku and came.received_on > r.paid_on
            and came.received_on <= r.approved_on + 30 and coalesce(came.first_on <= r.paid_on, true)
        where r.family = 'inbound'
        group by r.reversal_id
    )
    select r.reversal_id, greatest(0, least(r.units, greatest(0,
        case when known.reversal_id is not null then r.unused - r.before_of_payment end,
        late.units - r.before_of_product)))
    from reversal r
    left join known using (reversal_id)
    left join late using (reversal_id)
    """,
    ("reversal_id",),
    reads={"ledger": ("event_on", "event_type", "fnsku", "quantity", "reference_id")},
)

# Units of a payment that a later row gave back to the seller, the first reversal first.
REINSTATED = TemporaryTable(
    "detect_reinstated",
    "reversal_id bigint, units integer",
    """
    with given as (
        select c.payment_id, sum(r.units) as units
        from detect_correction c join detect_reimbursement r using (row_id)
        where r.units > 0
        group by c.payment_id
    ), reversal as (
        select reversal_id, original_payment_id, -units as units, coalesce(sum(-units) over (
            partition by original_payment_id order by approved_on, reversal_id
            rows between unbounded preceding and 1 preceding), 0) as units_before
        from detect_reversal where units < 0
    )
    select r.reversal_id, greatest(0, least(r.units, given.units - r.units_before))
    from reversal r join given on given.payment_id = r.original_payment_id
    """,
    ("reversal_id",),
)

_BACK = settled(
    Sql("case e.kind when 'found' then 'find' else 'restock' end"),
    "e.reference",
    "a.units",
    Sql(
        "case e.kind when 'found' then 'found on ' else 'made sellable again on ' end"
        " || e.event_on || ': the unit is back'"
    ),
).json

REVERSED = TemporaryTable(
    "detect_reversed",
    """reversal_id bigint, units integer, found_units integer, found jsonb, returned integer,
    right_units integer, reinstated_units integer, is_double boolean, has_receipts boolean, is_weak boolean,
    possible_payment jsonb""",
    f"""
    with reversal as (
        select r.*, u.units as used_units, u.first_event_on, u.is_weak, p.approved_on as paid_on, p.paid_units
        from detect_reversal r
        left join detect_used_payment u on u.payment_id = r.original_payment_id
        left join detect_payment p on p.payment_id = r.original_payment_id
        where r.units < 0
    ), found as (
        select s.event_id as reversal_id, sum(a.units) as units,
            jsonb_agg({_BACK} order by e.event_id) as found
        from detect_settler s
        join detect_allocation a using (settler_id)
        join detect_event e on e.event_id = a.event_id
        where s.by = 'reversal'
        group by s.event_id
    ), double as (
        -- The loss that was paid is still paid by another payment, or nothing was open any more
        -- when this one came although there are losses it could have been for.
        select distinct r.reversal_id
        from reversal r
        join detect_payment other on other.fnsku = r.fnsku and other.family = r.original_family
            and other.payment_id <> r.original_payment_id and other.order_id is null
            and other.made_whole_units > 0 and abs(other.approved_on - r.paid_on) <= 120
        join detect_used_payment used on used.payment_id = other.payment_id
        where (used.units < other.paid_units and r.used_units > 0
                and r.first_event_on between other.approved_on - 120 and other.approved_on + 7)
            or (r.used_units < r.paid_units and used.units > 0
                and used.first_event_on between r.paid_on - 120 and r.paid_on + 7)
        union
        select r.reversal_id
        from reversal r
        join detect_event e on e.fnsku = r.fnsku and e.kind = r.original_family
            and e.event_on between r.paid_on - 120 and r.paid_on + 7
        where r.used_units < r.paid_units
        union
        -- The unit was damaged and then went missing or was destroyed: one unit, paid as both.
        select r.reversal_id
        from reversal r
        join detect_settler s on s.payment_id = r.original_payment_id
        join detect_allocation a using (settler_id)
        join detect_settler damage on damage.event_id = a.event_id and damage.by = 'damage'
        join detect_allocation later on later.settler_id = damage.settler_id
        join detect_payment other on other.fnsku = r.fnsku and other.family = 'lost'
            and other.made_whole_units > 0 and other.approved_on >= damage.settled_on
        join detect_used_payment used on used.payment_id = other.payment_id and used.units < other.paid_units
        where r.original_family = 'damaged'
    ), received as (
        select distinct r.reversal_id
        from reversal r
        join ledger l on l.connection_id = :connection_id and l.fnsku = r.fnsku
            and l.event_on between r.approved_on - 60 and r.approved_on + 30
            and l.event_type = 'Receipts' and l.quantity > 0 and l.event_on <= :as_of
        where r.original_family = 'inbound'
    ), possible as (
        select r.reversal_id, jsonb_agg(p.reference order by p.approved_on, p.reference) as reference
        from reversal r
        join detect_possible_payment p on p.fnsku = r.fnsku
            and p.approved_on between r.approved_on and r.approved_on + 120
        group by r.reversal_id
    )
    select r.reversal_id, -r.units, coalesce(found.units, 0), coalesce(found.found, '[]'),
        coalesce(o.returned, 0),
        coalesce(o.right_units, since.units, 0),
        coalesce(reinstated.units, 0), double.reversal_id is not null, received.reversal_id is not null,
        coalesce(r.is_weak, false), possible.reference
    from reversal r
    left join found using (reversal_id)
    left join double using (reversal_id)
    left join received using (reversal_id)
    left join possible using (reversal_id)
    left join detect_reversed_order o using (reversal_id)
    left join detect_came_since since using (reversal_id)
    left join detect_reinstated reinstated using (reversal_id)
    """,
    ("reversal_id",),
    reads={"ledger": ("event_on", "event_type", "fnsku", "quantity")},
)
