"""A shipment arrived with fewer units than were sent.

Choices of ours (docs/decisions.md#inbound-shipments): a closed shipment is fileable at once, any other 30 days
after its last receipt, and below 0.5 until then; what SKUs of the same ASIN have too much in the shipment takes units off;
without a receipt and without a delivery that we saw the deadline is not known. Units that
may have arrived in another shipment take the confidence below 0.5.
"""

from recoup.claims.detection.parts import FOR_REVIEW, Sql, either, list_of, part, settled
from recoup.claims.detection.temporary_table import MONEY_OF_ORDERS, all_of
from recoup.claims.detection.wording import by_number
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(
    part("base", 0.8, "a closed shipment, both counts agree, a small part is missing"),
    either(
        part(
            "no proof of delivery",
            -0.4,
            "nothing of this shipment was ever received",
            when="not is_delivered",
        ),
        part(
            "still being received",
            -0.4,
            Sql("format('units came in, or their count changed, on %s', quiet_since)"),
            when="is_moving",
        ),
        part(
            "doubtful count",
            -0.2,
            Sql("doubt"),
            when="doubt <> ''",
        ),
    ),
    part(
        "review",
        0,
        Sql(
            f"concat_ws(', ', crossed || {by_number('crossed', ' unit of this FNSKU was', ' units of this FNSKU were')} "
            "|| ' received elsewhere within 60 days', "
            "'reimbursements ' || reimbursements || ' may have paid it')"
        ),
        at_most=FOR_REVIEW,
        when="crossed is not null or reimbursements is not null",
    ),
)

_SETTLED = list_of(
    Sql("coalesce(settled.settled, '[]')"),
    settled(
        "surplus",
        "c.shipment_id",
        "c.mislabelled",
        "this shipment contained too many units of another SKU of the same ASIN, or units without a "
        "label (Amazon.Found): they are the missing ones",
        when="c.mislabelled > 0",
    ),
)

