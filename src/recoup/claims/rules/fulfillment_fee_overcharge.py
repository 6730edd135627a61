"""Fulfillment fees above what the product's measurements explain.

Two causes, one claim each per SKU and marketplace (docs/decisions.md#fee-claims): `above_preview`, the fee is more
than the fee preview that was valid that day; `size_changed`, Amazon measured the product again, the
preview rose with it, and the seller should look which measures are true. The third alarm,
the seller's own measures, needs data that recoup does not hold.

Previews of Europe name no store: they are taken for the first of the seller's marketplaces with
their currency, with less confidence, and prove nothing for the others.

Left out: a charge that was given back, several units on one line (fees are per unit), orders of
other channels, what a surcharge of the policy explains, charges of before a new fee card that only a
preview of after it could be held against, sales served from another country, and weeks in which most SKUs of the marketplace
cost more than their preview, which is a season or a new rate card, not a wrong measure (ours).
Charges and the previews of their days come from recoup.claims.detection.fees.

Only charges inside the window count; the clock is that of the oldest of them. Once all are past
it, the newest one stands for what expired last.
"""

from recoup.claims.detection.parts import Sql, either, list_of, part, settled
from recoup.claims.detection.temporary_table import MONEY_OF_PAYMENTS
from recoup.claims.detection.wording import by_number
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

# Per unit; what remains below it is rounding (docs/rules.md#fulfillment_fee_overcharge).
_TOLERANCE = "0.02"

_SURE = list_of(
    either(
        part(
            "base",
            0.5,
            "Amazon changed the measurements of the product and its fee rose",
            when="cause = 'size_changed'",
        ),
        part("base", 0.4, "charged more than the fee preview"),
    ),
    part(
        "store",
        -0.1,
        "the fee preview does not name its store: taken for the first one",
        when="store = '' and shared.marketplaces > 1",
    ),
)

_GIVEN_BACK = settled(
    "correction",
    "transaction_ids",
    "quantity",
    Sql("format('%s %s credited for order %s', round(given_back, 2), currency, order_id)"),
)

_SETTLED = list_of(
    Sql("coalesce(settled, '[]')"),
    settled(
        "payment",
        "corrections",
        "open",
        "a fee correction that covers the difference",
        when="open > 0 and coalesce(owed, 0) = 0",
    ),
)

