"""Data shared by rules about removals: places of orders, events, and payments allocated to them.

detect_removal_order    one row per removal order: its marketplace, which the reports do not name
detect_removal_event    one row per parcel and SKU (removal_lost) and per order and SKU whose
                        quantities do not add up (removal_discrepancy), with what payments settled
detect_removal_settled  which payment settled how many units of which event
detect_removal_untold   payments that may be for an event, and do not say so
"""

from __future__ import annotations

from recoup.claims.detection.paid_events import PaidEvents
from recoup.claims.detection.parts import Sql, settled
from recoup.claims.detection.temporary_table import TemporaryTable
from recoup.claims.rule import ClaimType

# An order belongs to the marketplace of its currency. Where several share it (the euro), or no fee
# tells it, the country that the units left by the stock ledger decides, else the first of the seller's.
# The currency is that of the fee, of the country, or of all marketplaces; else it is not known.
ORDERS = TemporaryTable(
    "detect_removal_order",
    """order_id text, marketplace_id text, zone text, currency text""",
    """
    with orders as (
        select order_id, min(nullif(currency, '')) as currency, min(requested_at) as requested_at,
               max(last_updated_at) as last_updated_at, array_agg(distinct fnsku) as fnskus
        from removals
        where connection_id = :connection_id
        group by order_id
        union all
        select order_id, null, min(shipped_at), max(shipped_at), array_agg(distinct fnsku)
        from removal_shipments as s
        where connection_id = :connection_id and not exists (
            select from removals as r
            where r.connection_id = :connection_id and r.order_id = s.order_id)
        group by order_id
    ), possible as (
        select o.order_id, count(*) as marketplaces,
               case when count(distinct m.currency) = 1 then min(m.currency) end as only_currency,
               (array_agg(m.marketplace_id order by m.position))[1] as marketplace_id
        from orders as o
        join detect_marketplace as m on o.currency is null or m.currency = o.currency
        group by o.order_id
    ), placed as (
        select o.order_id, coalesce(here.marketplace_id, p.marketplace_id) as marketplace_id,
               coalesce(o.currency, here.currency, p.only_currency) as currency
        from orders as o
        left join possible as p using (order_id)
        left join lateral (
            select m.marketplace_id, min(m.currency) as currency
            from ledger as l join detect_country as m on m.country = l.country
            where p.marketplaces > 1 and l.connection_id = :connection_id
              and l.fnsku = any (o.fnskus) and l.event_type = 'VendorReturns' and l.quantity < 0
              and l.event_on between o.requested_at::date - 1 and o.last_updated_at::date + 1
            group by m.marketplace_id
            order by sum(l.quantity), m.marketplace_id
            limit 1
        ) as here on true
    )
    select p.order_id, p.marketplace_id, coalesce(m.zone, 'UTC') as zone, p.currency
    from placed as p left join detect_marketplace as m using (marketplace_id)
    """,
    ("order_id",),
    reads={
        "ledger": ("country", "event_on", "event_type", "fnsku", "quantity"),
        "removal_shipments": ("fnsku", "order_id", "shipped_at"),
        "removals": ("currency", "fnsku", "last_updated_at", "order_id", "requested_at"),
    },
)

# What the seller said of a parcel holds for everything in it, unless the answers differ.
PARCELS = TemporaryTable(
    "detect_removal_parcel",
    """order_id text, tracking_number text, sku text, fnsku text, marketplace_id text, carrier text,
    shipped_on date, units integer, rows jsonb, arrived boolean""",
    """
    with told as (
        select key ->> 'removalOrderId' as order_id, key ->> 'trackingNumber' as tracking_number,
               key ->> 'sku' as sku, arrived
        from claim
        where connection_id = :connection_id and type = 'removal_lost' and arrived is not null
    ), told_of_parcel as (
        select order_id, tracking_number,
               case when bool_and(arrived) = bool_or(arrived) then bool_and(arrived) end as arrived
        from told
        group by order_id, tracking_number
    ), parcels as (
        select s.order_id, s.tracking_number, s.sku, min(nullif(s.fnsku, '')) as fnsku,
               min(o.marketplace_id) as marketplace_id, min(s.carrier) as carrier,
               min((s.shipped_at at time zone o.zone)::date) as shipped_on,
               sum(s.shipped_quantity)::integer as units,
               jsonb_agg(jsonb_build_object('table', 'removal_shipments', 'source', s.source,
                   'source_line', s.source_line, 'removalOrderId', s.order_id, 'sku', s.sku,
                   'trackingNumber', s.tracking_number, 'carrier', s.carrier,
                   'shippedAt', s.shipped_at, 'quantity', s.shipped_quantity)
                   order by s.shipped_at, s.disposition, s.occurrence) as rows
        from removal_shipments as s
        join detect_removal_order as o using (order_id)
        where s.connection_id = :connection_id and lower(s.removal_order_type) = 'return'
          and (s.shipped_at at time zone o.zone)::date <= :as_of
        group by s.order_id, s.tracking_number, s.sku
        having sum(s.shipped_quantity) > 0
    )
    select p.order_id, p.tracking_number, p.sku, p.fnsku, p.marketplace_id, p.carrier, p.shipped_on,
           p.units, p.rows, coalesce(own.arrived, whole.arrived)
    from parcels as p
    left join told as own using (order_id, tracking_number, sku)
    left join told_of_parcel as whole using (order_id, tracking_number)
    """,
    ("order_id",),
    reads={
        "removal_shipments": (
            "carrier",
            "disposition",
            "fnsku",
            "order_id",
            "removal_order_type",
            "shipped_at",
            "shipped_quantity",
            "sku",
            "tracking_number",
        )
    },
    # It is only shown.
    optional={"removal_shipments": ("carrier",)},
)

