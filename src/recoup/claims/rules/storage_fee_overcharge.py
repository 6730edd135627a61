"""Storage that was charged for more volume, more units or older units than there were.

Three causes, one claim each per FNSKU, country and month: `volume` (more than 10 % above the measures
of the fee preview), `quantity` (more than 20 % above the ledger's mean daily balance) and `age`
(more units in an age tier of the surcharge than the ledger leaves, first in, first out). The seller's
own measures, which would be better, recoup does not hold.

Months, measures and balances come from recoup.claims.detection.storage.

Choices of ours: a month's storage is charged in the next month, on a day that no report shows, so
the days are counted from its first; the first of two preview measures is used for months before
them; of several SKUs with one FNSKU the largest volume counts; fee corrections of the product that
were approved later come off its oldest claim first; where the ledger's movements do not lead from
the balance of the month to that of the next one (docs/rules.md#control-totals), nothing is said.
"""

from recoup.claims.detection.parts import either, list_of, part, settled
from recoup.claims.detection.temporary_table import MONEY_OF_PAYMENTS
from recoup.claims.detection.wording import by_number
from recoup.claims.rule import ClaimType, PolicyWindow, Rule, Value

_SURE = list_of(
    either(
        part(
            "base",
            0.5,
            "Amazon's fee report and its fee preview of that time measure differently",
            when="cause = 'volume' and is_of_month",
        ),
        part(
            "base",
            0.4,
            "the fee preview of that month is not known, a later one measures less",
            when="cause = 'volume'",
        ),
        part(
            "base",
            0.4,
            "the mean of the stock ledger is below the charged quantity",
            when="cause = 'quantity'",
        ),
        part("base", 0.3, "the age of units is calculated, first in, first out"),
    )
)

_SETTLED = list_of(
    settled(
        "payment",
        "repaid_by",
        "units",
        "fee corrections that cover the difference",
        when="owed <= 0",
    )
)

