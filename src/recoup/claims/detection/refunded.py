"""Refunds and replacements of an order: units, money, days.

detect_order_event  one row per refund or replacement of a SKU, with the units it made good
detect_order_known  the SKUs that an order has
detect_order_case   one row per order and SKU with a refund or replacement: units, money, days
"""

from __future__ import annotations

from recoup.claims.detection.temporary_table import TemporaryTable

# A refund counts as units when it gave back at least 90 % of the price of each (docs/amazon.md#refunds). A
# replacement counts like a refund of that unit on the day it was shipped (docs/decisions.md#replacements).
EVENTS = TemporaryTable(
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
        one.quantity, one.source, one.source_line
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
        'referral_fee_credited', referral, 'administration_fee', administration, 'rest', rest
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
    reads={
        "replacements": (
            "asin",
            "original_order_id",
            "quantity",
            "reason_code",
            "replacement_order_id",
            "shipped_at",
            "sku",
        )
    },
    # It is only shown.
    optional={"replacements": ("reason_code",)},
)

KNOWN = TemporaryTable(
    "detect_order_known",
    "order_id text, sku text",
    """
select order_id, sku from detect_order_sku union select order_id, sku from detect_order_event
""",
    ("order_id, sku",),
)

CASES = TemporaryTable(
    "detect_order_case",
    """order_id text, sku text, asin text, fnsku text, marketplace_id text, zone text,
    is_amazon boolean, is_disputed boolean, is_cancelled boolean, by_seller boolean, refunds integer,
    refunded integer, replaced integer, partial_units integer, made_good integer, shipped integer,
    due integer, refunded_beyond integer, replaced_beyond integer, money_beyond numeric,
    event_on date, first_on date, last_on date, refunded_on date, beyond_on date,
    is_checked boolean, reason_codes text, currency text, charged numeric, unit_price numeric,
    unit_fees numeric, unit_value numeric, is_capped boolean, value_missing text, is_unsent boolean,
    source_rows jsonb""",
    """
with sold as (
    -- Without the whole sale a refund cannot be called too large.
    select *, case when sale_is_whole then principal + tax + shipping end as charged,
        case when sale_is_whole then principal + tax + shipping + promotion end as charged_net
    from detect_order_sku
), event as (
    select detect_order_event.*, sold.shipped, sold.currency as sale_currency,
        sold.charged, sold.charged_net,
        least(
            sum(refunded) over so_far - sold.charged, sum(refunded_net) over so_far - charged_net
        ) as money_beyond,
        sum(full_units) over so_far as units_so_far
    from detect_order_event left join sold using (order_id, sku)
    window so_far as (
        partition by detect_order_event.order_id, detect_order_event.sku
        order by event_on, kind desc, reference
    )
), total as (
    select order_id, sku,
        coalesce(sum(full_units) filter (where kind = 'refund'), 0)::integer as refunded,
        coalesce(sum(full_units) filter (where kind = 'replacement'), 0)::integer as replaced,
        coalesce(sum(units) filter (where full_units = 0), 0)::integer as partial_units,
        min(event_on) as event_on,
        min(event_on) filter (where full_units > 0) as first_on,
        max(event_on) filter (where full_units > 0) as last_on,
        min(event_on) filter (where full_units > 0 and kind = 'refund') as refunded_on,
        bool_and(is_checked) as is_checked, bool_or(by_seller) as by_seller,
        case when bool_and(currency = sale_currency) filter (where kind = 'refund')
            then least(
                sum(refunded) - max(charged), sum(refunded_net) - max(charged_net)
            ) end as money_beyond,
        coalesce(
            min(event_on) filter (where money_beyond > 0.02),
            min(event_on) filter (where units_so_far > shipped)
        ) as beyond_on,
        string_agg(reason_code, ' ' order by event_on) as reason_codes,
        jsonb_agg(source_row order by event_on, kind desc, reference) as rows
    from event
    group by order_id, sku
)
select order_id, sku, sold.asin, coalesce(product.fnsku, came.fnsku), detect_order.marketplace_id, detect_order.zone,
    detect_order.is_amazon, detect_order.is_disputed, detect_order.is_cancelled, total.by_seller,
    detect_order.refunds, refunded, replaced, partial_units, refunded + replaced, sold.shipped,
    least(refunded + replaced, coalesce(sold.shipped, refunded + replaced)),
    -- More units than were shipped for no more money than was charged: the units are miscounted.
    case when sold.shipped > 0 and money_beyond > 0.02 then greatest(refunded - sold.shipped, 1)
        when sold.shipped > 0 and money_beyond is null then greatest(refunded - sold.shipped, 0)
        else 0 end,
    case when sold.shipped > 0
        then greatest(refunded + replaced - greatest(refunded, sold.shipped), 0)
        else 0 end,
    money_beyond, event_on, first_on, last_on, refunded_on, beyond_on, is_checked, reason_codes,
    sold.currency, sold.charged, sold.unit_price_paid, sold.fees / nullif(sold.sold, 0),
    sold.unit_value, sold.is_capped, sold.value_missing, coalesce(detect_order.is_unsent, false),
    coalesce(sold.sale_rows, '[]') || total.rows
from total
join detect_order using (order_id)
left join sold using (order_id, sku)
left join (
    select sku, min(fnsku) as fnsku from detect_product where fnsku <> '' group by sku
) as product using (sku)
left join (
    select order_id, sku, min(fnsku) as fnsku from detect_return where fnsku <> '' group by order_id, sku
) as came using (order_id, sku)
where is_amazon is not false
""",
    ("order_id, sku",),
)