# Completed orders of type Return. Units that no quantity accounts for; units that have left but
# are in no parcel; units that were disposed of although the seller wanted them back. A quantity that is
# not told is not zero: with one missing nothing is unaccounted for. Without any parcel row at all the
# report of parcels was not loaded, and nothing follows from it. That report selects by the day of the
# request and grows for weeks (docs/claims.md#what-is-held-back): a parcel is missing only when it was read
# again after the order was completed.
GAPS = TemporaryTable(
    "detect_removal_gap",
    """order_id text, sku text, fnsku text, marketplace_id text, requested_on date, completed_on date,
    unaccounted integer, disposed integer, without_parcel integer, units integer,
    is_arrived boolean, rows jsonb""",
    """
    with parcels as (
        -- Of each SKU of an order; what names no SKU may be of any. Null: one does not tell its units.
        select r.order_id, r.sku,
               case when count(s.shipped_quantity) = count(*) then sum(s.shipped_quantity) end as units
        from (
            select distinct order_id, sku from removals where connection_id = :connection_id
        ) as r
        join removal_shipments as s on s.connection_id = :connection_id and s.order_id = r.order_id
            and (s.sku = r.sku or s.sku = '' or r.sku = '')
        group by r.order_id, r.sku
    ), reading as (
        select max(read_at) as read_at from stream_cursor
        where connection_id = :connection_id and stream = 'removal_shipments'
    ), lines as (
        select r.order_id, r.sku, r.disposition, min(nullif(r.fnsku, '')) as fnsku,
               min(r.requested_at) as requested_at, max(r.last_updated_at) as last_updated_at,
               case when count(r.requested_quantity - r.cancelled_quantity - r.disposed_quantity
                       - r.shipped_quantity - r.in_process_quantity) = count(*)
                   then greatest(sum(r.requested_quantity - r.cancelled_quantity - r.disposed_quantity
                       - r.shipped_quantity - r.in_process_quantity), 0) else 0 end::integer as unaccounted,
               sum(coalesce(r.shipped_quantity, 0)) as shipped,
               sum(coalesce(r.disposed_quantity, 0))::integer as disposed
        from removals as r
        where r.connection_id = :connection_id and lower(r.order_type) = 'return'
          and lower(r.status) = 'completed'
        group by r.order_id, r.sku, r.disposition
    ), summed as (
        select l.order_id, l.sku, min(l.fnsku) as fnsku, min(l.requested_at) as requested_at,
               max(l.last_updated_at) as completed_at,
               sum(l.unaccounted)::integer as unaccounted, sum(l.disposed)::integer as disposed,
               case when exists (
                        select from removal_shipments as s where s.connection_id = :connection_id)
                       and (p.order_id is null or p.units is not null)
                       and coalesce(max(reading.read_at) > max(l.last_updated_at) + interval '1 day', true)
                   then greatest(sum(l.shipped) - coalesce(p.units, 0), 0) else 0 end::integer
                   as without_parcel
        from lines as l
        cross join reading
        left join parcels as p on p.order_id = l.order_id and p.sku = l.sku
        group by l.order_id, l.sku, p.order_id, p.units
    ), sources as (
        select r.order_id, r.sku, jsonb_agg(jsonb_build_object('table', 'removals',
                   'source', r.source, 'source_line', r.source_line, 'removalOrderId', r.order_id,
                   'sku', r.sku, 'disposition', r.disposition, 'requested', r.requested_quantity,
                   'cancelled', r.cancelled_quantity, 'disposed', r.disposed_quantity,
                   'shipped', r.shipped_quantity, 'inProcess', r.in_process_quantity)
                   order by r.disposition, r.fnsku) as rows
        from removals as r
        where r.connection_id = :connection_id
        group by r.order_id, r.sku
    )
    select s.order_id, s.sku, s.fnsku, o.marketplace_id, (s.requested_at at time zone o.zone)::date,
           (s.completed_at at time zone o.zone)::date, s.unaccounted, s.disposed, s.without_parcel,
           s.unaccounted + s.disposed + s.without_parcel, coalesce(c.arrived, false), sources.rows
    from summed as s
    join sources using (order_id, sku)
    join detect_removal_order as o using (order_id)
    left join claim as c on c.connection_id = :connection_id and c.type = 'removal_discrepancy'
        and c.key = jsonb_build_object('removalOrderId', s.order_id, 'sku', s.sku)
    where s.unaccounted + s.disposed + s.without_parcel > 0
      and (s.completed_at at time zone o.zone)::date <= :as_of
    """,
    ("order_id",),
    reads={
        "removal_shipments": ("order_id", "shipped_quantity", "sku"),
        "removals": (
            "cancelled_quantity",
            "disposed_quantity",
            "disposition",
            "fnsku",
            "in_process_quantity",
            "last_updated_at",
            "order_id",
            "order_type",
            "requested_at",
            "requested_quantity",
            "shipped_quantity",
            "sku",
            "status",
        ),
    },
)

