"""The report source of orders. Source: GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL.

docs/amazon.md#orders-report. A line is an item; the lines of an order become the order and its
items, in the words of searchOrders. If both sources have an order of the same last update, that of
searchOrders stays: it has more fields.
"""

from __future__ import annotations

from datetime import timedelta

from recoup.streams._report import Field, FieldKind, Report, Statements
from recoup.streams.sales_channels import marketplace_values

# An order that the file has in several versions counts in its newest one.
_LINES = """
    select line.*,
        abs(coalesce(item_promotion_discount, 0)) as item_discount,
        item_price + coalesce(item_tax, 0) + coalesce(shipping_price, 0)
            + coalesce(shipping_tax, 0) + coalesce(gift_wrap_price, 0)
            + coalesce(gift_wrap_tax, 0) - abs(coalesce(item_promotion_discount, 0))
            - abs(coalesce(ship_promotion_discount, 0)) as total
    from (
        select staged.*,
            rank() over (partition by order_id order by last_updated_at desc) as age
        from staged
    ) as line
    where age = 1
"""

# `Shipped - Delivered to Buyer` is SHIPPED, `PartiallyShipped` is PARTIALLY_SHIPPED.
_CONSTANT = r"upper(regexp_replace({0}, '([a-z])([A-Z])', '\1_\2', 'g'))"
_STATUS = "split_part(order_status, ' - ', 1)"

_ORDERS = f"""
insert into orders (
    connection_id, order_id, marketplace_id, sales_channel, status, fulfilled_by, service_level,
    created_at, last_updated_at, total_amount, currency, item_count, units_ordered, source
)
select :connection_id, order_id, marketplace.id,
    case when sales_channel ilike 'amazon.%' then 'AMAZON'
        when sales_channel ilike 'non-amazon%' then 'NON_AMAZON'
        else coalesce(sales_channel, '') end,
    case lower(status) when 'canceled' then 'CANCELLED' else {_CONSTANT.format("status")} end,
    upper(fulfilled_by), {_CONSTANT.format("service_level")},
    created_at, last_updated_at,
    case when currencies = 1 then total_amount end,
    case when currencies = 1 then currency end,
    item_count, units_ordered, :source
from (
    select order_id, min(sales_channel) as sales_channel, min({_STATUS}) as status,
        min(fulfillment_channel) as fulfilled_by, min(service_level) as service_level,
        min(created_at) as created_at, min(last_updated_at) as last_updated_at,
        sum(total) as total_amount, min(currency) as currency,
        count(distinct currency) as currencies, count(*) as item_count,
        sum(quantity) as units_ordered
    from ({_LINES}) as line
    group by order_id
) as fresh
left join (values {marketplace_values()}) as marketplace (name, id)
    on marketplace.name = lower(sales_channel)
on conflict (connection_id, order_id) do update set
    marketplace_id = excluded.marketplace_id, sales_channel = excluded.sales_channel,
    status = excluded.status, fulfilled_by = excluded.fulfilled_by,
    service_level = excluded.service_level, created_at = excluded.created_at,
    last_updated_at = excluded.last_updated_at, total_amount = excluded.total_amount,
    currency = excluded.currency, item_count = excluded.item_count,
    units_ordered = excluded.units_ordered, source = excluded.source, loaded_at = now()
where excluded.last_updated_at > orders.last_updated_at
"""

# The orders of this file that were new or newer are those that now name it as their source.
_REMOVE_ITEMS = """
delete from order_items using orders
where orders.connection_id = :connection_id and orders.source = :source
    and order_items.connection_id = orders.connection_id
    and order_items.order_id = orders.order_id and order_items.source <> :source
"""

