"""What rules of fees share: charges beside the fee preview of their day.

Temporary tables of one detection, made after those of prepare_queries:

detect_fee_preview   the fee previews of a SKU in a marketplace, with how long each was valid
detect_fee_charge    every fulfillment fee that Amazon charged, per unit, and what it should be
detect_fee_suspect   those above what they should be, and why
detect_fee_season    weeks in which they all were
detect_fee_repaid    money that came back for fees of a product, asked for or not
"""

from __future__ import annotations

from recoup.claims.step_queries import Step

# Our own history, or today's preview where there is none. The first one that was seen stands for
# the time before it. The EU file names no store; the currency must do then, and where several
# marketplaces have it (the euro), the file is for the seller's first of them.
_PREVIEWS = Step(
    "detect_fee_preview",
    """preview_id bigint, sku text, store text, is_home boolean, marketplace_id text, currency text, fnsku text,
    seen_at timestamptz, since timestamptz, until timestamptz, is_first boolean, fee numeric,
    fee_before numeric, next_fee numeric, has_grown boolean, size text, size_before text,
    size_tier text, tier_before text, cubic_side numeric, unit_of_dimension text, source text,
    source_line integer""",
    """
    with known as (
        select sku, store, seen_at, fnsku, currency, fulfillment_fee, size_tier, longest_side,
               median_side, shortest_side, unit_of_dimension, item_weight, unit_of_weight,
               null as source, null::integer as source_line
        from fee_preview_history
        where connection_id = :connection_id and seen_at < cast(:as_of as date) + 2
        union all
        select sku, store, loaded_at, fnsku, currency, fulfillment_fee, size_tier, longest_side,
               median_side, shortest_side, unit_of_dimension, item_weight, unit_of_weight,
               source, source_line
        from fee_preview as now
        where connection_id = :connection_id and not exists (
            select from fee_preview_history as old
            where old.connection_id = :connection_id and old.sku = now.sku
              and old.store = now.store)
    ), described as (
        select *,
               format('%s x %s x %s %s', longest_side, median_side, shortest_side,
                      unit_of_dimension) as size,
               row(longest_side, median_side, shortest_side, item_weight, unit_of_dimension,
                   unit_of_weight, size_tier)::text as measures
        from known
    ), step as (
        select *, row_number() over steps = 1 as is_first,
               lag(fulfillment_fee) over steps as fee_before, lag(size) over steps as size_before,
               lag(size_tier) over steps as tier_before,
               lag(measures) over steps is distinct from measures as is_measured_anew,
               lead(seen_at) over steps as next_seen_at, lead(fulfillment_fee) over steps as next_fee
        from described
        window steps as (partition by sku, store order by seen_at)
    ), rate_card as (
        -- Days on which the fee of most SKUs changed while their measures did not: nothing but a
        -- new rate does that, so one of two is enough.
        select store, currency, seen_at::date as seen_on
        from step
        where not is_first
        group by store, currency, seen_at::date
        having count(*) filter (where fulfillment_fee <> fee_before and not is_measured_anew) >= 1
           and 2 * count(*) filter (where fulfillment_fee <> fee_before and not is_measured_anew)
               >= count(*)
    )
    select row_number() over (order by s.sku, s.store, s.seen_at, m.marketplace_id), s.sku, s.store,
           s.store <> '' or m.position = (
               select min(position) from detect_marketplace where currency = m.currency),
           m.marketplace_id, s.currency, s.fnsku, s.seen_at,
           case when s.is_first then '-infinity' else s.seen_at end,
           coalesce(s.next_seen_at, 'infinity'), s.is_first, s.fulfillment_fee, s.fee_before,
           s.next_fee, coalesce(not s.is_first and s.is_measured_anew
               and s.fulfillment_fee > s.fee_before and r.seen_on is null, false),
           s.size, s.size_before, s.size_tier, s.tier_before,
           s.longest_side * s.median_side * s.shortest_side, s.unit_of_dimension, s.source,
           s.source_line
    from step as s
    join detect_marketplace as m
        on s.store in (m.country, case when m.country = 'GB' then 'UK' end)
        or (s.store = '' and s.currency = m.currency)
    left join rate_card as r on r.store = s.store and r.currency = s.currency
        and r.seen_on = s.seen_at::date
    """,
    ("sku", "fnsku"),
)

