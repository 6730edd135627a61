"""Payments below what a unit is worth.

Source: facts 1.5 and 5 R17, decision 20 (5 % tolerance). Units lost before an order are compared
with the sourcing cost of the day of the loss, units of orders with price less fees.
"""

from __future__ import annotations

from recoup.claims.rule import ClaimType, Rule, Value, Window

RULE = Rule(
    type=ClaimType.REIMBURSEMENT_UNDERPAID,
    title="Reimbursement below the value",
    source="facts R17, T18",
    reads=("reimbursements", "ledger"),
    window=Window.REIMBURSEMENT_VALUE_DISPUTE,
    value=Value.OWN,
    version=1,
    documents=(
        "Row of the reimbursement",
        "Supplier invoice for the sourcing cost, or the order's payment for its price",
        "Screenshot of the sourcing cost that Amazon approved",
    ),
    sql="""
    with payment as (
        select p.*, coalesce(u.first_event_on, p.approved_on) as lost_on,
            greatest(p.amount_per_unit, p.amount / nullif(p.cash_units, 0)) as paid_per_unit,
            m.marketplace_id
        from detect_payment p
        join detect_used_payment u using (payment_id)
        left join (
            select distinct on (currency) currency, marketplace_id from detect_marketplace
            order by currency, position
        ) m on m.currency = p.currency
        where p.cash_units > 0 and p.amount > 0
    ), worth as (
        select payment.*, coalesce(by_fnsku.cost, by_sku.cost) as each, 'sourcing cost' as basis,
            coalesce(by_fnsku.valid_from, by_sku.valid_from) as valid_from
        from payment
        left join detect_cost by_fnsku on by_fnsku.fnsku = payment.fnsku and by_fnsku.currency = payment.currency
            and payment.lost_on >= by_fnsku.valid_from and payment.lost_on < by_fnsku.valid_to
        left join detect_cost by_sku on by_sku.sku = payment.sku and by_sku.currency = payment.currency
            and payment.lost_on >= by_sku.valid_from and payment.lost_on < by_sku.valid_to
        where family in ('lost', 'damaged', 'inbound', 'removal')
            and approved_on >= (select sourcing_cost_since from detect_value)
        union all
        select payment.*, o.unit_value, 'price without tax less the fees of the order', null
        from payment
        join detect_order_sku o on o.order_id = payment.order_id and o.sku = payment.sku
            and o.currency = payment.currency
        where family in ('return', 'outbound') and o.unit_value > 0
    ), judged as (
        select worth.*, least(each, cap.per_unit) as due
        from worth left join detect_cap cap using (currency)
        where each is not null
    )
    select jsonb_strip_nulls(jsonb_build_object('reimbursementId', reimbursement_id, 'fnsku', fnsku, 'sku', sku))
            as key,
        min(marketplace_id) as marketplace_id, sku, fnsku, min(asin) as asin, min(order_id) as order_id,
        sum(cash_units) as units, sum(cash_units) as quantity, '[]'::jsonb as settled,
        min(approved_on) as event_on, min(approved_on) as clock_on, null as wait_until,
        round(sum((due - paid_per_unit) * cash_units), 2) as amount, min(currency) as currency,
        min(basis) || ' less what was paid: ' || min(due) || ' - ' || round(min(paid_per_unit), 2) || ' '
            || min(currency) || ' x ' || sum(cash_units) as amount_basis, null as amount_missing,
        0.5 as confidence,
        jsonb_build_array(jsonb_build_object('part', 'below the value', 'change', 0.5, 'why',
            'whether Amazon has approved this value is told by no source: look at the portal')) as confidence_parts,
        null as suppressed,
        'Reimbursement ' || reimbursement_id || ' paid ' || round(min(paid_per_unit), 2) || ' ' || min(currency)
            || ' per unit on ' || min(approved_on) || '; a unit was worth ' || min(due) || ' ('
            || min(basis) || ').' as reason,
        jsonb_build_object('rows', jsonb_agg(reference order by payment_id), 'numbers', jsonb_build_object(
                'paid_per_unit', min(paid_per_unit)::text, 'worth_per_unit', min(due)::text,
                'cash_units', sum(cash_units), 'cost_valid_from', min(valid_from), 'lost_on', min(lost_on)),
            'notes', '[]'::jsonb) as evidence
    from judged
    where paid_per_unit < due * 0.95
    group by reimbursement_id, fnsku, sku
    """,
)