# A payment whose case or whose order id names removal orders settles those only; any other one
# the first event of its FNSKU and currency, in the order of the events, that is not younger than the payment.
_PAID_EVENTS = PaidEvents(
    kind="removal",
    owner="order_id",
    key="removalOrderId",
    types=(ClaimType.REMOVAL_LOST, ClaimType.REMOVAL_DISCREPANCY),
    payment="""p.currency, coalesce(f.owners,
               case when o.order_id is not null then array[o.order_id] end) as owners""",
    joins="left join detect_removal_order as o on o.order_id = p.order_id",
    payment_order="o.order_id is null, ",
    product="fnsku = payment.fnsku",
    may_be_for="since <= payment.approved_on and coalesce(currency = payment.currency, true)",
    event_order="event_id",
)
DIVISION = _PAID_EVENTS.division()
FILED = _PAID_EVENTS.filed()
PAID = _PAID_EVENTS.paid(DIVISION)

# What has arrived needs no payment; what surely has not comes first.
EVENTS = TemporaryTable(
    "detect_removal_event",
    """event_id bigint, type text, order_id text, tracking_number text, sku text, fnsku text,
    units integer, open integer, since date, currency text""",
    """
    with events as (
        select 'removal_lost' as type, order_id, tracking_number, sku, fnsku, units,
               case when arrived then 0 else units end as open, shipped_on as since,
               case when arrived is null then 2 else 0 end as rank
        from detect_removal_parcel
        union all
        select 'removal_discrepancy', order_id, '', sku, fnsku, units,
               case when is_arrived then disposed else units end, completed_on, 1
        from detect_removal_gap
    )
    select row_number() over (order by rank, since, order_id, tracking_number, events.sku, type), type,
           order_id, tracking_number, events.sku, coalesce(events.fnsku, product.fnsku), units, open, since,
           o.currency
    from events left join detect_removal_order as o using (order_id)
    -- A row without an FNSKU is of the one that its SKU has.
    left join (
        select sku, min(fnsku) as fnsku from detect_product group by sku
    ) as product on product.sku = events.sku
    """,
    ("fnsku",),
    changed_by=DIVISION,
)

# Payments that may or may not be for an event.
UNTOLD = TemporaryTable(
    "detect_removal_untold",
    "event_id bigint, why text",
    """
    select e.event_id, min(p.why)
    from detect_removal_event as e
    join detect_untold_payment as p on (p.fnsku = e.fnsku or p.sku = e.sku or p.is_nameless)
        and coalesce(p.order_id, e.order_id) = e.order_id and p.family in ('removal', 'untold')
        and p.approved_on between e.since and e.since + 120 and coalesce(p.currency = e.currency, true)
    where e.open > 0
    group by e.event_id
    """,
)

_PAID = settled(
    "payment", "p.reference", "t.units", Sql("format('%s, approved %s', p.reason, p.approved_on)")
).json

# What settled an event, in the form of a rule, and payments of which nobody knows whether they did.
SETTLED = TemporaryTable(
    "detect_removal_settled",
    "event_id bigint, settled jsonb, possible text",
    f"""
    with paid as (
        select t.event_id, jsonb_agg({_PAID}
                   order by p.approved_on, p.payment_id) as settled
        from detect_removal_paid as t join detect_payment as p using (payment_id)
        group by t.event_id
    ), possible as (
        select e.event_id, string_agg(distinct p.reimbursement_id, ', ') as reimbursements
        from detect_payment as p
        join detect_removal_event as e on e.fnsku = p.fnsku and e.open > 0
            and p.approved_on between e.since and e.since + 120
            and coalesce(p.currency = e.currency, true)
        where p.family in ('general', 'unknown') and coalesce(p.order_id, e.order_id) = e.order_id
        group by e.event_id
    )
    select event_id, paid.settled, possible.reimbursements
    from paid full join possible using (event_id)
    """,
    ("event_id",),
)