_ITEMS = f"""
insert into order_items (
    connection_id, order_id, order_item_id, sku, asin, quantity_ordered, quantity_fulfilled,
    unit_price, proceeds_total, item_price, item_tax, shipping_price, promotion_discount, currency,
    proceeds, source
)
select :connection_id, line.order_id,
    coalesce(order_item_id, concat(sku, '#', row_number() over (
        partition by line.order_id, sku order by source_line
    ))),
    sku, asin, quantity,
    case lower(item_status) when 'shipped' then quantity when 'unshipped' then 0
        when 'cancelled' then 0 when 'canceled' then 0 when 'pending' then 0 end,
    round(item_price / nullif(quantity, 0), 2), total, item_price, item_tax, shipping_price,
    case when item_price is not null then item_discount end, line.currency, '[]', :source
from ({_LINES}) as line
join orders on orders.connection_id = :connection_id and orders.order_id = line.order_id
    and orders.source = :source
on conflict (connection_id, order_id, order_item_id) do nothing
"""

# A line of an order that this file has written must have become an item, unless it is of an older
# version of the order.
_UNCHANGED = """
select count(*) - count(distinct orders.ctid) filter (where orders.loaded_at = now())
from staged
join orders on orders.connection_id = :connection_id and orders.order_id = staged.order_id
where orders.loaded_at <> now() or staged.last_updated_at < orders.last_updated_at
    or exists (
        select from order_items
        where order_items.connection_id = orders.connection_id
            and order_items.order_id = orders.order_id
            and order_items.sku is not distinct from staged.sku
    )
"""

REPORT = Report(
    report_type="GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
    fields=(
        Field("order_id", ("amazon-order-id",), required=True),
        Field("created_at", ("purchase-date",), FieldKind.TIME, required=True),
        Field("last_updated_at", ("last-updated-date",), FieldKind.TIME, required=True),
        Field("order_status", ("order-status",), filled=True, stored_as=("status",)),
        Field(
            "fulfillment_channel",
            ("fulfillment-channel",),
            filled=True,
            stored_as=("fulfilled_by",),
        ),
        Field(
            "sales_channel",
            ("sales-channel",),
            filled=True,
            stored_as=("sales_channel", "marketplace_id"),
        ),
        Field("service_level", ("ship-service-level",), filled=True),
        # Newer files have it, under either name.
        Field("order_item_id", ("order-item-id", "amazon-order-item-id"), varies=True),
        Field("sku", ("sku",), filled=True),
        Field("asin", ("asin",), filled=True, is_code=True),
        Field("item_status", ("item-status",), filled=True, stored_as=("quantity_fulfilled",)),
        Field("quantity", ("quantity",), FieldKind.INTEGER, required=True),
        Field("currency", ("currency",), filled=True, is_code=True),
        Field(
            "item_price",
            ("item-price",),
            FieldKind.AMOUNT,
            filled=True,
            stored_as=("item_price", "unit_price", "proceeds_total", "total_amount"),
        ),
        Field("item_tax", ("item-tax",), FieldKind.AMOUNT),
        Field("shipping_price", ("shipping-price",), FieldKind.AMOUNT),
        Field("shipping_tax", ("shipping-tax",), FieldKind.AMOUNT),
        Field("gift_wrap_price", ("gift-wrap-price",), FieldKind.AMOUNT),
        Field("gift_wrap_tax", ("gift-wrap-tax",), FieldKind.AMOUNT),
        Field(
            "item_promotion_discount",
            ("item-promotion-discount",),
            FieldKind.AMOUNT,
            stored_as=("promotion_discount",),
        ),
        Field("ship_promotion_discount", ("ship-promotion-discount",), FieldKind.AMOUNT),
    ),
    load=Statements(
        (_ORDERS, _REMOVE_ITEMS, _ITEMS),
        unchanged=_UNCHANGED,
        key=("order_id", "order_item_id", "last_updated_at"),
    ),
    ignored=(
        "merchant-order-id",
        "order-channel",
        "product-name",
        "ship-city",
        "ship-state",
        "ship-postal-code",
        "ship-country",
        "promotion-ids",
        "is-business-order",
        "purchase-order-number",
        "price-designation",
        "url",
        "is-amazon-business",
    ),
    # The four All-Orders reports are exempt from the rule about repeats.
    repeat_after=timedelta(0),
    longest=timedelta(days=30),
)
