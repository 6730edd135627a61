"""What rules about orders share, first half: the money of orders that were refunded or replaced.

Temporary tables, made once per detection. Each statement reads a big table once and keeps what
belongs to an order with a refund, a dispute, a replacement or a return; nothing else matters here.

detect_release      transactions that pay out what a deferred one had posted before
detect_order        one row per such order: marketplace, zone, who fulfilled it, disputes
detect_order_money  one row per transaction, order and SKU: what was paid, refunded and charged
detect_order_sku    one row per order and SKU: units shipped, charges, fees, what a unit is worth
detect_order_event  one row per refund or replacement of a SKU, with the units it made good

Sources: claims facts 2.10 and 5 (R5, R8, R9), decisions 15, 19 and 23. Amazon publishes no list of
transaction types and leaves; names that are not known count as neither price nor refund.
"""

from __future__ import annotations

from recoup.claims.step_queries import Step

# What each type of transaction and settlement line means, told once per type.
_KINDS = Step(
    "detect_order_kind",
    "type text, kind text",
    """
select type, case
    when name like '%guarantee%' or name like '%chargeback%' or name like 'atoz%' then 'dispute'
    when name like '%retrocharge%' then 'other'
    when name like 'refund%' or name = 'orderrefund' then 'refund'
    when name in ('shipment', 'order', 'orderpayment') then 'sale'
    else 'other' end
from (
    select type, lower(translate(type, '_-: ', '')) as name
    from (
        select type from transactions where connection_id = :connection_id group by type
        union
        select transaction_type from settlement_lines
        where connection_id = :connection_id group by transaction_type
    ) as told
    where type is not null
) as named
""",
)

# Either of the two names the other. The money is the same, and what counts from a posted day counts
# from the first of them: the deferred one, on which Amazon charged (facts 1.4).
_RELEASES = Step(
    "detect_release",
    "transaction_id text",
    """
with linked as (
    select transaction_id, posted_at, other.id as other_id
    from transactions
    cross join lateral (values
        (related_identifiers ->> 'DEFERRED_TRANSACTION_ID'),
        (related_identifiers ->> 'RELEASE_TRANSACTION_ID')
    ) as other (id)
    where connection_id = :connection_id and other.id <> transaction_id
)
select distinct case
    when (linked.posted_at, linked.transaction_id) > (other.posted_at, other.transaction_id)
    then linked.transaction_id else other.transaction_id end
from linked
join transactions as other on other.connection_id = :connection_id
    and other.transaction_id = linked.other_id
""",
    ("transaction_id",),
)

# In the EU fees have Base and Tax below them, so the path tells what a leaf is, not its own name.
# Tax that Amazon withholds to remit it is no fee, wherever it stands; settlements tell it apart too.
_LEAF = """case
        when path ~* 'withh[eo]ld|facilitator' then 'withheld'
        when path like '%RefundCommission%' then 'administration'
        when path like '%Commission%' then 'referral'
        when path like '%FulfillmentFee%' then 'fulfillment'
        when path like 'Expenses/%' or path like '%Fee%' then 'fee'
        else category end"""

_SETTLEMENT_LEAF = """case lower(translate(amount_type, '_-: ', ''))
        when 'itemprice' then case
            when lower(amount_description) = 'principal' then 'principal'
            when lower(amount_description) like '%tax%' then 'tax'
            when lower(amount_description) = 'shipping' then 'shipping' end
        when 'promotion' then case
            when lower(amount_description) not like '%shipping%' then 'promotion' end
        when 'itemfees' then case
            when amount_description like '%RefundCommission%' then 'administration'
            when amount_description like '%Commission%' then 'referral'
            when amount_description like '%FulfillmentFee%' then 'fulfillment'
            else 'fee' end end"""

_SUMS = """
    sum(amount) filter (where leaf = 'principal') as principal,
    coalesce(sum(amount) filter (where leaf = 'promotion'), 0) as promotion,
    coalesce(sum(amount) filter (where leaf = 'tax'), 0) as tax,
    coalesce(sum(amount) filter (where leaf = 'shipping'), 0) as shipping,
    sum(amount) filter (where leaf = 'referral') as referral,
    coalesce(sum(amount) filter (where leaf = 'referral' and not is_tax), 0) as referral_net,
    coalesce(sum(amount) filter (where leaf = 'administration'), 0) as administration,
    coalesce(sum(amount) filter (where leaf = 'fulfillment'), 0) as fulfillment,
    sum(amount) filter (where leaf in ('referral', 'fulfillment', 'fee')) as fees"""

_LINKS = Step(
    "detect_order_link",
    """order_id text, original_order_id text""",
    """
select replacement_order_id as order_id, min(original_order_id) as original_order_id
from replacements
where connection_id = :connection_id and original_order_id <> '' and replacement_order_id <> ''
group by replacement_order_id
""",
    ("order_id",),
)

_TOUCHED = Step(
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
)

