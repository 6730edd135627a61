"""Units that came back from customers.

detect_return         units that came back, by the order and SKU they belong to
detect_return_unseen  units that the ledger saw come back and the returns report lacks
"""

from __future__ import annotations

from recoup.claims.detection.temporary_table import TemporaryTable

AMAZONS_DAMAGE = """(
    disposition in ('CARRIER_DAMAGED', 'DAMAGED', 'FC_DAMAGED')
    or disposition like 'WAREHOUSE_DAMA%'
)"""
"""Damage that is Amazon's (docs/rules.md#return_damaged_by_amazon), with the misspelling that was seen (docs/amazon.md#dispositions)."""

# A return under a SKU that the order does not have is of the order's only SKU, where it has one.
RETURNS = TemporaryTable(
    "detect_return",
    """return_id bigint, order_id text, sku text, fnsku text, asin text, returned_on date,
    units integer, fulfillment_center text, disposition text, is_reimbursed boolean,
    own_sku text, is_restocked boolean, is_counted boolean, is_judged boolean, is_told_again boolean,
    source_row jsonb""",
    """
select row_number() over (
        order by one.order_id, one.sku, one.fnsku, one.returned_at, license_plate_number, occurrence
    ) as return_id,
    detect_order.order_id, coalesce(own.sku, alike.sku, known.sku, single.sku, one.sku) as sku, one.fnsku, one.asin,
    (one.returned_at at time zone detect_order.zone)::date as returned_on,
    coalesce(one.quantity, 1) as units, one.fulfillment_center,
    upper(translate(detailed_disposition, ' ', '_')) as disposition,
    lower(one.status) = 'reimbursed' as is_reimbursed, one.sku as own_sku,
    lower(one.status) = 'unit returned to inventory' as is_restocked,
    one.quantity is not null as is_counted, one.status <> '' is true as is_judged,
    one.license_plate_number = '' and one.returned_at > min(one.returned_at) over (
        partition by one.order_id, one.sku, one.detailed_disposition, one.license_plate_number
    ) as is_told_again,
    jsonb_build_object(
        'table', 'returns', 'source', one.source, 'source_line', one.source_line,
        'order_id', one.order_id, 'sku', one.sku, 'fnsku', one.fnsku,
        'returned_at', one.returned_at, 'units', coalesce(one.quantity, 1),
        'license_plate_number', one.license_plate_number,
        'fulfillment_center', one.fulfillment_center, 'disposition', one.detailed_disposition,
        'reason', one.reason, 'status', one.status
    )
from (
    -- One unit of an order has one license plate; told again, it may have another day.
    select distinct on (
        order_id, sku, license_plate_number, case when license_plate_number = '' then fnsku end,
        case when license_plate_number = '' then returned_at end,
        case when license_plate_number = '' then occurrence end
    ) order_id, sku, fnsku, asin, returned_at, license_plate_number, occurrence, quantity,
        fulfillment_center, detailed_disposition, reason, status, source, source_line
    from returns
    where connection_id = :connection_id
    order by order_id, sku, license_plate_number, case when license_plate_number = '' then fnsku end,
        case when license_plate_number = '' then returned_at end,
        case when license_plate_number = '' then occurrence end, loaded_at desc, returned_at desc
) as one
left join detect_order_link as link on link.order_id = one.order_id
join detect_order on detect_order.order_id = coalesce(link.original_order_id, one.order_id)
left join (select distinct order_id, sku from detect_order_event) as own
    on own.order_id = detect_order.order_id and own.sku = one.sku
left join (
    select order_id, asin, min(sku) as sku
    from detect_order_event join detect_order_sku using (order_id, sku)
    group by order_id, asin
) as alike on alike.order_id = detect_order.order_id and alike.asin = one.asin
left join detect_order_known as known
    on known.order_id = detect_order.order_id and known.sku = one.sku
left join (
    select order_id, min(sku) as sku from detect_order_known group by order_id having count(*) = 1
) as single on single.order_id = detect_order.order_id
where coalesce(one.quantity, 1) > 0
    and (one.returned_at at time zone detect_order.zone)::date <= :as_of
""",
    ("order_id, sku",),
    reads={
        "returns": (
            "asin",
            "detailed_disposition",
            "fnsku",
            "fulfillment_center",
            "license_plate_number",
            "order_id",
            "quantity",
            "reason",
            "returned_at",
            "sku",
            "status",
        )
    },
    # Why a customer sent it back is shown only. The others decide in what is made of returns.
    optional={
        "returns": ("asin", "detailed_disposition", "fulfillment_center", "reason", "status")
    },
)

# The stock ledger names no order, but it sees units come back. Where it saw more of a product, in the
# two months after a refund, than the report of returns shows, a unit that "never came back" is doubtful.
# The days of the report reach two weeks further: the two report one unit on different days.
UNSEEN = TemporaryTable(
    "detect_return_unseen",
    "order_id text, sku text, units integer",
    """
with missing as (
    select order_id, sku, fnsku, first_on from detect_order_case where due > 0 and fnsku <> ''
), stocked as (
    select fnsku, event_on, sum(quantity) as units from ledger
    where connection_id = :connection_id and event_type = 'CustomerReturns' and event_on <= :as_of
        and fnsku in (select fnsku from missing)
    group by fnsku, event_on
    union all
    select product.fnsku, event_on, units from detect_graded
    join (select distinct fnsku, sku from missing) as product on product.sku = base_sku
), told as (
    select coalesce(nullif(came.fnsku, ''), product.fnsku) as fnsku, returned_on, sum(units) as units
    from detect_return as came
    left join (select sku, min(fnsku) as fnsku from missing group by sku) as product using (sku)
    group by 1, 2
), seen as (
    select order_id, missing.sku, sum(units) as units
    from missing join stocked using (fnsku)
    where event_on between first_on - 3 and first_on + 60
    group by order_id, missing.sku
), known as (
    select order_id, missing.sku, sum(units) as units
    from missing join told using (fnsku)
    where returned_on between first_on - 17 and first_on + 74
    group by order_id, missing.sku
)
select order_id, sku, seen.units - coalesce(known.units, 0)
from seen left join known using (order_id, sku)
where seen.units > coalesce(known.units, 0)
""",
    ("order_id, sku",),
    reads={"ledger": ("event_on", "event_type", "fnsku", "quantity")},
)
