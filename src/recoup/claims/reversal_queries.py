"""Reversals without a unit, and what may make each of them right (facts R16)."""

from __future__ import annotations

from recoup.claims.step_queries import Step

# What a payment settled, and how many of its units settled nothing.
_USED_PAYMENT = Step(
    "detect_used_payment",
    "payment_id bigint, family text, fnsku text, approved_on date, units integer, first_event_on date",
    """
    select p.payment_id, p.family, p.fnsku, p.approved_on, coalesce(sum(a.units), 0), min(e.event_on)
    from detect_payment p
    left join detect_settler s using (payment_id)
    left join detect_allocation a using (settler_id)
    left join detect_event e on e.event_id = a.event_id
    group by p.payment_id, p.family, p.fnsku, p.approved_on
    """,
    ("payment_id", "fnsku"),
)

# Of an order a reversal is right for as many units as were made good more than once: returned and
# paid, together, beyond those refunded or replaced. Units are counted, and each excuses one reversal.
_ORDER = Step(
    "detect_reversed_order",
    "reversal_id bigint, returned integer, right_units integer",
    """
    with reversal as (
        select reversal_id, order_id, sku, -units as units, approved_on
        from detect_reversal where units < 0 and order_id is not null
    ), returned as (
        -- By order and SKU; by the order alone when no return of it has that SKU (decision 14).
        select r.reversal_id, coalesce(sum(t.quantity) filter (where t.sku = r.sku), sum(t.quantity)) as units
        from reversal r
        join returns t on t.connection_id = :connection_id and t.order_id = r.order_id
            and t.returned_at < cast(:as_of as date) + interval '2 days'
        group by r.reversal_id
    ), refunded as (
        select r.reversal_id, coalesce(sum(e.full_units) filter (where e.sku = r.sku), sum(e.full_units)) as units
        from reversal r
        join detect_order_event e on e.order_id = r.order_id
        group by r.reversal_id
    ), ordered as (
        select r.reversal_id, coalesce(sum(i.quantity_ordered) filter (where i.sku = r.sku),
            sum(i.quantity_ordered)) as units
        from reversal r
        join order_items i on i.connection_id = :connection_id and i.order_id = r.order_id
        group by r.reversal_id
    ), paid as (
        select r.reversal_id, sum(p.paid_units) as units
        from reversal r
        join detect_payment p on p.order_id = r.order_id and (p.sku = r.sku or p.sku is null or r.sku is null)
        group by r.reversal_id
    ), judged as (
        select r.*, coalesce(returned.units, 0) as returned,
            case when refunded.units > 0
                then greatest(0, coalesce(returned.units, 0) + coalesce(paid.units, 0) - refunded.units)
                -- The refund is not known: what came back, and what was paid beyond the whole order.
                else coalesce(returned.units, 0) + greatest(0, coalesce(paid.units, 0) - coalesce(ordered.units, 1))
                end as right_of_order,
            coalesce(sum(r.units) over (
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
)

# Units of a payment that a later row gave back to the seller, the first reversal first.
_REINSTATED = Step(
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

_REVERSED = Step(
    "detect_reversed",
    """reversal_id bigint, units integer, found_units integer, found jsonb, returned integer,
    right_units integer, reinstated_units integer, is_double boolean, has_receipts boolean, possible_payment jsonb""",
    """
    with reversal as (
        select r.*, u.units as used_units, u.first_event_on, p.approved_on as paid_on, p.paid_units
        from detect_reversal r
        left join detect_used_payment u on u.payment_id = r.original_payment_id
        left join detect_payment p on p.payment_id = r.original_payment_id
        where r.units < 0
    ), found as (
        select s.event_id as reversal_id, sum(a.units) as units,
            jsonb_agg(jsonb_build_object('by', 'find', 'reference', e.reference, 'units', a.units,
                'why', 'found on ' || e.event_on || ': the unit is back') order by e.event_id) as found
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
        case when r.original_family in ('return', 'outbound') then coalesce(o.right_units, 0) else 0 end,
        coalesce(reinstated.units, 0), double.reversal_id is not null, received.reversal_id is not null,
        possible.reference
    from reversal r
    left join found using (reversal_id)
    left join double using (reversal_id)
    left join received using (reversal_id)
    left join possible using (reversal_id)
    left join detect_reversed_order o using (reversal_id)
    left join detect_reinstated reinstated using (reversal_id)
    """,
    ("reversal_id",),
)

REVERSAL_STEPS = (_USED_PAYMENT, _ORDER, _REINSTATED, _REVERSED)