_SQL = f"""
with unnamed as (
    -- A balance without its product or its country may be of any.
    select distinct month_on from ledger_summary
    where connection_id = :connection_id and (fnsku = '' or location = '')
), covered as (
    select min(event_on) as first_on, max(event_on) as last_on
    from ledger
    where connection_id = :connection_id and event_on <= :as_of
), loaded as (
    select distinct month_on from detect_stock_month
    where start_units is not null and month_on not in (select month_on from unnamed)
), opened as (
    -- The balance at the start: that of the month, or, as long as the month is not loaded, the end of
    -- the one before. A product without a row in a loaded month had none.
    select m.*, case when now.month_on is not null
                     then case when b.has_balance then b.start_units else 0 end
                     when past.month_on is not null
                     then case when p.has_balance then p.end_units else 0 end end as start_units,
           case when now.month_on is null then null when b.has_balance then b.end_units else 0 end as end_units,
           now.month_on is not null as is_loaded,
           coalesce(b.moved, 0) as moved,
           coalesce(b.day_units, 0)::numeric / (m.charged_on - m.month_on) as mean_moved
    from detect_storage_month as m
    left join loaded as now on now.month_on = m.month_on
    left join loaded as past on past.month_on = (m.month_on - interval '1 month')::date
    left join detect_stock_month as b on b.month_on = m.month_on and b.fnsku = m.fnsku
        and b.country = m.country
    left join detect_stock_month as p on p.month_on = (m.month_on - interval '1 month')::date
        and p.fnsku = m.fnsku and p.country = m.country
), stocked as (
    select o.*, o.start_units + o.mean_moved as mean_units,
           -- A balance of a loaded month that is not told is not one that adds up.
           not o.is_loaded or coalesce(o.start_units + o.moved = o.end_units, false) as is_sound
    from opened as o
    cross join covered as k
    where k.first_on <= o.month_on and k.last_on >= o.charged_on - 1
), crowded as (
    -- Without a balance the mean is null, and nothing is compared.
    select *, case when mean_units is not null and on_hand > 1.2 * greatest(mean_units, 0)
                   then (fee - over_volume) * (1 - greatest(mean_units, 0) / on_hand)
                   else 0 end as over_quantity
    from stocked
), tier as (
    select f.snapshot_on, f.fnsku, f.sku, f.country, m.marketplace_id, f.asin,
           coalesce(nullif(f.currency, ''), m.currency) as currency, f.surcharge_age_tier,
           substring(f.surcharge_age_tier from '[0-9]+')::integer as days,
           f.quantity_charged as units, f.amount_charged as amount, f.source, f.source_line
    from long_term_storage_fees as f
    join detect_country as m on m.country = f.country
    where f.connection_id = :connection_id and f.quantity_charged > 0 and f.amount_charged > 0
      and f.snapshot_on <= :as_of and f.surcharge_age_tier ~ '[0-9]'
), snapshot as (
    select distinct snapshot_on, fnsku, country, days from tier
), aged as (
    -- First in, first out: what is left was received last. Receipts that the ledger does not
    -- reach back to are missing here, which makes the stock look older, never younger.
    select s.snapshot_on, s.fnsku, s.country, s.days,
           greatest(0, b.start_units + now.units - late.units) as older_units
    from snapshot as s
    join detect_stock_month as b on b.start_units is not null and b.fnsku = s.fnsku
        and b.month_on not in (select month_on from unnamed)
        and b.country = s.country and b.month_on = date_trunc('month', s.snapshot_on)::date
    cross join lateral (
        select coalesce(sum(l.quantity), 0) as units from ledger as l
        where l.connection_id = :connection_id and l.fnsku = s.fnsku and l.country = s.country
          and l.event_on between b.month_on and s.snapshot_on
    ) as now
    cross join lateral (
        select coalesce(sum(r.units), 0) as units from detect_stock_receipt as r
        where r.fnsku = s.fnsku and r.country = s.country
          and r.received_on > s.snapshot_on - s.days and r.received_on <= s.snapshot_on
    ) as late
), old as (
    select t.snapshot_on, t.fnsku, t.country, t.surcharge_age_tier, t.days,
           min(t.marketplace_id) as marketplace_id, min(t.asin) as asin,
           min(t.currency) as currency, sum(t.units) as charged_units, sum(t.amount) as amount,
           min(a.older_units) as older_units,
           jsonb_agg(jsonb_build_object('table', 'long_term_storage_fees', 'source', t.source,
               'source_line', t.source_line, 'snapshotOn', t.snapshot_on, 'fnsku', t.fnsku,
               'tier', t.surcharge_age_tier, 'units', t.units, 'amount', t.amount::text)
               order by t.source_line) as rows
    from tier as t
    join aged as a using (snapshot_on, fnsku, country, days)
    group by t.snapshot_on, t.fnsku, t.country, t.surcharge_age_tier, t.days
), found as (
    select month_on, country, jsonb_build_object('fnsku', fnsku, 'country', country, 'cause', 'volume',
               'month', to_char(month_on, 'YYYY-MM')) as key,
           marketplace_id, fnsku, asin, greatest(1, ceil(on_hand))::integer as units,
           charged_on, round(over_volume, 2) as over, currency,
           'volume' as cause, is_of_month,
           format('Charged for %s cubic centimeters a unit; by the fee preview it is %s. %s %s of '
                  '%s %s too much.', round(cubic_cm), round(right_cubic_cm), round(over_volume, 2),
                  currency, round(fee, 2), currency) as reason, null::jsonb as rows,
           jsonb_build_object('fee', fee::text, 'chargedCubicCentimeters', round(cubic_cm, 1),
               'previewCubicCentimeters', round(right_cubic_cm, 1)) as numbers
    from detect_storage_month
    where over_volume > 0
    union all
    select month_on, country, jsonb_build_object('fnsku', fnsku, 'country', country, 'cause', 'quantity',
               'month', to_char(month_on, 'YYYY-MM')),
           marketplace_id, fnsku, asin, greatest(1, ceil(on_hand - mean_units))::integer,
           charged_on, round(over_quantity, 2), currency, 'quantity', null,
           format('Charged for %s units on average; by the stock ledger it was %s. %s %s of %s %s '
                  'too much.', round(on_hand, 2), round(mean_units, 2), round(over_quantity, 2),
                  currency, round(fee, 2), currency), null,
           jsonb_build_object('fee', fee::text, 'chargedUnits', on_hand,
               'ledgerMeanUnits', round(mean_units, 2))
    from crowded
    where over_quantity > 0 and is_sound
    union all
    select null, country, jsonb_build_object('fnsku', fnsku, 'country', country, 'cause', 'age',
               'month', to_char(snapshot_on, 'YYYY-MM'), 'tier', surcharge_age_tier),
           marketplace_id, fnsku, asin, (charged_units - older_units)::integer,
           snapshot_on, round(amount * (1 - older_units::numeric / charged_units), 2), currency, 'age',
           null,
           format('The surcharge counts %s %s older than %s days; the stock ledger leaves %s.',
                  charged_units, {by_number("charged_units", "unit", "units")}, days, older_units), rows,
           jsonb_build_object('amount', amount::text, 'chargedUnits', charged_units,
               'olderUnits', older_units)
    from old
    where charged_units > older_units
        and snapshot_on = (
            select max(o.snapshot_on) from old as o
            where (o.fnsku, o.country, o.surcharge_age_tier)
                    = (old.fnsku, old.country, old.surcharge_age_tier)
                and date_trunc('month', o.snapshot_on) = date_trunc('month', old.snapshot_on))
), corrected as (
    select coalesce(p.fnsku, known.fnsku) as fnsku, p.currency, p.approved_on, p.amount, p.reference
    from detect_fee_repaid as p
    left join detect_product as known on p.fnsku is null and known.sku = p.sku
    where p.order_id is null
), repaid as (
    select f.key, sum(c.amount) as amount, jsonb_agg(c.reference order by c.approved_on) as rows
    from found as f
    join corrected as c on c.fnsku = f.fnsku and c.currency = f.currency
        and c.approved_on > f.charged_on
    group by f.key
), netted as (
    select f.*, repaid.rows as repaid_by,
           f.over - least(f.over, greatest(0, coalesce(repaid.amount, 0)
               - coalesce(sum(f.over) over (partition by f.fnsku, f.currency
                   order by f.charged_on, f.key
                   rows between unbounded preceding and 1 preceding), 0))) as owed
    from found as f left join repaid using (key)
)
select key, marketplace_id, product.sku, fnsku, coalesce(netted.asin, product.asin) as asin,
       null::text as order_id, units, case when owed > 0 then units else 0 end as quantity,
       {_SETTLED} as settled,
       charged_on as event_on, charged_on as clock_on, null::date as wait_until,
       owed as amount, netted.currency, 'charged less the right fee' as amount_basis,
       null::text as amount_missing,
       {_SURE} as confidence_parts,
       case when owed > 0 and nameless.names is not null then 'a fee correction that names no product may be '
           || 'for this: ' || nameless.names end as suppressed, reason,
       jsonb_build_object('rows', coalesce(netted.rows, fees.rows), 'numbers', numbers
               || jsonb_build_object('over', over::text, 'owed', owed::text),
           'notes', jsonb_build_array('the fees of this report are Amazon''s estimates: compare '
               'with what was charged')) as evidence
from netted
left join lateral (
    select jsonb_agg(jsonb_build_object('table', 'storage_fees', 'source', f.source,
               'source_line', f.source_line, 'monthOn', f.month_on, 'fnsku', f.fnsku,
               'fulfillmentCenter', f.fulfillment_center, 'fee', f.monthly_storage_fee::text,
               'averageOnHand', f.average_quantity_on_hand, 'itemVolume', f.item_volume,
               'volumeUnits', f.volume_units) order by f.fulfillment_center, f.source_line) as rows
    from storage_fees as f
    where f.connection_id = :connection_id and f.month_on = netted.month_on
      and f.fnsku = netted.fnsku and f.country = netted.country
) as fees on true
left join detect_fnsku as product using (fnsku)
left join detect_fee_nameless as nameless
    on nameless.paid_in = netted.currency and nameless.last_on > netted.charged_on
where over > 0 and netted.currency is not null
"""

RULE = Rule(
    type=ClaimType.STORAGE_FEE_OVERCHARGE,
    title="Storage fee too high",
    source="docs/rules.md#storage_fee_overcharge",
    window=PolicyWindow.FEE_DIMENSION,
    value=Value.OWN,
    version=2,
    sql=_SQL,
    reads={
        "ledger": ("country", "event_on", "fnsku", "quantity"),
        "ledger_summary": ("fnsku", "location", "month_on"),
        "long_term_storage_fees": (
            "amount_charged",
            "asin",
            "country",
            "currency",
            "fnsku",
            "quantity_charged",
            "sku",
            "snapshot_on",
            "surcharge_age_tier",
        ),
        "storage_fees": (
            "average_quantity_on_hand",
            "country",
            "fnsku",
            "fulfillment_center",
            "item_volume",
            "month_on",
            "monthly_storage_fee",
            "volume_units",
        ),
    },
    # It is only shown.
    optional={"long_term_storage_fees": ("asin",)},
    decides={"reimbursements": MONEY_OF_PAYMENTS},
)
