"""Data shared by rules about fees: charges compared with the fee preview of their day.

detect_fee_preview   the fee previews of a SKU in a marketplace, with how long each was valid
detect_fee_charge    every fulfillment fee that Amazon charged, per unit, and what it should be
detect_fee_suspect   those above what they should be, and why
detect_fee_season    weeks in which they all were
detect_fee_repaid    money that came back for fees of a product, requested or not
detect_fee_nameless  the same, without a word of whose
detect_fee_change    what changed fees for everybody, by the policy
"""

from __future__ import annotations

from recoup.claims.detection.temporary_table import TemporaryTable

# Our own history, or today's preview where there is none. The first one that was seen stands for
# the time before it. The EU file names no store; the currency must do then, and where several
# marketplaces have it (the euro), the file is for the seller's first of them. It may hold a SKU several
# times in one currency, for several stores: `is_alone` says that a row is the only one that can be meant.
PREVIEWS = TemporaryTable(
    "detect_fee_preview",
    """preview_id bigint, sku text, store text, is_home boolean, marketplace_id text, currency text, fnsku text,
    seen_at timestamptz, since timestamptz, until timestamptz, is_first boolean, fee numeric,
    is_alone boolean, fee_before numeric, next_fee numeric, has_grown boolean, size text, size_before text,
    size_tier text, tier_before text, cubic_side numeric, unit_of_dimension text, source text,
    source_line integer""",
    """
    with known as (
        select sku, store, occurrence, seen_at, fnsku, currency, fulfillment_fee, size_tier, longest_side,
               median_side, shortest_side, unit_of_dimension, item_weight, unit_of_weight,
               null as source, null::integer as source_line
        from fee_preview_history
        where connection_id = :connection_id and seen_at < cast(:as_of as date) + 2
        union all
        select sku, store, occurrence, loaded_at, fnsku, currency, fulfillment_fee, size_tier, longest_side,
               median_side, shortest_side, unit_of_dimension, item_weight, unit_of_weight,
               source, source_line
        from fee_preview as now
        where connection_id = :connection_id and not exists (
            select from fee_preview_history as old
            where old.connection_id = :connection_id and old.sku = now.sku
              and old.store = now.store and old.currency = now.currency
              and old.occurrence = now.occurrence)
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
        window steps as (partition by sku, store, currency, occurrence order by seen_at)
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
    select row_number() over (order by s.sku, s.store, s.currency, s.occurrence, s.seen_at,
               m.marketplace_id), s.sku, s.store,
           s.store <> '' or m.position = (
               select min(position) from detect_marketplace where currency = m.currency),
           m.marketplace_id, s.currency, s.fnsku, s.seen_at,
           case when s.is_first then '-infinity' else s.seen_at end,
           coalesce(s.next_seen_at, 'infinity'), s.is_first, s.fulfillment_fee,
           max(s.occurrence) over (partition by s.sku, s.currency, m.marketplace_id) = 1
               and min(s.store) over (partition by s.sku, s.currency, m.marketplace_id)
                   = max(s.store) over (partition by s.sku, s.currency, m.marketplace_id), s.fee_before,
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
    reads={
        "fee_preview": (
            "currency",
            "fnsku",
            "fulfillment_fee",
            "item_weight",
            "longest_side",
            "median_side",
            "shortest_side",
            "size_tier",
            "sku",
            "store",
            "unit_of_dimension",
            "unit_of_weight",
        ),
        "fee_preview_history": (
            "currency",
            "fnsku",
            "fulfillment_fee",
            "item_weight",
            "longest_side",
            "median_side",
            "seen_at",
            "shortest_side",
            "size_tier",
            "sku",
            "store",
            "unit_of_dimension",
            "unit_of_weight",
        ),
    },
)

# Fees of Europe have a base and a tax; previews are without tax. A preview that is first seen
# within a week after the charge was valid for it already: Amazon renews it every 72 hours.
# Orders of other channels (S01, S02) have rates of their own. Where several rows of a preview can be
# meant, the highest of them is: what one of them explains is no overcharge. `ceiling`: what is expected
# with the surcharge of the day.
CHARGES = TemporaryTable(
    "detect_fee_charge",
    """preview_id bigint, transaction_id text, order_id text, sku text, marketplace_id text,
    currency text, posted_at timestamptz, week timestamp, quantity integer, unit_fee numeric,
    expected numeric, fee_before numeric, surcharge numeric""",
    """
    -- Materialized: one pass over the fees, where an index would fetch each row by itself.
    with charged as materialized (
        select transaction_id, line, order_id, sku, currency, posted_at, quantity,
               -amount / quantity as unit_fee
        from fees
        where connection_id = :connection_id and category = 'fulfillment_fee' and type <> 'Tax'
          and amount < 0 and quantity > 0 and order_id <> '' and order_id !~ '^S0[12]-'
          and posted_at < cast(:as_of as date) + 2
          and transaction_id not in (select transaction_id from detect_release)
    ), compared as (
        select p.preview_id, p.is_alone, p.fee, f.line, f.transaction_id, f.order_id, f.sku, t.marketplace_id,
               f.currency, f.posted_at, date_trunc('week', f.posted_at at time zone 'UTC') as week,
               f.quantity, f.unit_fee,
               case when p.next_fee > p.fee and p.until < f.posted_at + interval '7 days'
                    then p.next_fee else p.fee end as expected,
               case when p.has_grown and p.is_alone then p.fee_before end as fee_before
        from charged as f
        join transactions as t on t.connection_id = :connection_id
            and t.transaction_id = f.transaction_id
        join detect_fee_preview as p on p.sku = f.sku and p.marketplace_id = t.marketplace_id
            and p.currency = f.currency and f.posted_at >= p.since and f.posted_at < p.until
        left join detect_fee_change as card on card.kind = 'fee_card' and p.is_first
            and card.marketplace_id = t.marketplace_id
            and f.posted_at < card.valid_from and p.seen_at >= card.valid_from
        where card.kind is null
    ), meant as (
        select preview_id, transaction_id, order_id, sku, marketplace_id, currency, posted_at, week, quantity,
               unit_fee, expected, fee_before
        from compared where is_alone and fee is not null
        union all
        (select distinct on (transaction_id, line) preview_id, transaction_id, order_id, sku, marketplace_id,
               currency, posted_at, week, quantity, unit_fee, expected, fee_before
         from (
             select *, bool_and(fee is not null) over (partition by transaction_id, line) as are_told
             from compared where not is_alone
         ) as one
         where are_told
         order by transaction_id, line, expected desc, preview_id)
    )
    select m.*, coalesce(s.share, 0)
    from meant as m
    left join (
        select marketplace_id, valid_from, valid_to, sum(share) as share
        from detect_fee_change where kind = 'surcharge'
        group by marketplace_id, valid_from, valid_to
    ) as s on s.marketplace_id = m.marketplace_id
        and m.posted_at >= s.valid_from and m.posted_at < s.valid_to
    """,
    reads={
        "fees": (
            "amount",
            "category",
            "currency",
            "line",
            "order_id",
            "posted_at",
            "quantity",
            "sku",
            "transaction_id",
            "type",
        ),
        "transactions": ("marketplace_id", "transaction_id"),
    },
)

# Per unit; what differs by less is rounding (docs/rules.md#fulfillment_fee_overcharge).
_TOLERANCE = "0.02"

SUSPECTS = TemporaryTable(
    "detect_fee_suspect",
    """preview_id bigint, transaction_id text, order_id text, sku text, marketplace_id text,
    currency text, posted_at timestamptz, week timestamp, quantity integer, unit_fee numeric,
    right_fee numeric, cause text""",
    f"""
    select preview_id, transaction_id, order_id, sku, marketplace_id, currency, posted_at, week,
           quantity, unit_fee,
           case when unit_fee > expected * (1 + surcharge) + {_TOLERANCE} then expected else fee_before end,
           case when unit_fee > expected * (1 + surcharge) + {_TOLERANCE} then 'above_preview'
                else 'size_changed' end
    from detect_fee_charge
    -- Without a fee of before there is one to compare with only.
    where unit_fee > least(expected, fee_before) * (1 + surcharge) + {_TOLERANCE}
    """,
    ("order_id",),
)

# Weeks in which most SKUs of a marketplace cost more than their preview in all their charges. Of few
# SKUs all must, and at least two: one alone cannot distinguish a season from a wrong measurement (ours).
SEASONS = TemporaryTable(
    "detect_fee_season",
    "marketplace_id text, week timestamp",
    f"""
    select marketplace_id, week
    from (
        select marketplace_id, week, sku,
            min(unit_fee - expected * (1 + surcharge)) > {_TOLERANCE} as is_above
        from detect_fee_charge
        group by marketplace_id, week, sku
    ) as weekly
    group by marketplace_id, week
    having count(*) filter (where is_above) >= greatest(2, least(5, count(*)))
       and 2 * count(*) filter (where is_above) >= count(*)
    """,
)

# The reimbursements report, the Finances API and the settlements tell of a correction under names that
# mean the same (docs/amazon.md#reasons-of-payments). As not each tells of each, equal sums of a product are counted as often
# as in the one that has most. Payments for a case are counted with the case
# (recoup.claims.detection.cases).
REPAID = TemporaryTable(
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
    reads={
        "fees": (
            "amount",
            "category",
            "currency",
            "line",
            "order_id",
            "posted_at",
            "sku",
            "transaction_id",
            "type",
        ),
        "settlement_lines": (
            "amount",
            "amount_description",
            "currency",
            "line",
            "order_id",
            "posted_at",
            "settlement_id",
            "sku",
        ),
    },
)

# The reimbursements report names the product of each row and its money, so what lacks one of them may be
# for any charge, of any sum.
NAMELESS = TemporaryTable(
    "detect_fee_nameless",
    "paid_in text, last_on date, names text",
    """
    select p.currency, max(p.approved_on), string_agg(distinct p.reimbursement_id, ', ')
    from detect_payment as p join detect_reimbursement as r on r.row_id = p.payment_id
    where p.family = 'fee' and (not r.is_amount_told
            or p.amount > 0 and p.sku is null and p.fnsku is null and p.order_id is null)
        and (p.case_id is null or p.case_id not in (select case_id from detect_case where is_money))
    group by p.currency
    """,
)

FEE_CHANGE = TemporaryTable(
    "detect_fee_change",
    # valid_to is the first day on which the row does not count any more.
    """marketplace_id text, kind text, valid_from date, valid_to date, share numeric, currency text,
    least numeric, most numeric""",
    """
    select m.marketplace_id, c.kind, c.valid_from, c.valid_to, c.share, c.currency, c.least, c.most
    from json_to_recordset(cast(:fee_changes as json)) as c (
        kind text, country text, valid_from date, valid_to date, share numeric, currency text,
        least numeric, most numeric)
    join detect_marketplace as m using (country)
    """,
)