# Settlements stand in for what the Finances API did not tell of an order, SKU and kind.
_MONEY = Step(
    "detect_order_money",
    """kind text, origin text, reference text, order_id text, sku text, currency text,
    posted_at timestamptz, marketplace_id text, source text, by_seller boolean, quantity integer,
    principal numeric, promotion numeric, tax numeric, shipping numeric, referral numeric,
    referral_net numeric, administration numeric, fulfillment numeric, fees numeric""",
    f"""
with moved as materialized (
    select transaction_id, order_id, posted_at, marketplace_id, source, kind,
        -- Amazon documents no mark of who refunded; a text that names the seller is taken as one.
        coalesce(description, '') || type ilike '%seller%' as by_seller
    from transactions
    join detect_order_touched using (order_id)
    join detect_order_kind using (type)
    where connection_id = :connection_id
        and transaction_id not in (select transaction_id from detect_release)
), only_sku as (
    select order_id, min(sku) as sku
    from order_items join detect_order_touched using (order_id)
    where connection_id = :connection_id
    group by order_id
    having min(sku) = max(sku)
), leaf as (
    select transaction_id, fees.sku, amount, currency, {_LEAF} as leaf, path like '%/Tax' as is_tax,
        -- Each leaf repeats the units of its item; the first leaf of an item is `items.N/0.0...`.
        case when translate(split_part(line, '/', 2), '0.', '') = '' then quantity end as quantity
    from moved
    join fees using (transaction_id)
    where fees.connection_id = :connection_id
), summed as (
    select transaction_id, sku, currency, sum(quantity) as quantity, {_SUMS}
    from leaf
    group by transaction_id, sku, currency
), told as (
    select kind, 'transactions', transaction_id, moved.order_id,
        coalesce(summed.sku, only_sku.sku) as sku, currency, posted_at, marketplace_id, source,
        by_seller, quantity, principal, promotion, tax, shipping, referral, referral_net,
        administration, fulfillment, fees
    from summed
    join moved using (transaction_id)
    left join only_sku on only_sku.order_id = moved.order_id
), line as (
    select settlement_lines.*, kind, {_SETTLEMENT_LEAF} as leaf,
        null::text as marketplace_id, false as by_seller, false as is_tax
    from settlement_lines
    join detect_order_touched using (order_id)
    join detect_order_kind on detect_order_kind.type = transaction_type
    where connection_id = :connection_id
), settled as (
    select kind, concat_ws(' ', settlement_id, adjustment_id, shipment_id) as reference,
        order_id, sku, currency, max(quantity_purchased) as quantity, min(posted_at) as posted_at,
        min(marketplace_id) as marketplace_id, min(source) as source,
        bool_or(by_seller) as by_seller, {_SUMS}
    from line
    where sku <> ''
    group by kind, settlement_id, adjustment_id, shipment_id, order_id, sku, currency
)
select * from told
union all
select kind, 'settlement_lines', reference, order_id, sku, currency, posted_at, marketplace_id,
    source, by_seller, quantity, principal, promotion, tax, shipping, referral, referral_net,
    administration, fulfillment, fees
from settled
where kind <> 'other' and not exists (
    select from told where told.kind = settled.kind and told.order_id = settled.order_id
        and told.sku = settled.sku
)
""",  # noqa: S608 - put together from constants
    ("order_id, sku",),
)