# Fees of Europe have a base and a tax; previews are without tax. A preview that is first seen
# within a week after the charge was valid for it already: Amazon renews it every 72 hours.
_CHARGES = Step(
    "detect_fee_charge",
    """preview_id bigint, transaction_id text, order_id text, sku text, marketplace_id text,
    currency text, posted_at timestamptz, week timestamp, quantity integer, unit_fee numeric,
    expected numeric, fee_before numeric""",
    """
    -- Materialized: one pass over the fees, where an index would fetch each row by itself.
    with charged as materialized (
        select transaction_id, order_id, sku, currency, posted_at, quantity,
               -amount / quantity as unit_fee
        from fees
        where connection_id = :connection_id and category = 'fulfillment_fee' and type <> 'Tax'
          and amount < 0 and quantity > 0 and order_id <> ''
          and posted_at < cast(:as_of as date) + 2
          and transaction_id not in (select transaction_id from detect_release)
    )
    select p.preview_id, f.transaction_id, f.order_id, f.sku, t.marketplace_id, f.currency,
           f.posted_at, date_trunc('week', f.posted_at at time zone 'UTC'), f.quantity, f.unit_fee,
           case when p.next_fee > p.fee and p.until < f.posted_at + interval '7 days'
                then p.next_fee else p.fee end,
           case when p.has_grown then p.fee_before end
    from charged as f
    join transactions as t on t.connection_id = :connection_id
        and t.transaction_id = f.transaction_id
    join detect_fee_preview as p on p.sku = f.sku and p.marketplace_id = t.marketplace_id
        and p.currency = f.currency and f.posted_at >= p.since and f.posted_at < p.until
    where p.fee is not null
    """,
)

# Per unit; what differs by less is rounding (facts R14).
_TOLERANCE = "0.02"

_SUSPECTS = Step(
    "detect_fee_suspect",
    """preview_id bigint, transaction_id text, order_id text, sku text, marketplace_id text,
    currency text, posted_at timestamptz, week timestamp, quantity integer, unit_fee numeric,
    right_fee numeric, cause text""",
    f"""
    select preview_id, transaction_id, order_id, sku, marketplace_id, currency, posted_at, week,
           quantity, unit_fee,
           case when unit_fee > expected + {_TOLERANCE} then expected else fee_before end,
           case when unit_fee > expected + {_TOLERANCE} then 'above_preview'
                else 'size_changed' end
    from detect_fee_charge
    where unit_fee > least(expected, fee_before) + {_TOLERANCE}
    """,  # noqa: S608 - a constant
    ("order_id",),
)

# Weeks in which most SKUs of a marketplace cost more than their preview in all their charges. Of few
# SKUs all must, and at least two: one alone tells no season from a wrong measure (ours).
_SEASONS = Step(
    "detect_fee_season",
    "marketplace_id text, week timestamp",
    f"""
    select marketplace_id, week
    from (
        select marketplace_id, week, sku, min(unit_fee - expected) > {_TOLERANCE} as is_above
        from detect_fee_charge
        group by marketplace_id, week, sku
    ) as weekly
    group by marketplace_id, week
    having count(*) filter (where is_above) >= greatest(2, least(5, count(*)))
       and 2 * count(*) filter (where is_above) >= count(*)
    """,  # noqa: S608 - a constant
)

# The reimbursements report, the Finances API and the settlements tell of a correction under names that
# mean the same (facts 4.2). As not each tells of each, equal sums of a product are counted as often
# as the one that tells most. What is paid for a case is worked off with the case
# (recoup.claims.case_queries).
_REPAID = Step(
    "detect_fee_repaid",
    """sku text, fnsku text, order_id text, currency text, approved_on date, amount numeric, reference jsonb,
    name text""",
    """
    with code as (
        select key as name from json_each_text(cast(:families as json)) where value = 'fee'
    ), told as (
        select 1 as rank, p.sku, p.fnsku, p.order_id, p.currency, p.approved_on, p.amount, p.reference,
               p.reimbursement_id as name,
               p.case_id in (select case_id from detect_case where is_money) as is_of_case
        from detect_payment as p
        where p.family = 'fee' and p.amount > 0
        union all
        select 2, nullif(sku, ''), null, nullif(order_id, ''), currency,
               (posted_at at time zone 'UTC')::date, amount, jsonb_build_object('table', 'fees',
               'transactionId', transaction_id, 'line', line), type || ' ' || transaction_id, false
        from fees
        where connection_id = :connection_id and category = 'other' and amount > 0
          and posted_at < cast(:as_of as date) + 2
          and regexp_replace(lower(type), '[^a-z0-9]', '', 'g') in (select name from code)
          and transaction_id not in (select transaction_id from detect_release)
        union all
        select 3, nullif(sku, ''), null, nullif(order_id, ''), currency,
               (posted_at at time zone 'UTC')::date, amount, jsonb_build_object('table',
               'settlement_lines', 'source', source, 'settlement_id', settlement_id, 'line', line),
               amount_description || ' of settlement ' || settlement_id, false
        from settlement_lines
        where connection_id = :connection_id and amount > 0
          and posted_at < cast(:as_of as date) + 2
          and regexp_replace(lower(amount_description), '[^a-z0-9]', '', 'g')
              in (select name from code)
    ), counted as (
        select *, row_number() over (partition by rank, sku, currency, amount
                   order by approved_on, reference) as nth
        from told where sku is not null or fnsku is not null
    ), once as (
        select distinct on (sku, currency, amount, nth) *
        from counted order by sku, currency, amount, nth, rank
    )
    select sku, fnsku, order_id, currency, approved_on, amount, reference, name
    from once where is_of_case is not true
    """,
    ("sku",),
)

FEE_STEPS = (_PREVIEWS, _CHARGES, _SUSPECTS, _SEASONS, _REPAID)
"""In this order, with :connection_id and :as_of."""
