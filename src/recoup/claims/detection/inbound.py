"""Data shared by rules about inbound shipments: received units and payments per item.

detect_inbound_item     one row per shipment and SKU: sent, received, when and how it is known
detect_inbound_event    one row per shortage and per damage on arrival, with what payments settled
detect_inbound_settled  which payment settled how many units of which event
detect_inbound_surplus  units of an FNSKU that came in beyond any plan
detect_inbound_untold   payments that may be for an event, and do not say so

Payments (docs/rules.md#inbound_shortage): rows of family `inbound`, approved from the delivery on and up to 12
months after; those whose case is the one filed for a shipment go there only; all others go to the
oldest open event of the FNSKU, else of the SKU, and area. Rows of lost or damaged stock are used for what the ledger
shows to be the same unit only (detect_arrived). A payment counts whole:
what was taken back wrongly is a claim of its own (docs/decisions.md#reversals).
"""

from __future__ import annotations

from recoup.claims.detection.paid_events import PaidEvents
from recoup.claims.detection.parts import Sql, settled
from recoup.claims.detection.temporary_table import TemporaryTable
from recoup.claims.rule import ClaimType

# Deliveries: the first receipt in the ledger, or the day our own history first saw the shipment
# delivered after it had seen it under way. A first sight alone dates nothing.
SHIPMENTS = TemporaryTable(
    "detect_inbound_shipment",
    """shipment_id text, marketplace_id text, status text, source text,
    picked_up_at timestamptz, is_closed boolean, delivered_on date, delivery_known_by text,
    event_on date, quiet_since date""",
    """
    with seen as (
        select shipment_id, seen_at, status,
               lag(status) over (partition by shipment_id order by seen_at) as before
        from shipments_history
        where connection_id = :connection_id and seen_at < cast(:as_of as date) + 2
    ), observed as (
        select shipment_id, min(seen_at) as first_seen_at,
               min(seen_at) filter (where status in ('DELIVERED', 'CHECKED_IN', 'RECEIVING')
                   and before in ('WORKING', 'READY_TO_SHIP', 'SHIPPED', 'IN_TRANSIT')) as delivered_at,
               min(seen_at) filter (where status not in ('WORKING', 'READY_TO_SHIP', 'CANCELLED',
                   'DELETED')) as picked_up_at
        from seen
        group by shipment_id
    ), changed as (
        select shipment_id, max(seen_at) as changed_at
        from (
            select shipment_id, seen_at, quantity_received,
                   lag(quantity_received) over item as before, row_number() over item as n
            from shipment_items_history
            where connection_id = :connection_id
            window item as (partition by shipment_id, sku, fnsku order by seen_at)
        ) as counts
        where n > 1 and quantity_received is distinct from before
        group by shipment_id
    ), receipts as (
        select reference_id as shipment_id, min(event_on) filter (where quantity > 0) as first_on,
               max(event_on) as last_on
        from ledger
        where connection_id = :connection_id and event_type = 'Receipts' and event_on <= :as_of
        group by reference_id
    ), dated as (
        select s.shipment_id, s.marketplace_id, s.status, s.source, m.zone,
               r.first_on, r.last_on, o.picked_up_at,
               (o.delivered_at at time zone m.zone)::date as seen_delivered_on,
               (c.changed_at at time zone m.zone)::date as changed_on,
               (coalesce(o.first_seen_at, s.loaded_at) at time zone m.zone)::date as first_seen_on,
               s.created_on
        from shipments as s
        join detect_marketplace as m using (marketplace_id)
        left join observed as o using (shipment_id)
        left join changed as c using (shipment_id)
        left join receipts as r using (shipment_id)
        where s.connection_id = :connection_id
    )
    select shipment_id, marketplace_id, status, source, picked_up_at,
           status = 'CLOSED' as is_closed,
           -- The earlier of the two: nothing can be received before it is delivered.
           least(first_on, seen_delivered_on) as delivered_on,
           case when first_on <= coalesce(seen_delivered_on, first_on)
                then 'the first receipt in the stock ledger'
                when seen_delivered_on is not null
                then 'the day on which recoup first saw the shipment delivered' end as delivery_known_by,
           coalesce(least(first_on, seen_delivered_on), created_on, first_seen_on) as event_on,
           coalesce(greatest(last_on, changed_on), seen_delivered_on, first_seen_on) as quiet_since
    from dated
    """,
    ("shipment_id",),
    reads={
        "ledger": ("event_on", "event_type", "quantity", "reference_id"),
        "shipment_items_history": ("fnsku", "quantity_received", "seen_at", "shipment_id", "sku"),
        "shipments": ("created_on", "marketplace_id", "shipment_id", "status"),
        "shipments_history": ("seen_at", "shipment_id", "status"),
    },
)