# Only Amazon's own warehouses appear in the reports of returns and replacements, and only its
# orders pay a fulfillment fee: they tell the channel of an order that is not loaded.
_ORDERS = Step(
    "detect_order",
    """order_id text, marketplace_id text, zone text, is_loaded boolean, order_source text,
    is_cancelled boolean, is_amazon boolean, is_disputed boolean, by_seller boolean,
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
)

# What one SKU of an order was sold for, from the sale; what the order itself says of price and
# units stands in where the sale is not loaded. Fees are known from the sale only.
_SKUS = Step(
    "detect_order_sku",
    """order_id text, sku text, asin text, currency text, shipped integer,
    sale_is_whole boolean, sold integer, principal numeric, promotion numeric, tax numeric,
    shipping numeric, referral numeric, referral_net numeric, fulfillment numeric, fees numeric,
    unit_price numeric, unit_price_paid numeric, price_may_have_tax boolean, unit_value numeric,
    is_capped boolean, sale_rows jsonb""",
    """
with sale as (
    select order_id, sku, min(currency) as currency, count(distinct currency) as currencies,
        sum(quantity) as quantity, sum(principal) as principal, sum(promotion) as promotion,
        sum(tax) as tax, sum(shipping) as shipping, sum(referral) as referral,
        sum(referral_net) as referral_net, sum(fulfillment) as fulfillment, sum(fees) as fees,
        jsonb_agg(jsonb_build_object(
            'table', origin, 'source', source, 'id', reference, 'what', 'sale',
            'posted_at', posted_at, 'units', quantity, 'principal', principal,
            'promotion', promotion, 'tax', tax, 'shipping', shipping, 'fees', fees
        ) order by posted_at, reference) as rows
    from detect_order_money
    where kind = 'sale' and sku is not null
    group by order_id, sku
), item as (
    select order_id, sku, min(asin) as asin, min(currency) as currency,
        sum(quantity_ordered) as ordered, sum(quantity_fulfilled) as fulfilled,
        sum(item_price) as price, sum(promotion_discount) as discount,
        max(unit_price) as unit_price
    from order_items join detect_order_touched using (order_id)
    where connection_id = :connection_id and sku is not null
    group by order_id, sku
)
select order_id, sku, item.asin, coalesce(sale.currency, item.currency) as currency,
    -- Null: not known. An order that is not loaded may have shipped more than its loaded sales.
    case when item.sku is not null or sale.quantity is not null then greatest(
        coalesce(item.fulfilled, case when not detect_order.is_cancelled then item.ordered end, 0),
        coalesce(sale.quantity, 0)
    ) end as shipped,
    item.sku is not null and sale.quantity >= coalesce(item.fulfilled, item.ordered)
        and sale.currencies = 1 as sale_is_whole,
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
    least(worth.each, detect_cap.per_unit) as unit_value, worth.each > detect_cap.per_unit,
    coalesce(sale.rows, '[]')
from item
full join sale using (order_id, sku)
join detect_order using (order_id)
cross join lateral (
    select case when sale.currencies = 1
        then (sale.principal + sale.promotion + sale.fees) / nullif(sale.quantity, 0)
    end as each
) as worth
left join detect_cap on detect_cap.currency = sale.currency
""",
    ("order_id, sku",),
)

# A refund counts as units when it gave back at least 90 % of the price of each (facts R5). A
# replacement counts like a refund of that unit on the day it was shipped (decision 15).
_EVENTS = Step(
    "detect_order_event",
    """kind text, order_id text, sku text, event_on date, reference text, units integer,
    by_seller boolean, currency text, is_checked boolean, full_units integer, refunded numeric,
    refunded_net numeric, reason_code text, source_row jsonb""",
    """
with refund as (
    select money.*, sold.unit_price, sold.unit_price_paid, sold.price_may_have_tax,
        (money.posted_at at time zone detect_order.zone)::date as event_on,
        coalesce(
            nullif(money.quantity, 0), round(-money.principal / nullif(sold.unit_price, 0)), 0
        )::integer as units
    from detect_order_money as money
    join detect_order using (order_id)
    left join detect_order_sku as sold using (order_id, sku)
    where kind = 'refund' and money.sku is not null
), replacement as (
    select one.original_order_id as order_id, coalesce(own.sku, alike.sku, one.sku) as sku,
        (one.shipped_at at time zone detect_order.zone)::date as event_on,
        one.replacement_order_id, one.sku as replacement_sku, one.shipped_at, one.reason_code,
        coalesce(one.quantity, 1) as quantity, one.source, one.source_line
    from replacements as one
    join detect_order on detect_order.order_id = one.original_order_id
    left join detect_order_sku as own
        on own.order_id = one.original_order_id and own.sku = one.sku
    left join (
        select order_id, asin, min(sku) as sku from detect_order_sku group by order_id, asin
    ) as alike on alike.order_id = one.original_order_id and alike.asin = one.asin
    where one.connection_id = :connection_id
)
select 'refund' as kind, order_id, sku, event_on, reference, units, by_seller, currency,
    unit_price is not null as is_checked,
    case when principal is null then 0
        when unit_price is null
        or -principal >= 0.9 * unit_price * units
        or -(principal + promotion) >= 0.9 * unit_price_paid * units
        or (price_may_have_tax and -(principal + tax) >= 0.9 * unit_price * units)
    then units else 0 end as full_units,
    -(coalesce(principal, 0) + tax + shipping) as refunded,
    -(coalesce(principal, 0) + tax + shipping + promotion) as refunded_net,
    null::text as reason_code,
    jsonb_build_object(
        'table', origin, 'source', source, 'id', reference, 'what', 'refund',
        'posted_at', posted_at, 'units', quantity, 'principal', principal,
        'promotion', promotion, 'tax', tax, 'shipping', shipping,
        'referral_fee_credited', referral, 'administration_fee', administration
    )
from refund
where event_on <= :as_of
union all
select 'replacement', order_id, sku, event_on, replacement_order_id, quantity,
    false, null, true, quantity, 0, 0, reason_code,
    jsonb_build_object(
        'table', 'replacements', 'source', source, 'source_line', source_line,
        'what', 'replacement', 'replacement_order_id', replacement_order_id,
        'shipped_at', shipped_at, 'sku', replacement_sku, 'units', quantity,
        'reason_code', reason_code
    )
from replacement
where event_on <= :as_of and quantity > 0
""",
    ("order_id, sku",),
)

ORDER_STEPS = (_KINDS, _RELEASES, _LINKS, _TOUCHED, _MONEY, _ORDERS, _SKUS, _EVENTS)
