"""The money of refunded or replaced orders.

detect_order_kind   what each type of transaction and settlement line means
detect_release      transactions that pay out what a deferred one had posted before
detect_order_money  one row per transaction, order and SKU: what was paid, refunded and charged

Amazon publishes no list of transaction types and leaves. A leaf whose name is not known counts as
neither price nor refund; a sale that has one, or whose leaves do not add up to its total, has no worth
that is known (docs/claims.md#value).
"""

from __future__ import annotations

from recoup.claims.detection.temporary_table import TemporaryTable

# What each type of transaction and settlement line means, computed once per type.
KINDS = TemporaryTable(
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
    reads={"settlement_lines": ("transaction_type",), "transactions": ("type",)},
)

# Either of the two names the other. The money is the same, and what counts from a posted day counts
# from the first of them: the deferred one, on which Amazon charged (docs/claims.md#value).
RELEASES = TemporaryTable(
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
    reads={"transactions": ("posted_at", "related_identifiers", "transaction_id")},
)

# In the EU fees have Base and Tax below them, so the path shows what a leaf is, not its own name.
# Tax that Amazon withholds to remit it is no fee, wherever it occurs; settlements separate it too.
# `all fees`: the sum of a sale's fees where Amazon names no single one. `rest`: of no known name.
_LEAF = """case
        when path ~* 'withh[eo]ld|facilitator' then 'withheld'
        when path like '%RefundCommission%' then 'administration'
        when path like '%Commission%' then 'referral'
        when path like '%FulfillmentFee%' or path ~ '(^|/)FBAFees$' then 'fulfillment'
        when path ~ '(^|/)AmazonFees$' then 'all fees'
        when path like 'Expenses/%' or path like '%Fee%' then 'fee'
        when category = 'other' then 'rest'
        else category end"""

# What stands beside the price and is no part of it, under whatever name.
_BESIDE_PRICE = "path ~* 'ship|gift|tax|goodwill|concession'"

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
    sum(amount) filter (where leaf in ('referral', 'fulfillment', 'fee', 'all fees')) as fees,
    coalesce(bool_or(leaf = 'referral') and bool_or(leaf = 'fulfillment')
        or bool_or(leaf = 'all fees'), false) as are_fees_told,
    coalesce(bool_or(leaf = 'all fees'), false) as are_fees_unnamed,
    coalesce(bool_or(is_unknown), false) as has_unknown,
    sum(amount) filter (where leaf = 'rest') as rest, sum(amount) as total"""

_PARTS = (
    "principal", "promotion", "tax", "shipping", "referral", "referral_net", "administration",
    "fulfillment", "fees", "are_fees_told", "are_fees_unnamed", "has_unknown", "rest",
)  # fmt: skip


def _parts_of(table: str) -> str:
    """The sums of one of the tables, in order."""
    return ", ".join(f"{table}.{part}" for part in _PARTS)


_COLUMNS = f"""kind, origin, reference, order_id, sku, currency, posted_at, marketplace_id, source,
    by_seller, quantity, {", ".join(_PARTS)}, is_whole"""

# Settlements stand in for what the Finances API did not report of an order, SKU and kind. They name the
# parts, too, of what it reports in sums without names, where both have the same money.
MONEY = TemporaryTable(
    "detect_order_money",
    """kind text, origin text, reference text, order_id text, sku text, currency text,
    posted_at timestamptz, marketplace_id text, source text, by_seller boolean, quantity integer,
    principal numeric, promotion numeric, tax numeric, shipping numeric, referral numeric,
    referral_net numeric, administration numeric, fulfillment numeric, fees numeric,
    are_fees_told boolean, are_fees_unnamed boolean, has_unknown boolean, rest numeric,
    is_whole boolean""",
    f"""
with moved as materialized (
    select transaction_id, order_id, posted_at, marketplace_id, source, kind, total_amount,
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
        {_LEAF} = 'rest' and amount <> 0 and not {_BESIDE_PRICE} as is_unknown,
        -- Each leaf repeats the units of its item; the first leaf of an item is `items.N/0.0...`.
        case when translate(split_part(line, '/', 2), '0.', '') = '' then quantity end as quantity
    from moved
    join fees using (transaction_id)
    where fees.connection_id = :connection_id
), summed as (
    select transaction_id, sku, currency, sum(quantity) as quantity, {_SUMS}
    from leaf
    group by transaction_id, sku, currency
), tree as (
    select transaction_id, sum(amount) as amount from leaf group by transaction_id
), line as (
    select settlement_id, adjustment_id, shipment_id, order_id, sku, currency, quantity_purchased,
        posted_at, amount, source, kind, {_SETTLEMENT_LEAF} as leaf,
        null::text as marketplace_id, false as by_seller, false as is_tax, false as is_unknown
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
), found as (
    select summed.*, kind, order_id, of_sku, row_number() over (
            partition by kind, order_id, of_sku, currency, total order by posted_at, transaction_id
        ) as nth
    from summed
    join moved using (transaction_id)
    left join only_sku using (order_id)
    cross join lateral (select coalesce(summed.sku, only_sku.sku) as of_sku) as whose
), settled_in_turn as (
    select *, row_number() over (
        partition by kind, order_id, sku, currency, total order by posted_at, reference) as nth
    from settled
), named as (
    select found.transaction_id, of_sku as sku, currency, found.quantity, {_parts_of("one")}
    from found
    join settled_in_turn as one using (kind, order_id, currency, total, nth)
    where one.sku = of_sku and (found.has_unknown or found.are_fees_unnamed)
), part as (
    select * from named
    union all
    select transaction_id, of_sku, currency, quantity, {_parts_of("found")} from found
    where transaction_id not in (select transaction_id from named)
), told as (
    select kind, 'transactions', transaction_id, order_id, sku, currency, posted_at, marketplace_id, source,
        by_seller, quantity, {_parts_of("part")}, tree.amount = total_amount as is_whole
    from part
    join moved using (transaction_id)
    join tree using (transaction_id)
)
select {_COLUMNS}
from (
    -- An anti join would do, but the planner expects a row of each and joins them by kind alone.
    select *, bool_or(origin = 'transactions') over (partition by kind, order_id, sku) as is_told
    from (
        select * from told
        union all
        select kind, 'settlement_lines', reference, order_id, sku, currency, posted_at,
            marketplace_id, source, by_seller, quantity, {_parts_of("settled")}, true
        from settled
        where kind <> 'other'
    ) as either ({_COLUMNS})
) as one
where origin = 'transactions' or not is_told
""",
    ("order_id, sku",),
    reads={
        "fees": (
            "amount",
            "category",
            "currency",
            "line",
            "path",
            "quantity",
            "sku",
            "transaction_id",
        ),
        "order_items": ("order_id", "sku"),
        "settlement_lines": (
            "adjustment_id",
            "amount",
            "amount_description",
            "amount_type",
            "currency",
            "order_id",
            "posted_at",
            "quantity_purchased",
            "settlement_id",
            "shipment_id",
            "sku",
            "transaction_type",
        ),
        "transactions": (
            "description",
            "marketplace_id",
            "order_id",
            "posted_at",
            "total_amount",
            "transaction_id",
            "type",
        ),
    },
)