# Received is the larger of the two counts. What another SKU of the same product has too much in
# the shipment was counted under the wrong label, and takes units off the shortage (variants are the SKUs
# of one ASIN), in order of SKU. So do units that came without a label, which the ledger calls
# `Amazon.Found.<ASIN>`; where the ASIN of an item is not known, they may be of it.
ITEMS = TemporaryTable(
    "detect_inbound_item",
    """shipment_id text, sku text, fnsku text, asin text, shipped integer, received_by_api integer,
    received_by_ledger integer, received integer, is_edited boolean, source text, short integer,
    mislabelled integer, is_delivered boolean, marketplace_id text, status text, is_closed boolean,
    delivered_on date, delivery_known_by text, event_on date, quiet_since date,
    shipment_source text, is_counted boolean""",
    """
    with counted as (
        select reference_id as shipment_id, fnsku, sum(quantity)::integer as units
        from ledger
        where connection_id = :connection_id and event_type = 'Receipts' and event_on <= :as_of
        group by reference_id, fnsku
    ), renamed as (
        -- Received under an FNSKU that the shipment does not list: the SKU's own label has changed, or
        -- the API named none.
        select l.reference_id as shipment_id, first.sku, first.fnsku, min(l.fnsku) as received_as,
               sum(l.quantity)::integer as units
        from ledger as l
        join (
            select shipment_id, sku, min(fnsku) as fnsku
            from shipment_items where connection_id = :connection_id
            group by shipment_id, sku
        ) as first on first.shipment_id = l.reference_id and first.sku = l.msku
        where l.connection_id = :connection_id and l.event_type = 'Receipts' and l.event_on <= :as_of
          and not exists (
              select from shipment_items as listed
              where listed.connection_id = :connection_id
                and listed.shipment_id = l.reference_id and listed.fnsku = l.fnsku)
        group by l.reference_id, first.sku, first.fnsku
    ), edited as (
        select shipment_id, sku, fnsku, max(seen_at) as edited_at
        from (
            select shipment_id, sku, fnsku, seen_at, quantity_shipped,
                   lag(quantity_shipped) over item as before, row_number() over item as n
            from shipment_items_history
            where connection_id = :connection_id
            window item as (partition by shipment_id, sku, fnsku order by seen_at)
        ) as counts
        where n > 1 and quantity_shipped is distinct from before
        group by shipment_id, sku, fnsku
    ), items as (
        select i.shipment_id, i.sku,
               coalesce(min(nullif(i.fnsku, '')), min(nullif(n.received_as, ''))) as fnsku,
               sum(i.quantity_shipped)::integer as shipped,
               sum(coalesce(i.quantity_received, 0))::integer as received_by_api,
               sum(coalesce(c.units, 0) + coalesce(n.units, 0))::integer as received_by_ledger,
               sum(greatest(i.quantity_received, coalesce(c.units, 0) + coalesce(n.units, 0), 0))::integer as received,
               coalesce(bool_or(e.edited_at > s.picked_up_at), false) as is_edited,
               min(i.source) as source, count(i.quantity_received) = count(*) as is_counted
        from shipment_items as i
        join detect_inbound_shipment as s using (shipment_id)
        left join counted as c on c.shipment_id = i.shipment_id and c.fnsku = i.fnsku
        left join renamed as n
            on n.shipment_id = i.shipment_id and n.sku = i.sku and n.fnsku = i.fnsku
        left join edited as e
            on e.shipment_id = i.shipment_id and e.sku = i.sku and e.fnsku = i.fnsku
        where i.connection_id = :connection_id
        group by i.shipment_id, i.sku
    ), unlabelled as (
        select reference_id as shipment_id, coalesce(nullif(asin, ''), substring(msku from '[^.]+$')) as asin,
               sum(quantity) as units
        from ledger
        where connection_id = :connection_id and event_type = 'Receipts' and event_on <= :as_of
          and msku ilike 'amazon.found.%'
        group by 1, 2
    ), known as (
        select items.*, p.asin, coalesce(u.units, 0) as unlabelled
        from items
        left join detect_fnsku as p using (fnsku)
        left join (
            select i.shipment_id, i.sku, sum(u.units) as units
            from items as i
            left join detect_fnsku as p using (fnsku)
            join unlabelled as u on u.shipment_id = i.shipment_id and u.asin = coalesce(p.asin, u.asin)
            group by i.shipment_id, i.sku
        ) as u on u.shipment_id = items.shipment_id and u.sku = items.sku
    ), measured as (
        select *,
               greatest(shipped - received, 0) as short,
               sum(greatest(received - shipped, 0)) over product + max(unlabelled) over product
                   as product_over,
               sum(greatest(shipped - received, 0)) over (product order by sku) as short_up_to
        from known
        window product as (partition by shipment_id, coalesce(asin, 'of SKU ' || sku))
    )
    select m.shipment_id, m.sku, m.fnsku, m.asin, m.shipped, m.received_by_api,
           m.received_by_ledger, m.received, m.is_edited, m.source, m.short,
           -- Its part of the surplus: what the shortages before it in the order have left.
           greatest(0, least(m.short, m.product_over - (m.short_up_to - m.short)))::integer,
           sum(m.received) over (partition by m.shipment_id) > 0 or s.delivered_on is not null
               or s.status in ('DELIVERED', 'CHECKED_IN', 'RECEIVING'),
           s.marketplace_id, s.status, s.is_closed, s.delivered_on, s.delivery_known_by,
           s.event_on, s.quiet_since, s.source, m.is_counted
    from measured as m
    join detect_inbound_shipment as s using (shipment_id)
    """,
    ("shipment_id, sku",),
    reads={
        "ledger": ("asin", "event_on", "event_type", "fnsku", "msku", "quantity", "reference_id"),
        "shipment_items": ("fnsku", "quantity_received", "quantity_shipped", "shipment_id", "sku"),
        "shipment_items_history": ("fnsku", "quantity_shipped", "seen_at", "shipment_id", "sku"),
    },
)