_SQL = f"""
with candidates as (
    select i.*, coalesce(e.event_id, 0) as event_id, i.short - i.mislabelled as owed,
           coalesce(e.open, i.short - i.mislabelled) as open,
           (i.delivered_on + interval '12 months')::date as payable_until,
           not i.is_closed and i.quiet_since + 30 > :as_of as is_moving
    from detect_inbound_item as i
    left join detect_inbound_event as e
        on e.type = 'inbound_shortage' and e.shipment_id = i.shipment_id and e.sku = i.sku
    where i.short > 0
      and i.status in ('CLOSED', 'RECEIVING', 'DELIVERED', 'CHECKED_IN', 'CANCELLED', 'DELETED')
), judged as (
    select c.*, x.units as crossed, p.reimbursements,
           concat_ws(', ',
               case when not c.is_closed then 'the shipment is not closed' end,
               case when c.received_by_api <> c.received_by_ledger
                    then 'shipment and stock ledger count differently' end,
               case when c.received = 0 then 'no unit of this SKU was received'
                    -- What came without its label is not missing.
                    when c.owed * 5 > c.shipped then 'more than a fifth is missing' end) as doubt,
           {_SETTLED} as settled,
           untold.why as untold,
           coalesce(s.rows, '[]') as surplus_rows,
           received.rows as receipt_rows
    from candidates as c
    left join detect_inbound_settled as settled using (event_id)
    left join detect_inbound_untold as untold using (event_id)
    cross join lateral (
        select sum(e.units) as units from detect_inbound_surplus as e
        where e.fnsku = c.fnsku and e.shipment_id <> c.shipment_id
          and e.received_on between c.event_on - 60 and c.event_on + 60
    ) as x
    cross join lateral (
        select string_agg(distinct q.reimbursement_id, ', ') as reimbursements
        from detect_payment as q
        where q.fnsku = c.fnsku and q.order_id is null
          and (q.family in ('general', 'unknown')
               and q.approved_on between c.event_on and coalesce(c.payable_until, q.approved_on)
               -- Paid as missing before the first unit was received.
               or q.family = 'inbound' and q.paid_units > 0
               and q.approved_on between c.event_on - 60 and c.event_on - 1
               and q.payment_id not in (select payment_id from detect_inbound_paid))
    ) as p
    cross join lateral (
        select jsonb_agg(jsonb_build_object('table', 'shipment_items', 'source', i.source,
                   'shipmentId', i.shipment_id, 'sku', i.sku, 'shipped', i.shipped,
                   'received', i.received) order by i.sku) as rows
        from detect_inbound_item as i
        where i.shipment_id = c.shipment_id and i.received > i.shipped
    ) as s
    left join lateral (
        select coalesce(jsonb_agg(jsonb_build_object('table', 'ledger', 'source', l.source,
                   'source_line', l.source_line, 'eventOn', l.event_on, 'quantity', l.quantity,
                   'disposition', l.disposition, 'fulfillmentCenter', l.fulfillment_center)
                   order by l.event_on, l.source_line), '[]') as rows
        from ledger as l
        where l.connection_id = :connection_id and l.event_type = 'Receipts'
          and l.reference_id = c.shipment_id and l.fnsku = c.fnsku
    ) as received on true
)
select jsonb_build_object('shipmentId', shipment_id, 'sku', sku) as key,
       marketplace_id, sku, fnsku, asin, null::text as order_id,
       short as units, open as quantity, settled,
       event_on, delivered_on as clock_on,
       case when is_closed then event_on else quiet_since + 30 end as wait_until,
       null::numeric as amount, null::text as currency,
       null::text as amount_basis, null::text as amount_missing,
       {_SURE} as confidence_parts,
       case when status in ('CANCELLED', 'DELETED') then 'the shipment was cancelled or deleted'
            when is_edited then 'the shipped quantity was changed after the shipment was picked up'
            when not is_counted then 'the shipment does not state how many units were received'
            else untold end as suppressed,
       format('%s %s sent, %s received (shipment: %s, stock ledger: %s)%s: %s missing. %s',
              shipped, {by_number("shipped", "unit", "units")}, received, received_by_api, received_by_ledger,
              case when short > open then format(', %s of %s settled', short - open, short) end,
              open, case when delivered_on is null
                  then 'The delivery date is not known, so there is no deadline.'
                  else format('Delivered %s by %s.', delivered_on, delivery_known_by) end) as reason,
       jsonb_build_object(
           'rows', jsonb_build_array(
               jsonb_build_object('table', 'shipment_items', 'source', source,
                   'shipmentId', shipment_id, 'sku', sku, 'shipped', shipped,
                   'received', received_by_api),
               jsonb_build_object('table', 'shipments', 'source', shipment_source,
                   'shipmentId', shipment_id, 'status', status)) || receipt_rows || surplus_rows,
           'numbers', jsonb_build_object('shipped', shipped, 'receivedByShipment', received_by_api,
               'receivedByLedger', received_by_ledger, 'short', short,
               'mislabelled', mislabelled, 'paid', owed - open, 'open', open),
           'notes', to_jsonb(array_remove(array[
               case when delivered_on is null then 'neither a receipt nor a delivery was seen' end,
               case when not is_delivered then 'dismiss it if the shipment was never sent' end,
               case when crossed is not null
                    then 'check whether the units arrived with another shipment' end], null)))
           as evidence
from judged
"""

RULE = Rule(
    type=ClaimType.INBOUND_SHORTAGE,
    title="Units missing from an inbound shipment",
    source="docs/rules.md#inbound_shortage",
    window=PolicyWindow.INBOUND,
    value=Value.SOURCING_COST,
    version=3,
    sql=_SQL,
    reads={
        "ledger": (
            "disposition",
            "event_on",
            "event_type",
            "fnsku",
            "fulfillment_center",
            "quantity",
            "reference_id",
        )
    },
    # They only show which payments damaged units had, and what is left of those pays shortages. Where
    # the carrier is not known, a payment is for a shortage first.
    optional=all_of(
        *(*MONEY_OF_ORDERS, "replacements", "returns", "removals", "removal_shipments"),
        "inbound_plan_shipments",
    ),
)