# What remains of each suspect charge after corrections, of whatever transaction they came in. What is
# given back without a SKU may be for any of the order.
_OVERCHARGES = f"""
suspect as (
    select c.*, p.store, p.is_home, p.seen_at, p.fnsku, p.size, p.size_before, p.size_tier, p.tier_before,
           p.source, p.source_line, p.is_first and c.posted_at < p.seen_at as is_before_preview,
           m.country, m.zone, m.today
    from detect_fee_suspect as c
    join detect_fee_preview as p using (preview_id)
    join detect_marketplace as m on m.marketplace_id = c.marketplace_id
), single as (
    select cause, order_id, sku, currency, marketplace_id, country, zone, today, week,
           min(posted_at) as posted_at, sum(quantity)::integer as quantity,
           -- A fee of several units is divided by them: what is far behind the cent is not Amazon's.
           round(sum(unit_fee * quantity), 4) as charged, round(sum(right_fee * quantity), 4) as expected,
           min(transaction_id) as transaction_id, min(fnsku) as fnsku,
           bool_or(is_before_preview) as is_before_preview, max(seen_at) as seen_at,
           min(store) as store, bool_and(is_home) as is_home,
           min(size) as size, min(size_before) as size_before, min(size_tier) as size_tier,
           min(tier_before) as tier_before, min(source) as source, min(source_line) as source_line
    from suspect
    group by cause, order_id, sku, currency, marketplace_id, country, zone, today, week
), given_back as (
    select f.order_id, nullif(f.sku, '') as sku, f.currency, sum(f.amount) as amount,
           jsonb_agg(distinct f.transaction_id) as transaction_ids
    from fees as f
    where f.connection_id = :connection_id and f.category = 'fulfillment_fee' and f.amount > 0
      and f.type <> 'Tax' and f.posted_at < cast(:as_of as date) + 2
      and f.order_id in (select order_id from detect_fee_suspect)
      and f.transaction_id not in (select transaction_id from detect_release)
    group by f.order_id, nullif(f.sku, ''), f.currency
), remaining as (
    select s.*, (s.posted_at at time zone s.zone)::date as charged_on,
           back.amount as given_back, back.transaction_ids,
           greatest(s.charged - back.amount - s.expected, 0) as over
    from single as s
    left join given_back as g using (order_id, sku, currency)
    left join given_back as unplaced on unplaced.order_id = s.order_id
        and unplaced.currency = s.currency and unplaced.sku is null
    cross join lateral (
        select coalesce(g.amount, 0) + coalesce(unplaced.amount, 0) as amount,
               coalesce(g.transaction_ids, '[]') || coalesce(unplaced.transaction_ids, '[]')
                   as transaction_ids
    ) as back
    left join orders as o on o.connection_id = :connection_id and o.order_id = s.order_id
    left join detect_fee_season as x on x.marketplace_id = s.marketplace_id
        and x.week = s.week
    left join lateral (
        select bool_and(l.country <> s.country) as is_abroad
        from ledger as l
        where l.connection_id = :connection_id and l.fnsku = s.fnsku
          and l.event_type = 'Shipments' and l.country <> ''
          and l.event_on between (s.posted_at at time zone s.zone)::date - 3
                             and (s.posted_at at time zone s.zone)::date + 1
    ) as served on true
    where x.week is null and not coalesce(served.is_abroad, false)
      and replace(coalesce(o.sales_channel, ''), '_', '-') not ilike 'non-amazon%'
), judged as (
    select r.*, r.over > {_TOLERANCE} * r.quantity as is_open, w.closes,
           max(r.charged_on) filter (where r.over > {_TOLERANCE} * r.quantity) over claim
               as newest_on
    from remaining as r
    left join lateral (
        select closes_days as closes from detect_policy as p
        where p.marketplace_id = r.marketplace_id and p.window_name = 'fee_dimension'
          and r.charged_on >= coalesce(p.valid_from, '-infinity')
          and r.charged_on < coalesce(p.valid_to, 'infinity')
        limit 1
    ) as w on true
    window claim as (partition by r.cause, r.sku, r.marketplace_id)
), counted as (
    select * from judged
    where closes is null or not is_open or charged_on > least(today - closes, newest_on - 1)
), claims as (
    select cause, sku, marketplace_id, currency, min(fnsku) as fnsku,
           sum(quantity)::integer as units,
           coalesce(sum(quantity) filter (where is_open), 0)::integer as open,
           sum(over) filter (where is_open) as over,
           coalesce(min(charged_on) filter (where is_open), min(charged_on)) as oldest_on,
           max(charged_on) filter (where is_open) as newest_on,
           count(*) filter (where is_open) as charges, min(store) as store,
           bool_and(is_home) as is_home,
           bool_or(is_before_preview) as is_before_preview, max(seen_at) as seen_at,
           min(size) as size, min(size_before) as size_before, min(size_tier) as size_tier,
           min(tier_before) as tier_before, min(source) as source, min(source_line) as source_line,
           jsonb_agg(jsonb_build_object('table', 'fees', 'transactionId', transaction_id,
               'orderId', order_id, 'sku', sku, 'chargedOn', charged_on, 'units', quantity,
               'charged', trim_scale(charged)::text, 'givenBack', given_back::text,
               'expected', trim_scale(expected)::text, 'over', trim_scale(over)::text)
               order by charged_on, order_id) filter (where is_open) as rows,
           jsonb_agg({_GIVEN_BACK.json} order by charged_on, order_id)
               filter (where not is_open) as settled
    from counted
    group by cause, sku, marketplace_id, currency
)
"""

