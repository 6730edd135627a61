"""Units that the fulfillment center damaged and that were neither paid nor made sellable again.

Source: facts 5 R2, decision 11. Codes E and 6 are strong; 7, H, K and U move units that were
unsellable before and are listed with a low confidence. Finds do not offset a damage. What a carrier had
damaged before it came, and code 6 then moves, is the event of its shipment or its return: whether
that carrier was Amazon's is known there (facts 1.1), and no unit is in two claims (decision 8).
"""

from __future__ import annotations

from recoup.claims.rule import ClaimType, Rule, Value, Window

RULE = Rule(
    type=ClaimType.DAMAGED_IN_WAREHOUSE,
    title="Damaged in the warehouse",
    source="facts R2, T2",
    reads=("ledger", "reimbursements", "returns"),
    window=Window.FC_DAMAGED,
    value=Value.SOURCING_COST,
    version=2,
    documents=(
        "Ledger row: reference id, date, FNSKU, fulfillment center, quantity, reason",
        "Supplier invoice that covers the units (when the value is disputed)",
    ),
    sql="""
    with counted as (
        select i.*, least(coalesce(unreconciled, open_units), open_units) as quantity
        from detect_incident i where kind = 'damaged'
    ), judged as (
        select counted.*,
            jsonb_build_array(case
                when not strong then jsonb_build_object('part', 'weak code', 'change', 0.35, 'why',
                    'code ' || codes || ' of units that were unsellable before: often not payable')
                when codes = 'E' then jsonb_build_object('part', 'damaged by Amazon', 'change', 0.85, 'why',
                    'code E: damaged at the fulfillment center')
                else jsonb_build_object('part', 'damaged by a carrier', 'change', 0.7, 'why',
                    'code ' || codes || ': damaged at the fulfillment center or on the way to it') end)
            || case when not is_booked_as_lost then '[]' else jsonb_build_array(jsonb_build_object(
                'part', 'booked twice', 'change', -0.4, 'why',
                'the same units were booked as missing on the same day: review')) end as parts
        from counted
    ), weighed as (
        select judged.*, parts || case when possible_payment is null then '[]'
            else jsonb_build_array(jsonb_build_object('part', 'possible payment',
                'change', greatest(-(select sum((part ->> 'change')::numeric)
                        from jsonb_array_elements(parts) as part),
                    least(-0.2, 0.45 - (select sum((part ->> 'change')::numeric)
                        from jsonb_array_elements(parts) as part))),
                'why', 'a payment of unknown purpose may be for these units: needs review')) end as all_parts
        from judged
    )
    select key, marketplace_id, sku, fnsku, asin, null as order_id, units, quantity,
        settled || case when quantity = open_units then '[]' else jsonb_build_array(jsonb_build_object(
            'by', 'reconciled', 'reference', rows, 'units', open_units - quantity,
            'why', 'Amazon''s ledger calls these units reconciled')) end as settled,
        event_on, event_on as clock_on, event_on + 30 as wait_until,
        null as amount, null as currency, null as amount_basis, null as amount_missing,
        greatest(0, (select sum((part ->> 'change')::numeric) from jsonb_array_elements(all_parts) as part))
            as confidence,
        all_parts as confidence_parts, suppressed,
        units || ' of FNSKU ' || fnsku || ' were damaged on ' || event_on || coalesce(' in ' || centers, '')
            || ' (code ' || codes || '); ' || (units - open_units)
            || ' paid or made sellable since, ' || quantity || ' open.' as reason,
        jsonb_build_object('rows', rows, 'numbers', jsonb_build_object('damaged', units,
                'open_by_pairing', open_units, 'unreconciled', unreconciled, 'plus_legs', coalesce(legs, 0)),
            'settled', settled,
            'notes', to_jsonb(array_remove(array[
                case when coalesce(legs, 0) < units then 'The plus leg of the change of state (code P, '
                    || 'WAREHOUSE_DAMAGED, same day and center) is missing in the ledger.' end,
                case when possible_payment is not null then 'Possible payment: ' || possible_payment::text end
            ], null))) as evidence
    from weighed
    """,
)
