"""R15, T16: storage that was charged for more room, more units or older units than there were.

Three causes, one claim each per FNSKU, country and month: `volume` (more than 10 % above the measures
of the fee preview), `quantity` (more than 20 % above the ledger's mean daily balance) and `age`
(more units in an age tier of the surcharge than the ledger leaves, first in, first out). The seller's
own measures, which would be better, recoup does not hold.

Choices of ours: a month's storage is charged in the next month, on a day that no report tells, so the
days are counted from its first; the first of two preview measures is used for months before them; of
several SKUs with one FNSKU the largest volume counts; where the ledger's movements do not lead from
the balance of the month to that of the next one (R18), nothing is said.
"""

from recoup.claims.rule import ClaimType, Rule, Value, Window

_CUBIC_CM = """
volume_unit (name, cubic_cm) as (
    values ('cubicfeet', 28316.846592), ('cubicfoot', 28316.846592), ('ft3', 28316.846592),
           ('cubicinches', 16.387064), ('cubicinch', 16.387064), ('in3', 16.387064),
           ('cubicmeters', 1000000.0), ('cubicmetres', 1000000.0), ('m3', 1000000.0),
           ('cubiccentimeters', 1.0), ('cubiccentimetres', 1.0), ('cm3', 1.0)
), side_unit (name, cubic_cm) as (
    values ('inches', 16.387064), ('inch', 16.387064), ('in', 16.387064),
           ('centimeters', 1.0), ('centimetres', 1.0), ('cm', 1.0)
)
"""


def _plain(column: str) -> str:
    """A unit's name without signs: `cubic_feet` and `Cubic Feet` are one."""
    return f"regexp_replace(lower({column}), '[^a-z0-9]', '', 'g')"


