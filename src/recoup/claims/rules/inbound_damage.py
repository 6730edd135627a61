"""R4, T4: units of a shipment were damaged on their way with Amazon's carrier, or at the dock.

Damage of the seller's own packing (DISTRIBUTOR_DAMAGED) and of carriers that are not Amazon's
partners is nobody's debt to the seller here. Fileable as a shortage is (decision 5).
"""

from recoup.claims.rule import ClaimType, Rule, Value, Window

_SQL = """
with carriers as (
    select shipment_id, min(carrier) as carrier, min(source) as source
    from inbound_plan_shipments
    where connection_id = :connection_id and shipment_id <> ''
    group by shipment_id
), damaged as (
    select e.*, s.marketplace_id, s.status, s.is_closed, s.delivered_on, s.event_on, s.quiet_since,
           product.asin, c.carrier, c.source as carrier_source,
           coalesce(settled.settled, '[]') as settled, received.rows, received.dispositions
    from detect_inbound_event as e
    join detect_inbound_shipment as s using (shipment_id)
    left join carriers as c using (shipment_id)
    left join detect_inbound_settled as settled using (event_id)
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
       0.4 as confidence,
       jsonb_build_array(jsonb_build_object('part', 'base', 'change', 0.4,
           'why', 'who damaged the units is for Amazon to say')) as confidence_parts,
       case when status in ('CANCELLED', 'DELETED') then 'the shipment was cancelled or deleted'
            when is_partnered is null
            then 'whether the carrier is a partner of Amazon is not known'
            when not is_partnered
            then 'the carrier is no partner of Amazon: the damage is between you and the carrier'
            end as suppressed,
       format('%s units were received as %s%s: %s open.', units, dispositions,
              case when units > open then format(', %s paid or mended', units - open) end, open) as reason,
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
    source="facts 1.3 T4, 4.4 step 3, 5 R4; decision 5",
    reads=("shipments", "inbound_plans", "ledger", "reimbursements"),
    window=Window.INBOUND,
    value=Value.SOURCING_COST,
    version=2,
    documents=(
        "supplier invoice that covers the units",
        "carrier documents",
        "photos, if there are any",
    ),
    sql=_SQL,
)
