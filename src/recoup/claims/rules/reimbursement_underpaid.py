"""Payments below the value of a unit.

Source: docs/rules.md#reimbursement_underpaid (5 % tolerance: docs/decisions.md#tolerance). Units lost before an order are compared
with the sourcing cost of the day of the loss: the ledger's day, the delivery of the shipment, the
day of the removal's parcel. A cost that Amazon has approved by then counts before the seller's own
(docs/claims.md#sourcing-costs). Where no loss is known that the payment is for, with the lowest cost of
the days on which it may have been: 120, a year for shipments (docs/claims.md#allocation; ours). Units of orders are compared with price less fees,
where they were refunded or replaced whole: of a price concession Amazon owes no more.
What was paid later for the same reimbursement, or for the seller's case about it, is part of it; other
money that came later and may be the difference makes it a case for review (docs/decisions.md#possible-payments).
"""

from __future__ import annotations

from recoup.claims.detection.parts import Sql, list_of, part, settled
from recoup.claims.detection.temporary_table import MONEY_OF_PAYMENTS, all_of
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(
    part(
        "below the value",
        0.5,
        "paid below the value: check in Seller Central whether Amazon has approved your cost",
    ),
    part(
        "approved by Amazon",
        0.35,
        "Amazon's own workbook names this cost as approved on the day",
        when="bool_or(is_approved)",
    ),
    part(
        "possible payment",
        -0.2,
        "a later payment may be the difference: needs review",
        when="bool_or(possible is not null)",
    ),
)

_ADDED = settled(
    "payment", "r.reference", "0", Sql("r.amount || ' more paid on ' || r.approved_on")
)

RULE = Rule(
    type=ClaimType.REIMBURSEMENT_UNDERPAID,
    title="Reimbursement below the value",
    source="docs/rules.md#reimbursement_underpaid",
    window=PolicyWindow.REIMBURSEMENT_VALUE_DISPUTE,
    value=Value.OWN,
    version=3,
    sql=f"""
    with added as (
        select c.payment_id, sum(r.amount) as amount, jsonb_agg(r.reference order by r.row_id) as rows,
            jsonb_agg({_ADDED.json} order by r.row_id) as settled
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
            -- A line that does not tell its money leaves all of the payment unknown.
            case when bool_and(r.is_amount_told) then
                greatest(sum(p.amount), sum(p.amount_per_unit * p.cash_units)) / sum(p.cash_units) end as paid_per_unit,
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
        join detect_reimbursement r on r.row_id = p.payment_id
        left join added using (payment_id)
        left join lost using (payment_id)
        where p.cash_units > 0 and (p.amount > 0 or not r.is_amount_told)
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
        -- What Amazon has approved is what it pays by, whatever the seller has entered.
        select payment.payment_id, 0 as choice, c.cost, c.valid_from, c.valid_to
        from payment join detect_approved_cost c on c.fnsku = payment.fnsku and c.currency = payment.currency
        union all
        select payment.payment_id, 1 as choice, c.cost, c.valid_from, c.valid_to
        from payment join detect_cost c on c.fnsku = payment.fnsku and c.currency = payment.currency
        union all
        select payment.payment_id, 2, c.cost, c.valid_from, c.valid_to
        from payment join detect_cost c on c.sku = payment.sku and c.currency = payment.currency
    ), least_cost as (
        select distinct on (payment.payment_id) payment.payment_id, min(cost.cost) as cost, cost.choice,
            (array_agg(cost.valid_from order by cost.cost, cost.valid_from))[1] as valid_from
        from payment join cost using (payment_id)
        where cost.valid_from <= lost_until and cost.valid_to > lost_from
        group by payment.payment_id, cost.choice, lost_on, approved_on
        having min(cost.valid_from) <= coalesce(lost_on, approved_on)
        order by payment.payment_id, cost.choice
    ), worth as (
        select payment.*, c.cost as each,
            case when c.choice = 0 then 'cost that Amazon approved' else 'sourcing cost' end as basis,
            c.valid_from, false as is_capped, c.choice = 0 as is_approved
        from payment join least_cost c using (payment_id)
        where family in ('lost', 'damaged', 'inbound', 'removal')
            and approved_on >= (select sourcing_cost_since from detect_value)
        union all
        select payment.*, o.unit_value, 'price without tax less the fees of the order', null, o.is_capped, false
        from payment
        join detect_order_sku o on o.order_id = payment.order_id and o.sku = payment.sku
            and o.currency = payment.currency
        join detect_order_case whole on whole.order_id = o.order_id and whole.sku = o.sku
            and whole.made_good >= payment.cash_units
        where family in ('return', 'outbound') and o.unit_value > 0
    ), judged as (
        select worth.*, possible.rows as possible, home.marketplace_id, each_due.due,
            is_capped or each > each_due.due as is_capped_due, paid_per_unit < each_due.due * 0.95 as is_open
        from worth
        left join possible using (payment_id)
        left join detect_cap cap using (currency)
        -- What is not known is worth no cap.
        cross join lateral (
            select case when each > cap.per_unit then cap.per_unit else each end as due) as each_due
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
            else jsonb_set(jsonb_agg(added) -> 0, '{{0,units}}', to_jsonb(sum(cash_units))) end as settled,
        min(approved_on) as event_on, min(approved_on) as clock_on, null as wait_until,
        coalesce(round(sum((due - paid_per_unit) * cash_units) filter (where is_open), 2), 0) as amount,
        min(currency) as currency,
        min(basis) || ' less what was paid: ' || min(due) || ' ' || min(currency) || ' - ' || round(min(paid_per_unit), 2) || ' '
            || min(currency) || ' x ' || sum(cash_units)
            || case when bool_or(is_capped_due) then ', capped at the maximum that Amazon pays per unit' else '' end
            as amount_basis, null as amount_missing,
        {_SURE} as confidence_parts,
        null as suppressed,
        'Reimbursement ' || reimbursement_id || ' paid ' || round(min(paid_per_unit), 2) || ' ' || min(currency)
            || ' per unit on ' || min(approved_on) || '; a unit was worth ' || min(due) || ' ' || min(currency) || ' ('
            || min(basis) || ').' as reason,
        jsonb_build_object('rows', jsonb_agg(rows) -> 0, 'numbers', jsonb_build_object(
                'paid_per_unit', trim_scale(round(min(paid_per_unit), 4))::text, 'worth_per_unit', min(due)::text,
                'cash_units', sum(cash_units), 'cost_valid_from', min(valid_from), 'lost_on', min(lost_on)),
            'possible_payments', coalesce(jsonb_agg(possible) filter (where possible is not null) -> 0, '[]'),
            'notes', jsonb_build_array(
                'Amazon accepts this only through its Reimbursement Revaluation tool: do not open a case.')
            || case when bool_or(valid_from is not null and lost_on is null) then jsonb_build_array(
                'The loss that this payment is for is not known: it is compared with the lowest cost of all possible days.')
                else '[]' end) as evidence
    from judged
    where paid_at_first < due * 0.95 and paid_per_unit is not null
    group by reimbursement_id, fnsku, sku
    """,
    # They contain sales that the transactions lack; without a sale an order has no value.
    optional=all_of("settlement_lines"),
    decides={"reimbursements": MONEY_OF_PAYMENTS},
)