# A payment is split over events, oldest first; those that Amazon owes nothing for come last. Shortages
# are paid by rows for lost units before others, damages by rows for damaged ones; what then remains
# settles the other kind too: a unit that may be paid is not claimed.
_PAID_EVENTS = PaidEvents(
    kind="inbound",
    owner="shipment_id",
    key="shipmentId",
    types=(ClaimType.INBOUND_SHORTAGE, ClaimType.INBOUND_DAMAGE),
    payment="""f.owners, p.area, p.sku,
               case when p.reason ilike '%damage%' then 'inbound_damage' else 'inbound_shortage' end as type""",
    product="fnsku = payment.fnsku or sku = payment.sku",
    may_be_for="""coalesce(area = payment.area, true) and (since is null
                            or payment.approved_on between since and (since + interval '12 months')::date)""",
    event_order="""not is_owed, fnsku is distinct from payment.fnsku, type <> payment.type,
                since nulls last, shipment_id, sku""",
)
DIVISION = _PAID_EVENTS.division()
FILED = _PAID_EVENTS.filed()
PAID = _PAID_EVENTS.paid(DIVISION)

# Shortages of shipments that have arrived, and units that were received damaged.
EVENTS = TemporaryTable(
    "detect_inbound_event",
    """event_id bigint, type text, key jsonb, shipment_id text, sku text, fnsku text, since date,
    units integer, open integer, is_partnered boolean, is_owed boolean, area text""",
    """
    with carriers as (
        select shipment_id, bool_or(is_partnered_carrier) as is_partnered
        from inbound_plan_shipments
        where connection_id = :connection_id and shipment_id <> ''
        group by shipment_id
    ), damaged as (
        select l.reference_id as shipment_id, coalesce(l.msku, '') as sku, min(l.fnsku) as fnsku,
               sum(l.quantity)::integer as units
        from ledger as l
        join detect_inbound_shipment as s on s.shipment_id = l.reference_id
        where l.connection_id = :connection_id and l.event_type = 'Receipts'
          and l.event_on <= :as_of
          and l.disposition in ('CARRIER_DAMAGED', 'WAREHOUSE_DAMAGED', 'WAREHOUSE_DAMAHED')
        group by l.reference_id, coalesce(l.msku, '')
        having sum(l.quantity) > 0
    ), known as (
        -- The same units as events of the warehouse: mended there, or paid by another name.
        select c.source_id as shipment_id, c.sku, sum(a.units)::integer as units
        from detect_arrived as c join detect_allocation as a using (event_id)
        where c.origin = 'shipment'
        group by c.source_id, c.sku
    ), events as (
        select 'inbound_shortage' as type, shipment_id, sku, fnsku, short - mislabelled as units,
               short - mislabelled as open, delivered_on as since, null::boolean as is_partnered, not is_edited as is_owed
        from detect_inbound_item
        where short > mislabelled
          and status in ('CLOSED', 'RECEIVING', 'DELIVERED', 'CHECKED_IN')
        union all
        select 'inbound_damage', d.shipment_id, d.sku, d.fnsku, d.units,
               greatest(d.units - coalesce(known.units, 0), 0), s.delivered_on,
               c.is_partnered, coalesce(c.is_partnered, false)
        from damaged as d
        join detect_inbound_shipment as s using (shipment_id)
        left join carriers as c using (shipment_id)
        left join known using (shipment_id, sku)
    )
    select row_number() over (order by since, shipment_id, sku, type), type,
           jsonb_build_object('shipmentId', shipment_id, 'sku', sku), shipment_id, sku, fnsku,
           since, units, open, is_partnered, is_owed, m.area
    from events
    join detect_inbound_shipment as s using (shipment_id)
    left join detect_marketplace as m using (marketplace_id)
    """,
    ("fnsku",),
    reads={
        "inbound_plan_shipments": ("is_partnered_carrier", "shipment_id"),
        "ledger": (
            "disposition",
            "event_on",
            "event_type",
            "fnsku",
            "msku",
            "quantity",
            "reference_id",
        ),
    },
    changed_by=DIVISION,
)

