"""Refunded or replaced orders, and the price at which each of their SKUs was sold.

Each statement reads a big table once and keeps what belongs to an order with a refund, a dispute, a
replacement or a return; nothing else matters here.

detect_order_link     the order that a replacement order belongs to
detect_order_touched  the orders that matter
detect_order          one row per such order: marketplace, zone, who fulfilled it, disputes
detect_order_sku      one row per order and SKU: units shipped, charges, fees, what a unit is worth
"""

from __future__ import annotations

from recoup.claims.detection.temporary_table import TemporaryTable

LINKS = TemporaryTable(
    "detect_order_link",
    """order_id text, original_order_id text""",
    """
select replacement_order_id as order_id, min(original_order_id) as original_order_id
from replacements
where connection_id = :connection_id and original_order_id <> '' and replacement_order_id <> ''
group by replacement_order_id
""",
    ("order_id",),
    reads={"replacements": ("original_order_id", "replacement_order_id")},
)

TOUCHED = TemporaryTable(
    "detect_order_touched",
    """order_id text""",
    """
select order_id from transactions
where connection_id = :connection_id and order_id is not null and type in (
    select type from detect_order_kind where kind in ('refund', 'dispute')
)
union
select order_id from settlement_lines
where connection_id = :connection_id and order_id <> '' and transaction_type in (
    select type from detect_order_kind where kind in ('refund', 'dispute')
)
union
select original_order_id from replacements
where connection_id = :connection_id and original_order_id <> ''
union
select coalesce(link.original_order_id, returns.order_id)
from returns left join detect_order_link as link using (order_id)
where connection_id = :connection_id
""",
    ("order_id",),
    reads={
        "replacements": ("original_order_id",),
        "returns": ("order_id",),
        "settlement_lines": ("order_id", "transaction_type"),
        "transactions": ("order_id", "type"),
    },
)

# Only Amazon's own warehouses appear in the reports of returns and replacements, and only its
# orders pay a fulfillment fee: they show the channel of an order that is not loaded.
ORDERS = TemporaryTable(
    "detect_order",
    """order_id text, marketplace_id text, zone text, is_loaded boolean, order_source text,
    is_cancelled boolean, is_unsent boolean, is_amazon boolean, is_disputed boolean, by_seller boolean,
    refunds integer""",
    """
with money as (
    select order_id, min(marketplace_id) as marketplace_id,
        bool_or(kind = 'dispute') as is_disputed,
        bool_or(by_seller and kind = 'refund') as by_seller,
        bool_or(kind = 'sale' and fulfillment <> 0) or null as paid_fulfillment,
        count(distinct reference) filter (where kind = 'refund') as refunds
    from detect_order_money group by order_id
), channel as (
    select order_id, bool_or(upper(fulfillment_id) = 'AFN') as is_amazon
    from settlement_lines join detect_order_touched using (order_id)
    where connection_id = :connection_id and fulfillment_id <> ''
    group by order_id
), warehouse as (
    select order_id from returns where connection_id = :connection_id
    union
    select original_order_id from replacements where connection_id = :connection_id
)
select detect_order_touched.order_id, known.marketplace_id, coalesce(
        market.zone, (select zone from detect_marketplace order by position limit 1), 'UTC'
    ) as zone,
    orders.order_id is not null as is_loaded, orders.source as order_source,
    upper(orders.status) in ('CANCELLED', 'CANCELED') as is_cancelled,
    upper(orders.status) in ('CANCELLED', 'CANCELED', 'PENDING', 'PENDING_AVAILABILITY',
        'PENDINGAVAILABILITY', 'UNSHIPPED', 'UNFULFILLABLE')
        or orders.order_id is not null and coalesce(orders.status, '') = '' as is_unsent,
    coalesce(
        case when upper(orders.fulfilled_by) in ('AMAZON', 'AFN') then true
            when upper(orders.fulfilled_by) in ('MERCHANT', 'SELLER', 'MFN') then false end,
        channel.is_amazon, money.paid_fulfillment, warehouse.order_id is not null or null
    ) as is_amazon,
    coalesce(money.is_disputed, false) as is_disputed,
    coalesce(money.by_seller, false) as by_seller, coalesce(money.refunds, 0) as refunds
from detect_order_touched
left join orders on orders.connection_id = :connection_id
    and orders.order_id = detect_order_touched.order_id
left join money on money.order_id = detect_order_touched.order_id
left join channel on channel.order_id = detect_order_touched.order_id
left join warehouse on warehouse.order_id = detect_order_touched.order_id
cross join lateral (
    select coalesce(orders.marketplace_id, money.marketplace_id) as marketplace_id
) as known
left join detect_marketplace as market on market.marketplace_id = known.marketplace_id
""",
    ("order_id",),
    reads={
        "orders": ("fulfilled_by", "marketplace_id", "order_id", "status"),
        "replacements": ("original_order_id",),
        "returns": ("order_id",),
        "settlement_lines": ("fulfillment_id", "order_id"),
    },
)

