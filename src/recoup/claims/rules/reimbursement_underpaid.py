"""Payments below what a unit is worth.

Source: facts 1.5 and 5 R17, decision 20 (5 % tolerance). Units lost before an order are compared
with the sourcing cost of the day of the loss: the ledger's day, the delivery of the shipment, the
day of the removal's parcel. Where no loss is known that the payment is for, with the lowest cost of
the days on which it may have been: 120, a year for shipments (facts 4.4; ours). Units of orders are compared with price less fees,
where they were refunded or replaced whole: of a price concession Amazon owes no more.
What was paid later for the same reimbursement, or for the seller's case about it, is part of it; other
money that came later and may be the difference makes it a case for review (decision 13).
"""

from __future__ import annotations

from recoup.claims.rule import ClaimType, Rule, Value, Window

RULE = Rule(
    type=ClaimType.REIMBURSEMENT_UNDERPAID,
    title="Reimbursement below the value",
    source="facts R17, T18",
    reads=(
        "reimbursements",
        "ledger",
        "shipments",
        "shipment_items",
        "removals",
        "removal_shipments",
    ),
    window=Window.REIMBURSEMENT_VALUE_DISPUTE,
    value=Value.OWN,
    version=2,
    documents=(
        "Row of the reimbursement",
        "Supplier invoice for the sourcing cost, or the order's payment for its price",
        "Screenshot of the sourcing cost that Amazon approved",
    ),
    sql="""
    with added as (
        select c.payment_id, sum(r.amount) as amount, jsonb_agg(r.reference order by r.row_id) as rows,
            jsonb_agg(jsonb_build_object('by', 'payment', 'reference', r.reference, 'units', 0,
                'why', r.amount || ' more paid on ' || r.approved_on) order by r.row_id) as settled
        from detect_correction c join detect_reimbursement r using (row_id)
        where r.amount > 0
        group by c.payment_id
    ), settled as (
        select s.payment_id, e.event_on
        from detect_allocation a
        join detect_settler s using (settler_id)
        join detect_event e on e.event_id = a.event_id
        where s.payment_id is not null
        union all
        select t.payment_id, s.event_on
        from detect_inbound_paid t
        join detect_inbound_event e using (event_id)
        join detect_inbound_shipment s using (shipment_id)
        union all
        select t.payment_id, e.since
        from detect_removal_paid t
        join detect_removal_event e using (event_id)
    ), lost as (
        select payment_id, min(event_on) as first_on, max(event_on) as last_on from settled group by payment_id
    ), payment as (
        -- All lines of a payment for a product: what was added later stands on the first of them.
        select min(p.payment_id) as payment_id, p.reimbursement_id, p.fnsku, p.sku, p.family, p.order_id, p.currency,
            min(p.asin) as asin, min(p.approved_on) as approved_on, sum(p.cash_units) as cash_units,
            greatest(sum(p.amount), sum(p.amount_per_unit * p.cash_units)) / sum(p.cash_units) as paid_per_unit,
            greatest(sum(p.amount - coalesce(added.amount, 0)), sum(p.amount_per_unit * p.cash_units))
                / sum(p.cash_units) as paid_at_first,
            coalesce(jsonb_agg(added.settled) filter (where added.settled is not null) -> 0, '[]') as added,
            jsonb_agg(p.reference order by p.payment_id)
                || coalesce(jsonb_agg(added.rows) filter (where added.rows is not null) -> 0, '[]') as rows,
            min(lost.first_on) as lost_on,
            coalesce(min(lost.first_on), min(p.approved_on)
                - case p.family when 'inbound' then 365 else 120 end) as lost_from,
            coalesce(max(lost.last_on), min(p.approved_on)) as lost_until
        from detect_payment p
        left join added using (payment_id)
        left join lost using (payment_id)
        where p.cash_units > 0 and p.amount > 0
        group by p.reimbursement_id, p.fnsku, p.sku, p.family, p.order_id, p.currency
    ), possible as (
        -- Money that came later and may be the difference: of unknown purpose, or for no further unit.
        select payment.payment_id, jsonb_agg(r.reference order by r.row_id) as rows
        from payment
        join detect_reimbursement r on r.is_payment and r.amount > 0 and r.currency = payment.currency
            and r.reimbursement_id <> payment.reimbursement_id
            and r.approved_on between payment.approved_on and payment.approved_on + 120
            and (r.family in ('general', 'unknown') or (r.units = 0 and r.family = payment.family))
            and case when payment.order_id is not null then r.order_id = payment.order_id
                else r.order_id is null and (r.fnsku = payment.fnsku
                    or (r.fnsku is null and r.sku = payment.sku)) end
        where r.row_id not in (select row_id from detect_correction)
        group by payment.payment_id
    ), cost as (
        select payment.payment_id, 1 as choice, c.cost, c.valid_from, c.valid_to
        from payment join detect_cost c on c.fnsku = payment.fnsku and c.currency = payment.currency
        union all
        select payment.payment_id, 2, c.cost, c.valid_from, c.valid_to
        from payment join detect_cost c on c.sku = payment.sku and c.currency = payment.currency
    ), least_cost as (
        select distinct on (payment.payment_id) payment.payment_id, min(cost.cost) as cost,
            (array_agg(cost.valid_from order by cost.cost, cost.valid_from))[1] as valid_from
        from payment join cost using (payment_id)
        where cost.valid_from <= lost_until and cost.valid_to > lost_from
        group by payment.payment_id, cost.choice, lost_on, approved_on
        having min(cost.valid_from) <= coalesce(lost_on, approved_on)
        order by payment.payment_id, cost.choice
    ), worth as (
        select payment.*, c.cost as each, 'sourcing cost' as basis, c.valid_from
        from payment join least_cost c using (payment_id)
        where family in ('lost', 'damaged', 'inbound', 'removal')
            and approved_on >= (select sourcing_cost_since from detect_value)
        union all
        select payment.*, o.unit_value, 'price without tax less the fees of the order', null
        from payment
        join detect_order_sku o on o.order_id = payment.order_id and o.sku = payment.sku
            and o.currency = payment.currency
        join detect_order_case whole on whole.order_id = o.order_id and whole.sku = o.sku
            and whole.made_good >= payment.cash_units
        where family in ('return', 'outbound') and o.unit_value > 0
    ), judged as (
        select worth.*, possible.rows as possible, home.marketplace_id, least(each, cap.per_unit) as due,
            paid_per_unit < least(each, cap.per_unit) * 0.95 as is_open
        from worth
        left join possible using (payment_id)
        left join detect_cap cap using (currency)
        left join (
            select distinct on (currency) currency, marketplace_id from detect_marketplace
            order by currency, position
        ) home using (currency)
    )
    select jsonb_strip_nulls(jsonb_build_object('reimbursementId', reimbursement_id, 'fnsku', fnsku, 'sku', sku))
            as key,
        min(marketplace_id) as marketplace_id, sku, fnsku, min(asin) as asin, min(order_id) as order_id,
        sum(cash_units) as units, coalesce(sum(cash_units) filter (where is_open), 0) as quantity,
        case when bool_or(is_open) then jsonb_agg(added) -> 0
            else jsonb_set(jsonb_agg(added) -> 0, '{0,units}', to_jsonb(sum(cash_units))) end as settled,
        min(approved_on) as event_on, min(approved_on) as clock_on, null as wait_until,
        coalesce(round(sum((due - paid_per_unit) * cash_units) filter (where is_open), 2), 0) as amount,
        min(currency) as currency,
        min(basis) || ' less what was paid: ' || min(due) || ' - ' || round(min(paid_per_unit), 2) || ' '
            || min(currency) || ' x ' || sum(cash_units) as amount_basis, null as amount_missing,
        case when bool_or(possible is not null) then 0.3 else 0.5 end as confidence,
        jsonb_build_array(jsonb_build_object('part', 'below the value', 'change', 0.5, 'why',
            'whether Amazon has approved this value is told by no source: look at the portal'))
            || case when bool_or(possible is not null) then jsonb_build_array(jsonb_build_object(
                'part', 'possible payment', 'change', -0.2, 'why',
                'a later payment may be the difference: needs review')) else '[]' end as confidence_parts,
        null as suppressed,
        'Reimbursement ' || reimbursement_id || ' paid ' || round(min(paid_per_unit), 2) || ' ' || min(currency)
            || ' per unit on ' || min(approved_on) || '; a unit was worth ' || min(due) || ' ('
            || min(basis) || ').' as reason,
        jsonb_build_object('rows', jsonb_agg(rows) -> 0, 'numbers', jsonb_build_object(
                'paid_per_unit', min(paid_per_unit)::text, 'worth_per_unit', min(due)::text,
                'cash_units', sum(cash_units), 'cost_valid_from', min(valid_from), 'lost_on', min(lost_on)),
            'possible_payments', coalesce(jsonb_agg(possible) filter (where possible is not null) -> 0, '[]'),
            'notes', case when bool_or(valid_from is not null and lost_on is null) then jsonb_build_array(
                'No loss is known that this pays: the lowest cost of the days on which it may have been is compared.')
                else '[]' end) as evidence
    from judged
    where paid_at_first < due * 0.95
    group by reimbursement_id, fnsku, sku
    """,
)
