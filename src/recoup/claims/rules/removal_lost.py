"""R10, T12: a parcel of a removal order that did not reach the seller.

SP-API has no proof of delivery, and silence proves nothing. So every parcel is listed with "confirm
arrival" (decision 21): what the seller says of it (`arrived` of the claim) settles it, or makes the
loss certain enough to file. One claim per parcel and SKU.
"""

from recoup.claims.rule import ClaimType, Rule, Value, Window

_SQL = """
with parcels as (
    select e.event_id, e.open, p.*, product.asin, q.possible as reimbursements,
           coalesce(q.settled, '[]') || case when p.arrived then jsonb_build_array(
               jsonb_build_object('by', 'seller', 'reference', p.tracking_number,
                   'units', p.units, 'why', 'you said that the parcel arrived'))
               else '[]' end as settled,
           case when not p.arrived then 0.55 else 0 end as told,
           case when q.possible is null then 0
                when not p.arrived then -0.4 else -0.1 end as doubt
    from detect_removal_event as e
    join detect_removal_parcel as p using (order_id, tracking_number, sku)
    left join detect_removal_settled as q using (event_id)
    left join detect_fnsku as product on product.fnsku = p.fnsku
    where e.type = 'removal_lost'
)
select jsonb_build_object('removalOrderId', order_id, 'trackingNumber', tracking_number,
                          'sku', sku) as key,
       marketplace_id, nullif(sku, '') as sku, fnsku, asin, order_id,
       units, open as quantity, settled,
       shipped_on as event_on, shipped_on as clock_on, null::date as wait_until,
       null::numeric as amount, null::text as currency,
       null::text as amount_basis, null::text as amount_missing,
       0.3 + told + doubt as confidence,
       jsonb_build_array(jsonb_build_object('part', 'base', 'change', 0.3,
           'why', 'nothing tells whether the parcel arrived: confirm arrival'))
       || case when told > 0 then jsonb_build_array(jsonb_build_object(
              'part', 'your word', 'change', told, 'why', 'you said that it did not arrive'))
              else '[]' end
       || case when doubt < 0 then jsonb_build_array(jsonb_build_object(
              'part', 'possible payment', 'change', doubt,
              'why', format('reimbursements %s may have paid it', reimbursements)))
              else '[]' end as confidence_parts,
       null::text as suppressed,
       format('%s units left with %s%s on %s. %s', units, coalesce(carrier, 'a carrier'),
              case when tracking_number <> '' then ' ' || tracking_number else '' end, shipped_on,
              case when arrived then 'You said that they arrived.'
                   when not arrived then format('You said that they did not arrive; %s open.', open)
                   else 'Confirm arrival: only if they did not arrive is this a claim.' end)
           as reason,
       jsonb_build_object('rows', rows,
           'numbers', jsonb_build_object('shipped', units, 'open', open),
           'notes', jsonb_build_array('SP-API has no proof of delivery; ask the carrier')) as evidence
from parcels
"""

RULE = Rule(
    type=ClaimType.REMOVAL_LOST,
    title="Removal parcel lost on its way to you",
    source="facts 1.3 T12, 5 R10; decision 21",
    reads=("removal_shipments", "removals", "reimbursements"),
    window=Window.REMOVAL_LOST,
    value=Value.SOURCING_COST,
    version=1,
    documents=(
        "removal order id, shipment and tracking number",
        "the carrier's page that shows no delivery",
        "supplier invoice that covers the units",
    ),
    sql=_SQL,
)
