"""Units of a shipment that were damaged on their way with Amazon's carrier, or at the dock.

Damage of the seller's own packing (DISTRIBUTOR_DAMAGED) and of carriers that are not Amazon's
partners is nobody's debt to the seller here. Fileable as a shortage is (docs/decisions.md#inbound-shipments).
"""

from recoup.claims.detection.parts import list_of, part
from recoup.claims.detection.temporary_table import MONEY_OF_ORDERS, all_of
from recoup.claims.detection.wording import by_number
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(part("base", 0.4, "only Amazon can say who damaged the units"))

_SQL = f"""
with carriers as (
    select shipment_id, min(carrier) as carrier, min(source) as source
    from inbound_plan_shipments
    where connection_id = :connection_id and shipment_id <> ''
    group by shipment_id
), damaged as (
    select e.*, s.marketplace_id, s.status, s.is_closed, s.delivered_on, s.event_on, s.quiet_since,
           product.asin, c.carrier, c.source as carrier_source,
           coalesce(settled.settled, '[]') as settled, received.rows, received.dispositions,
           untold.why as untold
    from detect_inbound_event as e
    join detect_inbound_shipment as s using (shipment_id)
    left join carriers as c using (shipment_id)
    left join detect_inbound_settled as settled using (event_id)
    left join detect_inbound_untold as untold using (event_id)
    left join detect_fnsku as product using (fnsku)
    cross join lateral (
        select jsonb_agg(jsonb_build_object('table', 'ledger', 'source', l.source,
                   'source_line', l.source_line, 'eventOn', l.event_on, 'quantity', l.quantity,
                   'disposition', l.disposition, 'fulfillmentCenter', l.fulfillment_center)
                   order by l.event_on, l.source_line) as rows,
               string_agg(distinct l.disposition, ', ') as dispositions
        from ledger as l
        where l.connection_id = :connection_id and l.event_type = 'Receipts'
          and l.reference_id = e.shipment_id and coalesce(l.msku, '') = e.sku
          and l.disposition in ('CARRIER_DAMAGED', 'WAREHOUSE_DAMAGED', 'WAREHOUSE_DAMAHED')
    ) as received
    where e.type = 'inbound_damage'
)
select key, marketplace_id, nullif(sku, '') as sku, fnsku, asin, null::text as order_id,
       units, open as quantity, settled, event_on, delivered_on as clock_on,
       case when is_closed then event_on else quiet_since + 30 end as wait_until,
       null::numeric as amount, null::text as currency,
       null::text as amount_basis, null::text as amount_missing,
       {_SURE} as confidence_parts,
       case when status in ('CANCELLED', 'DELETED') then 'the shipment was cancelled or deleted'
            when is_partnered is null
            then 'it is not known whether the carrier is a partner of Amazon'
            when not is_partnered
            then 'the carrier is not a partner of Amazon: claim the damage from the carrier'
            else untold end as suppressed,
       format('%s %s received as %s%s: %s open.', units, {by_number("units", "unit was", "units were")}, dispositions,
              case when units > open then format(', %s paid or repaired', units - open) end, open) as reason,
       jsonb_build_object(
           'rows', rows || case when carrier_source is null then '[]' else jsonb_build_array(
               jsonb_build_object('table', 'inbound_plan_shipments', 'source', carrier_source,
                   'shipmentId', shipment_id, 'carrier', carrier, 'isPartnered', is_partnered)) end,
           'numbers', jsonb_build_object('damaged', units, 'paid', units - open, 'open', open),
           'notes', jsonb_build_array()) as evidence
from damaged
"""

RULE = Rule(
    type=ClaimType.INBOUND_DAMAGE,
    title="Units damaged on their way to Amazon",
    source="docs/rules.md#inbound_damage",
    window=PolicyWindow.INBOUND,
    value=Value.SOURCING_COST,
    version=2,
    sql=_SQL,
    reads={
        "inbound_plan_shipments": ("carrier", "shipment_id"),
        "ledger": (
            "disposition",
            "event_on",
            "event_type",
            "fulfillment_center",
            "msku",
            "quantity",
            "reference_id",
        ),
    },
    # They only contain other events that the same payments may be for.
    optional=all_of(*MONEY_OF_ORDERS, "replacements", "returns", "removals", "removal_shipments"),
)