_SQL = f"""
with {_OVERCHARGES}, repaid as (
    select c.cause, c.sku, c.marketplace_id, sum(p.amount) as amount, max(p.approved_on) as last_on,
           string_agg(p.name, ', ' order by p.name) as corrections
    from claims as c
    join detect_fee_repaid as p on p.currency = c.currency
        and p.sku = c.sku and p.approved_on >= c.oldest_on
    group by c.cause, c.sku, c.marketplace_id
), reached as (
    -- No payment is for a charge that came after it.
    select k.cause, k.sku, k.marketplace_id, sum(k.over) as over
    from counted as k join repaid as r using (cause, sku, marketplace_id)
    where k.is_open and k.charged_on <= r.last_on
    group by k.cause, k.sku, k.marketplace_id
), netted as (
    -- Money for both causes of a SKU comes off the first, and what it leaves off the second.
    select c.*, repaid.corrections, product.asin,
           c.over - least(coalesce(reached.over, 0), greatest(0, coalesce(repaid.amount, 0)
               - coalesce(sum(reached.over) over (partition by c.sku, c.marketplace_id
                   order by c.cause rows between unbounded preceding and 1 preceding), 0))) as owed
    from claims as c
    left join repaid using (cause, sku, marketplace_id)
    left join reached using (cause, sku, marketplace_id)
    left join detect_fnsku as product using (fnsku)
), shared as (
    select currency, count(*) as marketplaces from detect_marketplace group by currency
)
select jsonb_build_object('sku', sku, 'marketplaceId', marketplace_id, 'cause', cause) as key,
       marketplace_id, sku, fnsku, asin, null::text as order_id,
       units, case when owed > 0 then open else 0 end as quantity,
       {_SETTLED} as settled,
       oldest_on as event_on, oldest_on as clock_on, null::date as wait_until,
       coalesce(owed, 0) as amount, currency,
       'charged less the expected fee' as amount_basis, null::text as amount_missing,
       {_SURE} as confidence_parts,
       case when not is_home
            then 'the fee preview is used for another marketplace with the same currency'
            when owed > 0 and nameless.names is not null then 'a fee correction that names no product may be '
                || 'for this: ' || nameless.names end as suppressed,
       case cause when 'size_changed' then format(
               '%s %s charged after Amazon changed the size from %s (%s) to %s (%s): %s %s more '
               'than before.', open, {by_number("open", "unit", "units")}, size_before, tier_before, size, size_tier, round(over, 2), currency)
            else format('%s %s in %s %s %s %s more than the fee preview.',
               open, {by_number("open", "unit", "units")}, charges,
               {by_number("charges", "charge", "charges")} || {by_number("open", " costs", " cost")}, round(coalesce(over, 0), 2), currency) end as reason,
       jsonb_build_object(
           'rows', coalesce(rows, '[]') || jsonb_build_array(jsonb_build_object(
               'table', case when source is null then 'fee_preview_history'
                             else 'fee_preview' end, 'source', source,
               'source_line', source_line, 'sku', sku, 'store', store, 'seenAt', seen_at,
               'size', size, 'sizeTier', size_tier)),
           'numbers', jsonb_build_object('units', open, 'charges', charges,
               'over', trim_scale(coalesce(over, 0))::text,
               'owed', trim_scale(coalesce(owed, 0))::text,
               -- What the next day of waiting loses: the charges that are about to leave the window.
               'lostPerDayOfDelay', round(coalesce(over, 0)
                   / greatest(newest_on - oldest_on + 1, 1), 2)::text),
           'notes', to_jsonb(array_remove(array[
               'Amazon requires one claim per charge: each row is one',
               case when is_before_preview then 'the fee preview for the day of some charges is not '
                   'known: they are compared with the first one that recoup saw' end,
               case when surcharge.share is not null then format('%s %% of each fee may be the fuel and '
                   'logistics surcharge: check whether the fee preview includes it', round(surcharge.share * 100, 1))
                   end,
               corrections || ' are subtracted'], null))) as evidence
from netted join shared using (currency)
left join detect_fee_nameless as nameless
    on nameless.paid_in = netted.currency and nameless.last_on >= netted.oldest_on
left join (
    select marketplace_id, max(share) as share from detect_fee_change
    where kind = 'surcharge' and valid_to > :as_of group by marketplace_id
) as surcharge using (marketplace_id)
"""

RULE = Rule(
    type=ClaimType.FULFILLMENT_FEE_OVERCHARGE,
    title="Fulfillment fee too high",
    source="docs/rules.md#fulfillment_fee_overcharge",
    window=PolicyWindow.FEE_DIMENSION,
    value=Value.OWN,
    version=3,
    sql=_SQL,
    reads={
        "fees": (
            "amount",
            "category",
            "currency",
            "order_id",
            "posted_at",
            "sku",
            "transaction_id",
            "type",
        ),
        "ledger": ("country", "event_on", "event_type", "fnsku"),
        "orders": ("order_id", "sales_channel"),
    },
    # By the SKU of the ledger the ASIN is found, which is only shown.
    optional={"ledger": ("msku",)},
    decides={"reimbursements": MONEY_OF_PAYMENTS},
)
