"""Units that the ledger calls misplaced and that were neither found nor paid.

Source: facts 5 R1, windows 1.4, waiting 1.6 and decision 1. Finds and payments are taken off oldest
loss first (docs/claims.md #allocation); of that and what Amazon itself calls unreconciled the
smaller number counts, as it protects against a false claim. Units that were unsellable before are listed
for review only (facts 1.1): those of customers, of defects and past their date Amazon need not pay,
and what it damaged itself is mostly claimed or paid as damage already.
"""

from __future__ import annotations

from recoup.claims.rule import ClaimType, Rule, Value, Window

RULE = Rule(
    type=ClaimType.LOST_IN_WAREHOUSE,
    title="Lost in the warehouse",
    source="facts R1, T1",
    reads=("ledger", "reimbursements", "returns", "ledger_summary"),
    window=Window.FC_LOST,
    value=Value.SOURCING_COST,
    version=3,
    documents=(
        "Ledger row: reference id, date, FNSKU, fulfillment center, quantity, reason",
        "Supplier invoice that covers the units (when the value is disputed)",
    ),
    sql="""
    with counted as (
        select i.*, least(coalesce(unreconciled, open_units), open_units) as quantity
        from detect_incident i where kind = 'lost'
    ), judged as (
        select counted.*,
            jsonb_build_array(case
                when not strong then jsonb_build_object('part', 'not sellable', 'change', 0.35, 'why',
                    'the units were ' || disposition || ' before: Amazon answers for no unit that is defective '
                    || 'or that a customer damaged, so look at it first')
                when unreconciled is null then jsonb_build_object('part', 'pairing only', 'change', 0.6, 'why',
                    'Amazon does not say what it has reconciled; finds and payments were paired oldest first')
                when unreconciled = open_units then jsonb_build_object('part', 'both agree', 'change', 0.9, 'why',
                    'what Amazon calls unreconciled is what pairing leaves open')
                else jsonb_build_object('part', 'numbers differ', 'change', 0.7, 'why',
                    'Amazon calls ' || unreconciled || ' unreconciled, pairing leaves ' || open_units
                    || ' open; the smaller number is claimed') end)
            || case when unused_find is null then '[]' else jsonb_build_array(jsonb_build_object(
                'part', 'unmatched find', 'change', -0.2, 'why', 'a unit was found that ends no known loss')) end
            || case when fnsku is distinct from asin then '[]' else jsonb_build_array(jsonb_build_object(
                'part', 'manufacturer barcode',
                -- Amazon ended the sharing on this day; what was in the warehouses stayed there (facts 5.1).
                'change', case when event_on < date '2026-03-31' then -0.2 else -0.1 end,
                'why', 'the FNSKU is the ASIN: stock may have been shared with other sellers')) end as parts
        from counted
    ), weighed as (
        select judged.*, parts || case when possible_payment is null then '[]'
            else jsonb_build_array(jsonb_build_object('part', 'possible payment',
                'change', least(-0.2, 0.45 - (select sum((part ->> 'change')::numeric)
                    from jsonb_array_elements(parts) as part)),
                'why', 'a payment of unknown purpose may be for these units: needs review')) end as all_parts
        from judged
    )
    select key, marketplace_id, sku, fnsku, asin, null as order_id, units, quantity,
        settled || case when quantity = open_units then '[]' else jsonb_build_array(jsonb_build_object(
            'by', 'reconciled', 'reference', rows, 'units', open_units - quantity,
            'why', 'Amazon''s ledger calls these units reconciled')) end as settled,
        event_on, event_on as clock_on,
        -- Units that are being looked for are not lost yet; but never wait beyond day 45 (facts 1.6).
        case when researching > 0 then least(greatest(event_on + 30, cast(:as_of as date) + 1), event_on + 45)
            else event_on + 30 end as wait_until,
        null as amount, null as currency, null as amount_basis, null as amount_missing,
        greatest(0, (select sum((part ->> 'change')::numeric) from jsonb_array_elements(all_parts) as part))
            as confidence,
        all_parts as confidence_parts,
        coalesce(suppressed, case when correction is not null
            then 'A correction of the same quantity within three days explains it.' end) as suppressed,
        units || ' of FNSKU ' || fnsku || case when strong then '' else ' (' || disposition || ')' end
            || ' went missing on ' || event_on || coalesce(' in ' || centers, '')
            || ' (code ' || codes || '); ' || (units - open_units) || ' found, paid or explained since, '
            || quantity || ' open.'
            || case when quantity = 0 and unreconciled > 0
                then ' Amazon still calls ' || unreconciled || ' unreconciled: review.' else '' end as reason,
        jsonb_build_object('rows', rows, 'numbers', jsonb_build_object('lost', units,
                'open_by_pairing', open_units, 'unreconciled', unreconciled, 'researching', researching),
            'settled', settled,
            'notes', to_jsonb(array_remove(array[
                case when possible_payment is not null then 'Possible payment: ' || possible_payment::text end,
                case when unused_find is not null then 'Find without a loss: ' || unused_find::text end,
                case when correction is not null then 'Correction nearby: ' || correction::text end,
                case when researching > 0 then 'Amazon is looking for ' || researching || ' units of this FNSKU.' end
            ], null))) as evidence
    from weighed
    """,
)
