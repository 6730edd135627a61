"""Units that were disposed of or sent out of the warehouse without an order of the seller.

Source: docs/rules.md#disposed_without_permission, docs/decisions.md#disposals. Disposal orders are taken off by FNSKU whatever the
disposition. Stock that customers damaged, defective and expired stock may be disposed of. Units
damaged in the warehouse, or when they came, are an event of their own before they are disposed of. Sellable units that
left as VendorReturns count too where no removal order of the product explains them; an order that
is missing in Amazon's report would explain them as well, hence the lower confidence (ours).
"""

from __future__ import annotations

from recoup.claims.detection.parts import Sql, either, list_of, part
from recoup.claims.detection.wording import by_number
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(
    either(
        part(
            "sellable",
            0.7,
            "sellable stock is not disposed of without an order",
            when="is_sellable",
        ),
        part(
            "not sellable",
            0.3,
            "stock in this state may be disposed of by a setting: check your removal settings",
        ),
    ),
    part(
        "vendor returns",
        -0.2,
        "units usually leave in this way by a removal order: check that none is missing",
        when="codes like '%VendorReturns%'",
    ),
    part(
        "donated",
        Sql("case when is_sellable then -0.35 else -0.1 end"),
        "Amazon donated the units, which your removal settings may permit",
        when="codes = 'G'",
    ),
    part(
        "possible payment",
        Sql("case when is_sellable and codes <> 'G' then -0.25 else -0.2 end"),
        "a payment of unknown purpose may be for these units: needs review",
        when="possible_payment is not null",
    ),
)

RULE = Rule(
    type=ClaimType.DISPOSED_WITHOUT_PERMISSION,
    title="Disposed of without permission",
    source="docs/rules.md#disposed_without_permission",
    window=PolicyWindow.FC_LOST,
    value=Value.SOURCING_COST,
    version=2,
    sql=f"""
    with disposal as (
        select i.*, disposition = 'SELLABLE' as is_sellable
        from detect_incident i where kind = 'disposed'
    )
    select key, marketplace_id, sku, fnsku, asin, null as order_id, units, open_units as quantity, settled,
        event_on, event_on as clock_on, event_on + 7 as wait_until,
        null as amount, null as currency, null as amount_basis, null as amount_missing,
        {_SURE} as confidence_parts,
        coalesce(suppressed, case
            when sku like 'amzn.gr.%' then 'Stock that Amazon graded for resale may be disposed of by the '
                || 'settings of Grade and Resell.'
            when disposition in ('SELLABLE', 'WAREHOUSE_DAMAGED') then null
            when disposition = 'EXPIRED' then 'Expired stock may be disposed of.'
            else 'Stock in this state (' || coalesce(nullif(disposition, ''), 'not told')
                || ') may be disposed of.' end) as suppressed,
        units || ' of FNSKU ' || fnsku || ' (' || disposition || ') ' || {by_number("units", "was", "were")} || ' disposed of on ' || event_on
            || coalesce(' in ' || centers, '') || ' (code ' || codes || '); ' || (units - open_units)
            || ' by your orders or settled otherwise, ' || open_units || ' without.' as reason,
        jsonb_build_object('rows', rows, 'numbers', jsonb_build_object('disposed', units, 'open', open_units),
            'settled', settled,
            'notes', to_jsonb(array_remove(array[
                'Removal orders of this FNSKU from 45 days before to 7 days after the disposal were considered.',
                case when possible_payment is not null then 'Possible payment: ' || possible_payment::text end
            ], null))) as evidence
    from disposal
    """,
)