# What one SKU of an order was sold for, from the sale; what the order itself says of price and
# units stands in where the sale is not loaded. Fees are known from the sale only.
SKUS = TemporaryTable(
    "detect_order_sku",
    """order_id text, sku text, asin text, currency text, shipped integer,
    sale_is_whole boolean, sold integer, principal numeric, promotion numeric, tax numeric,
    shipping numeric, referral numeric, referral_net numeric, fulfillment numeric, fees numeric,
    unit_price numeric, unit_price_paid numeric, price_may_have_tax boolean, unit_value numeric,
    is_capped boolean, value_missing text, sale_rows jsonb""",
    """
with sale as (
    select order_id, sku, min(currency) as currency, count(distinct currency) as currencies,
        -- A part that one of several shipments does not tell is not known of the whole.
        case when bool_and(quantity > 0) is true and count(quantity) = count(*) then sum(quantity) end
            as quantity,
        case when count(principal) = count(*) then sum(principal) end as principal,
        sum(promotion) as promotion,
        sum(tax) as tax, sum(shipping) as shipping,
        case when count(referral) = count(*) then sum(referral) end as referral,
        sum(referral_net) as referral_net, sum(fulfillment) as fulfillment,
        case when bool_and(are_fees_told) then sum(fees) end as fees,
        bool_and(is_whole) as is_whole, bool_or(has_unknown) as has_unknown,
        jsonb_agg(jsonb_build_object(
            'table', origin, 'source', source, 'id', reference, 'what', 'sale',
            'posted_at', posted_at, 'units', quantity, 'principal', principal,
            'promotion', promotion, 'tax', tax, 'shipping', shipping, 'fees', fees, 'rest', rest
        ) order by posted_at, reference) as rows
    from detect_order_money
    where kind = 'sale' and sku is not null
    group by order_id, sku
), item as (
    select order_id, sku, min(asin) as asin, min(currency) as currency,
        case when count(quantity_ordered) = count(*) then sum(quantity_ordered) end as ordered,
        case when count(quantity_fulfilled) = count(*) then sum(quantity_fulfilled) end as fulfilled,
        case when count(item_price) = count(*) then sum(item_price) end as price,
        sum(promotion_discount) as discount, max(unit_price) as unit_price
    from order_items join detect_order_touched using (order_id)
    where connection_id = :connection_id and sku is not null
    group by order_id, sku
)
select order_id, sku, item.asin, coalesce(sale.currency, item.currency) as currency,
    -- Null: not known. An order that is not loaded may have shipped more than its loaded sales.
    -- Of an order that was never sent the sale may be told all the same, and refunded. Where the order
    -- does not tell what was sent of it, its sales do: they are posted as it is sent.
    case when detect_order.is_unsent and coalesce(item.fulfilled, 0) = 0 then 0
        when item.fulfilled is not null then greatest(item.fulfilled, sale.quantity)
        else coalesce(sale.quantity, item.ordered) end as shipped,
    item.sku is not null and sale.quantity >= coalesce(item.fulfilled, item.ordered)
        and sale.currencies = 1 and sale.is_whole and sale.principal is not null and not sale.has_unknown
        as sale_is_whole,
    sale.quantity as sold, sale.principal, sale.promotion, sale.tax, sale.shipping,
    sale.referral, sale.referral_net, sale.fulfillment, sale.fees,
    coalesce(
        sale.principal / nullif(sale.quantity, 0), item.price / nullif(item.ordered, 0),
        item.unit_price
    ) as unit_price,
    coalesce(
        (sale.principal + sale.promotion) / nullif(sale.quantity, 0),
        (item.price - coalesce(item.discount, 0)) / nullif(item.ordered, 0), item.unit_price
    ) as unit_price_paid,
    -- The price in the order includes tax in some marketplaces.
    sale.principal is null and item.price is null as price_may_have_tax,
    -- What is not known is worth no cap.
    case when worth.each > detect_cap.per_unit then detect_cap.per_unit else worth.each end,
    worth.each > detect_cap.per_unit, doubt.why, coalesce(sale.rows, '[]')
from item
full join sale using (order_id, sku)
join detect_order using (order_id)
cross join lateral (
    select case
        when sale.sku is null then 'the sale of this order is not loaded, so its price and fees are not known'
        when sale.currencies > 1 then 'the sale of this order is reported in several currencies'
        when sale.quantity is null then 'the sale of this order does not state its units'
        when sale.principal is null or sale.has_unknown
            then 'the price of this order is not known: a part of its sale has an unknown name'
        when sale.fees is null then 'the fees of this order''s sale are not known, and a fee that is not '
            || 'known is not a fee of zero'
        when not sale.is_whole then 'the parts of this order''s sale do not add up to its total'
    end as why
) as doubt
cross join lateral (
    select case when doubt.why is null
        then (sale.principal + sale.promotion + sale.fees) / sale.quantity
    end as each
) as worth
left join detect_cap on detect_cap.currency = sale.currency
""",
    ("order_id, sku",),
    reads={
        "order_items": (
            "asin",
            "currency",
            "item_price",
            "order_id",
            "promotion_discount",
            "quantity_fulfilled",
            "quantity_ordered",
            "sku",
            "unit_price",
        )
    },
)
