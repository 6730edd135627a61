"""Units that were disposed of, or sent out of the warehouse, without an order of the seller.

Source: facts 5 R13, decisions 1, 4 and 16. Disposal orders are taken off by FNSKU whatever the
disposition. Stock that customers damaged, defective and expired stock may be disposed of. Units
damaged in the warehouse, or when they came, are an event of their own before they are disposed of. Sellable units that
left as VendorReturns count too where no removal order of the product explains them; an order that
is missing in Amazon's report would explain them as well, hence the lower confidence (ours).
"""

from __future__ import annotations

from recoup.claims.rule import ClaimType, Rule, Value, Window

RULE = Rule(
    type=ClaimType.DISPOSED_WITHOUT_PERMISSION,
    title="Disposed of without permission",
    source="facts R13, T14",
    reads=("ledger", "reimbursements", "removals", "removal_shipments", "returns"),
    window=Window.FC_LOST,
    value=Value.SOURCING_COST,
    version=2,
    documents=(
        "Ledger row of the disposal",
        "Proof that there is no disposal order: list of removal orders",
        "Screenshot of the automated removal settings",
    ),
    sql="""
    with disposal as (
        select i.*, disposition = 'SELLABLE' as is_sellable
        from detect_incident i where kind = 'disposed'
    ), judged as (
        select disposal.*,
            jsonb_build_array(case
                when is_sellable then jsonb_build_object('part', 'sellable', 'change', 0.7, 'why',
                    'sellable stock is not disposed of without an order')
                else jsonb_build_object('part', 'not sellable', 'change', 0.3, 'why',
                    'stock in this state may be disposed of by a setting: check your removal settings') end)
                || case when codes like '%VendorReturns%' then jsonb_build_array(jsonb_build_object(
                    'part', 'vendor returns', 'change', -0.2,
                    'why', 'units leave like this by a removal order: check that none is missing'))
                    else '[]' end as parts
        from disposal
    ), weighed as (
        select judged.*, parts || case when possible_payment is null then '[]'
            else jsonb_build_array(jsonb_build_object('part', 'possible payment',
                'change', case when is_sellable then -0.25 else -0.2 end,
                'why', 'a payment of unknown purpose may be for these units: needs review')) end as all_parts
        from judged
    )
    select key, marketplace_id, sku, fnsku, asin, null as order_id, units, open_units as quantity, settled,
        event_on, event_on as clock_on, event_on + 7 as wait_until,
        null as amount, null as currency, null as amount_basis, null as amount_missing,
        (select sum((part ->> 'change')::numeric) from jsonb_array_elements(all_parts) as part) as confidence,
        all_parts as confidence_parts,
        coalesce(suppressed, case
            when disposition in ('SELLABLE', 'WAREHOUSE_DAMAGED') then null
            when disposition = 'EXPIRED' then 'Expired stock may be disposed of.'
            else 'Stock in this state (' || coalesce(nullif(disposition, ''), 'not told')
                || ') may be disposed of.' end) as suppressed,
        units || ' of FNSKU ' || fnsku || ' (' || disposition || ') were disposed of on ' || event_on
            || coalesce(' in ' || centers, '') || ' (code ' || codes || '); ' || (units - open_units)
            || ' by your orders or settled otherwise, ' || open_units || ' without.' as reason,
        jsonb_build_object('rows', rows, 'numbers', jsonb_build_object('disposed', units, 'open', open_units),
            'settled', settled,
            'notes', to_jsonb(array_remove(array[
                'Removal orders of this FNSKU from 45 days before to 7 days after the disposal were looked at.',
                case when possible_payment is not null then 'Possible payment: ' || possible_payment::text end
            ], null))) as evidence
    from weighed
    """,
)