_SETTLED = settled(Sql("by"), "reference", "units", Sql("why")).json

# What settled an event, in the form of a rule.
SETTLED = TemporaryTable(
    "detect_inbound_settled",
    "event_id bigint, settled jsonb",
    f"""
    select event_id, jsonb_agg({_SETTLED} order by settled_on, number)
    from (
        select t.event_id, 'payment' as by, p.reference, t.units, p.approved_on as settled_on,
               p.payment_id as number, format('%s, approved %s', p.reason, p.approved_on) as why
        from detect_inbound_paid as t join detect_payment as p using (payment_id)
        union all
        select e.event_id, s.by, s.reference, a.units, s.settled_on, s.settler_id, s.why
        from detect_inbound_event as e
        join detect_arrived as c
            on c.origin = 'shipment' and c.source_id = e.shipment_id and c.sku = e.sku
        join detect_allocation as a on a.event_id = c.event_id
        join detect_settler as s using (settler_id)
        where e.type = 'inbound_damage'
    ) as settled
    group by event_id
    """,
    ("event_id",),
)

# Units that came in beyond the plan of their shipment, or of no shipment at all.
SURPLUS = TemporaryTable(
    "detect_inbound_surplus",
    "fnsku text, received_on date, units integer, shipment_id text",
    """
    select fnsku, event_on, quantity, ''
    from ledger
    where connection_id = :connection_id and event_type = 'Receipts' and quantity > 0
      and coalesce(reference_id, '') = '' and event_on <= :as_of
    union all
    select fnsku, delivered_on, received - shipped, shipment_id
    from detect_inbound_item
    where received > shipped
    union all
    -- Without a label, and with a shipment that does not hold the product.
    select p.fnsku, l.event_on, l.quantity, coalesce(l.reference_id, '')
    from ledger as l
    join detect_fnsku as p on p.asin = coalesce(nullif(l.asin, ''), substring(l.msku from '[^.]+$'))
    where l.connection_id = :connection_id and l.event_type = 'Receipts' and l.quantity > 0
      and l.event_on <= :as_of and l.msku ilike 'amazon.found.%' and p.fnsku <> l.fnsku
      and coalesce(l.reference_id, '') <> ''
      and not exists (
          select from detect_inbound_item as i
          where i.shipment_id = l.reference_id and coalesce(i.asin, p.asin) = p.asin)
    """,
    ("fnsku",),
    reads={
        "ledger": ("asin", "event_on", "event_type", "fnsku", "msku", "quantity", "reference_id")
    },
)

# Payments that may or may not be for an event.
UNTOLD = TemporaryTable(
    "detect_inbound_untold",
    "event_id bigint, why text",
    """
    select e.event_id, min(p.why)
    from detect_inbound_event as e
    join detect_untold_payment as p on (p.fnsku = e.fnsku or p.sku = e.sku or p.is_nameless)
        and p.order_id is null and p.family in ('inbound', 'untold')
        and coalesce(p.area = e.area, true)
        and (e.since is null
            or p.approved_on between e.since - 60 and (e.since + interval '12 months')::date)
    where e.open > 0
    group by e.event_id
    """,
)