_SQL = f"""
with {_CUBIC_CM}, charged as materialized (
    select f.month_on, f.fnsku, f.country, m.marketplace_id,
           (f.month_on + interval '1 month')::date as charged_on,
           coalesce(nullif(f.currency, ''), m.currency) as currency, f.asin,
           f.monthly_storage_fee as fee, f.average_quantity_on_hand as on_hand,
           f.item_volume * u.cubic_cm as cubic_cm, f.fulfillment_center, f.source, f.source_line
    from storage_fees as f
    join detect_country as m on m.country = f.country
    left join volume_unit as u on u.name = {_plain("f.volume_units")}
    where f.connection_id = :connection_id and f.monthly_storage_fee > 0 and f.fnsku <> ''
      and f.month_on + interval '1 month' <= cast(:as_of as date)
), measure as (
    select p.fnsku, p.store, p.seen_at, p.source,
           row_number() over (partition by p.sku, p.store order by p.seen_at) = 1 as is_first,
           lead(p.seen_at) over (partition by p.sku, p.store order by p.seen_at) as next_seen_at,
           p.longest_side * p.median_side * p.shortest_side * u.cubic_cm as cubic_cm
    from (
        select sku, store, seen_at, fnsku, longest_side, median_side, shortest_side,
               unit_of_dimension, null as source
        from fee_preview_history
        where connection_id = :connection_id
        union all
        select sku, store, loaded_at, fnsku, longest_side, median_side, shortest_side,
               unit_of_dimension, source
        from fee_preview as now
        where connection_id = :connection_id and not exists (
            select from fee_preview_history as old
            where old.connection_id = :connection_id and old.sku = now.sku
              and old.store = now.store)
    ) as p
    join side_unit as u on u.name = {_plain("p.unit_of_dimension")}
    where p.longest_side * p.median_side * p.shortest_side > 0
), measured as (
    select c.month_on, c.fnsku, c.country, max(p.cubic_cm) as cubic_cm,
           bool_and(p.seen_at <= c.charged_on) as is_of_month
    from (select distinct month_on, fnsku, country, charged_on from charged) as c
    join measure as p on p.fnsku = c.fnsku
        and p.store in ('', c.country, case when c.country = 'GB' then 'UK' end)
        and (p.seen_at < c.charged_on or p.is_first)
        and (p.next_seen_at is null or p.next_seen_at >= c.charged_on)
    group by c.month_on, c.fnsku, c.country
), roomy as (
    select c.*, m.cubic_cm as right_cubic_cm, m.is_of_month,
           case when c.cubic_cm > 1.1 * m.cubic_cm
                then c.fee * (1 - m.cubic_cm / c.cubic_cm) else 0 end as over_volume
    from charged as c
    left join measured as m using (month_on, fnsku, country)
), month as (
    select month_on, fnsku, country, min(marketplace_id) as marketplace_id, min(asin) as asin,
           min(charged_on) as charged_on, min(currency) as currency, sum(fee) as fee,
           sum(over_volume) as over_volume, sum(on_hand) as on_hand, max(cubic_cm) as cubic_cm,
           max(right_cubic_cm) as right_cubic_cm, bool_or(is_of_month) as is_of_month,
           jsonb_agg(jsonb_build_object('table', 'storage_fees', 'source', source,
               'source_line', source_line, 'monthOn', month_on, 'fnsku', fnsku,
               'fulfillmentCenter', fulfillment_center, 'fee', fee::text,
               'averageOnHand', on_hand, 'itemCubicCentimeters', round(cubic_cm, 1))
               order by fulfillment_center, source_line) as rows
    from roomy
    group by month_on, fnsku, country
), covered as (
    select min(event_on) as first_on, max(event_on) as last_on
    from ledger
    where connection_id = :connection_id and event_on <= :as_of
), balance as (
    select month_on, fnsku, location as country, sum(starting_balance) as start_units,
           sum(ending_balance) as end_units
    from ledger_summary
    where connection_id = :connection_id
    group by month_on, fnsku, location
), moved as (
    -- A movement counts from its own day to the last one of the month.
    select date_trunc('month', event_on)::date as month_on, fnsku, country,
           sum(quantity) as units,
           sum(quantity * ((date_trunc('month', event_on) + interval '1 month')::date - event_on)
               ::numeric / extract(day from date_trunc('month', event_on) + interval '1 month'
                   - interval '1 day')) as mean_units
    from ledger
    where connection_id = :connection_id
      and event_on >= (select min(month_on) from charged)
      and event_on < (select max(charged_on) from charged)
    group by 1, 2, 3
), loaded as (
    select distinct month_on from balance
), opened as (
    -- The balance at the start: that of the month, or, as long as the month is not loaded, the end of
    -- the one before. A product without a row in a loaded month had none.
    select m.*, case when now.month_on is not null then coalesce(b.start_units, 0)
                     when past.month_on is not null then coalesce(p.end_units, 0) end
                     as start_units,
           case when now.month_on is not null then coalesce(b.end_units, 0) end as end_units
    from month as m
    left join loaded as now on now.month_on = m.month_on
    left join loaded as past on past.month_on = m.month_on - interval '1 month'
    left join balance as b on b.month_on = m.month_on and b.fnsku = m.fnsku
        and b.country = m.country
    left join balance as p on p.month_on = m.month_on - interval '1 month'
        and p.fnsku = m.fnsku and p.country = m.country
), stocked as (
    select o.*, o.start_units + coalesce(v.mean_units, 0) as mean_units,
           coalesce(o.start_units + coalesce(v.units, 0) = o.end_units, true) as is_sound
    from opened as o
    cross join covered as k
    left join moved as v using (month_on, fnsku, country)
    where k.first_on <= o.month_on and k.last_on >= o.charged_on - 1
), crowded as (
    select *, case when on_hand > 1.2 * greatest(mean_units, 0)
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
    join balance as b on b.fnsku = s.fnsku and b.country = s.country
        and b.month_on = date_trunc('month', s.snapshot_on)::date
    cross join lateral (
        select coalesce(sum(l.quantity), 0) as units from ledger as l
        where l.connection_id = :connection_id and l.fnsku = s.fnsku and l.country = s.country
          and l.event_on between b.month_on and s.snapshot_on
    ) as now
    cross join lateral (
        select coalesce(sum(l.quantity), 0) as units from ledger as l
        where l.connection_id = :connection_id and l.fnsku = s.fnsku and l.country = s.country
          and l.event_type = 'Receipts' and l.quantity > 0
          and l.event_on > s.snapshot_on - s.days and l.event_on <= s.snapshot_on
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
    select jsonb_build_object('fnsku', fnsku, 'country', country, 'cause', 'volume',
               'month', to_char(month_on, 'YYYY-MM')) as key,
           marketplace_id, fnsku, asin, greatest(1, ceil(on_hand))::integer as units,
           charged_on, round(over_volume, 2) as over, currency,
           case when is_of_month then 0.5 else 0.4 end as confidence,
           case when is_of_month
                then 'Amazon''s fee report and its fee preview of that time measure differently'
                else 'the fee preview of that month is not known, a later one measures less' end
               as why,
           format('Charged for %s cubic centimeters a unit; by the fee preview it is %s. %s %s of '
                  '%s too much.', round(cubic_cm), round(right_cubic_cm), round(over_volume, 2),
                  currency, round(fee, 2)) as reason, rows,
           jsonb_build_object('fee', fee::text, 'chargedCubicCentimeters', round(cubic_cm, 1),
               'previewCubicCentimeters', round(right_cubic_cm, 1)) as numbers
    from month
    where over_volume > 0
    union all
    select jsonb_build_object('fnsku', fnsku, 'country', country, 'cause', 'quantity',
               'month', to_char(month_on, 'YYYY-MM')),
           marketplace_id, fnsku, asin, greatest(1, ceil(on_hand - mean_units))::integer,
           charged_on, round(over_quantity, 2), currency, 0.4,
           'the mean of the stock ledger is below the charged quantity',
           format('Charged for %s units on average; by the stock ledger it was %s. %s %s of %s too '
                  'much.', round(on_hand, 2), round(mean_units, 2), round(over_quantity, 2),
                  currency, round(fee, 2)), rows,
           jsonb_build_object('fee', fee::text, 'chargedUnits', on_hand,
               'ledgerMeanUnits', round(mean_units, 2))
    from crowded
    where over_quantity > 0 and is_sound
    union all
    select jsonb_build_object('fnsku', fnsku, 'country', country, 'cause', 'age',
               'month', to_char(snapshot_on, 'YYYY-MM'), 'tier', surcharge_age_tier),
           marketplace_id, fnsku, asin, (charged_units - older_units)::integer,
           snapshot_on, round(amount * (1 - older_units::numeric / charged_units), 2), currency, 0.3,
           'the age of units is reckoned, first in, first out',
           format('The surcharge counts %s units older than %s days; the stock ledger leaves %s.',
                  charged_units, days, older_units), rows,
           jsonb_build_object('amount', amount::text, 'chargedUnits', charged_units,
               'olderUnits', older_units)
    from old
    where charged_units > older_units
)
select key, marketplace_id, product.sku, fnsku, coalesce(found.asin, product.asin) as asin,
       null::text as order_id, units, units as quantity, '[]'::jsonb as settled,
       charged_on as event_on, charged_on as clock_on, null::date as wait_until,
       over as amount, currency, 'charged less the right fee' as amount_basis,
       null::text as amount_missing, confidence,
       jsonb_build_array(jsonb_build_object('part', 'base', 'change', confidence, 'why', why))
           as confidence_parts,
       null::text as suppressed, reason,
       jsonb_build_object('rows', rows, 'numbers', numbers || jsonb_build_object('over', over::text),
           'notes', jsonb_build_array('the fees of this report are Amazon''s estimates: compare '
               'with what was charged')) as evidence
from found
left join (
    select fnsku, min(sku) as sku, min(asin) as asin from detect_product
    where fnsku is not null group by fnsku
) as product using (fnsku)
where over > 0 and currency is not null
"""  # noqa: S608 - put together from constants of this file

RULE = Rule(
    type=ClaimType.STORAGE_FEE_OVERCHARGE,
    title="Storage fee too high",
    source="facts 1.3 T16, 2.8, 5 R15",
    reads=("storage_fees", "long_term_storage_fees", "fee_preview", "ledger", "ledger_summary"),
    window=Window.FEE_DIMENSION,
    value=Value.OWN,
    version=1,
    documents=(
        "measures of a unit with photos on a ruler",
        "the rows of the storage fee report (in the evidence)",
    ),
    sql=_SQL,
)
