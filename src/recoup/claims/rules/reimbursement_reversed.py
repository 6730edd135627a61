"""Payments that Amazon took back although the unit did not come back.

Source: facts 4.3 and 5 R16, decisions 7 and 9. A reversal is right when the unit was found, returned,
received or made sellable again, or when the same event was paid twice. A unit that came back damaged
by Amazon before it was paid excuses none; after that the damage is claimed, not the reversal. One whose original is not loaded is never a claim.
"""

from __future__ import annotations

from recoup.claims.rule import ClaimType, Rule, Value, Window

RULE = Rule(
    type=ClaimType.REIMBURSEMENT_REVERSED,
    title="Reimbursement taken back wrongly",
    source="facts R16, T17",
    reads=("reimbursements", "ledger", "returns", "shipments", "shipment_items"),
    window=Window.REIMBURSEMENT_VALUE_DISPUTE,
    value=Value.OWN,
    version=2,
    documents=(
        "Row of the reversal and row of the original reimbursement",
        "Ledger extract that shows that no unit came back",
    ),
    sql="""
    with counted as (
        -- No more than were paid: rows that take back more contradict their original.
        select r.*, p.reference as original, p.reason as original_reason, p.approved_on as original_on,
            least(-r.units, coalesce(p.paid_units, -r.units)) as units_back
        from detect_reversal r
        left join detect_payment p on p.payment_id = r.original_payment_id
    ), settled as (
        select r.*, v.found_units, v.found, v.returned, v.is_double, v.has_receipts, v.is_weak, v.possible_payment,
            found_back, right_back, reinstated_back
        from counted r
        join detect_reversed v using (reversal_id)
        cross join lateral (select least(v.found_units, units_back) as found_back) f
        cross join lateral (select least(v.right_units, units_back - found_back) as right_back) o
        cross join lateral (
            select least(v.reinstated_units, units_back - found_back - right_back) as reinstated_back) p
    ), judged as (
        select r.*,
            r.units_back - r.found_back - r.right_back - r.reinstated_back as open_units,
            m.marketplace_id,
            jsonb_build_array(jsonb_build_object('part', 'no unit came back', 'change', 0.6, 'why',
                'no find, no return and no second payment explains the reversal'))
            || case when not r.has_receipts then '[]' else jsonb_build_array(jsonb_build_object(
                'part', 'units were received', 'change', -0.2, 'why',
                'units of this FNSKU were received near the reversal: check whether they are these')) end
            || case when not r.is_weak then '[]' else jsonb_build_array(jsonb_build_object(
                'part', 'not sellable', 'change', -0.2, 'why',
                'the units that were paid had been unsellable before: the payment may have been an error')) end
            || case when r.original_family in ('lost', 'damaged', 'inbound', 'return', 'outbound', 'removal')
                then '[]' else jsonb_build_array(jsonb_build_object('part', 'unclear original', 'change', -0.2,
                'why', 'it is not known what the original payment was for')) end
            || case when r.possible_payment is null then '[]' else jsonb_build_array(jsonb_build_object(
                'part', 'possible payment', 'change', -0.2, 'why',
                'a later payment of unknown purpose may be for this: needs review')) end as parts
        from settled r
        left join (
            select distinct on (currency) currency, marketplace_id from detect_marketplace
            order by currency, position
        ) m on m.currency = r.currency
    )
    select jsonb_strip_nulls(jsonb_build_object('reimbursementId', reimbursement_id,
            'originalReimbursementId', original_reimbursement_id, 'fnsku', min(fnsku), 'sku', min(sku))) as key,
        min(marketplace_id) as marketplace_id, min(sku) as sku, min(fnsku) as fnsku, min(asin) as asin,
        min(order_id) as order_id, sum(units_back) as units, sum(open_units) as quantity,
        coalesce(jsonb_path_query_array(jsonb_agg(found), '$[*][*]'), '[]')
            || case when sum(right_back) > 0 and min(original_family) in ('inbound', 'removal')
                then jsonb_build_array(jsonb_build_object(
                'by', 'arrival', 'reference', original_reimbursement_id, 'units', sum(right_back), 'why',
                'what was paid as missing on its way has come since'))
                when sum(right_back) > 0 then jsonb_build_array(jsonb_build_object('by', 'order',
                'reference', min(order_id), 'units', sum(right_back), 'why',
                'returned and paid together are more units than were refunded: so many were taken back rightly'))
                else '[]' end
            || case when sum(reinstated_back) > 0 then jsonb_build_array(jsonb_build_object('by', 'payment',
                'reference', original_reimbursement_id, 'units', sum(reinstated_back), 'why', 'paid again later'))
                else '[]' end as settled,
        min(approved_on) as event_on, min(approved_on) as clock_on, null as wait_until,
        -- Of units that were paid in cash, some may have been given back: those are not owed.
        case when bool_and(amount < 0 and currency <> '') then
            round(sum(-amount * open_units / greatest(-cash_units, units_back)), 2) end as amount,
        min(currency) as currency,
        'amount that was taken back' as amount_basis,
        case when bool_and(amount < 0 and currency <> '') then null
            else 'The reversal shows no amount that was taken back.' end as amount_missing,
        min((select sum((part ->> 'change')::numeric) from jsonb_array_elements(parts) as part)) as confidence,
        min(parts::text)::jsonb as confidence_parts,
        case
            when bool_or(original is null) then 'The original reimbursement is not loaded, so it cannot be judged.'
            when bool_and(right_back >= units_back)
                then 'The unit came, or was paid for another time, so the reversal is right.'
            when bool_or(is_double) then 'The same event was paid another time, so the reversal is right.'
        end as suppressed,
        'Reimbursement ' || coalesce(original_reimbursement_id, '(not told)') || coalesce(' of ' || min(original_on)
            || ' (' || min(original_reason) || ')', '') || ' was taken back on ' || min(approved_on) || ': '
            || sum(units_back) || ' paid in cash, ' || sum(found_units) || ' found since, '
            || sum(open_units) || ' open.' as reason,
        jsonb_build_object('rows', jsonb_agg(reference) || coalesce(jsonb_agg(original) filter (
                where original is not null), '[]'),
            'numbers', jsonb_build_object('reversed', sum(units_back), 'found', sum(found_units),
                'returned', max(returned), 'amount', sum(amount)::text),
            'notes', jsonb_build_array('Finds (codes F and N) from 60 days before to 30 days after the reversal '
                || 'that end no other loss were looked for.')) as evidence
    from judged
    group by reimbursement_id, original_reimbursement_id, coalesce(fnsku, ''), coalesce(sku, '')
    """,
)
