"""Data for the rule about storage fees: fees, measurements and stock by product, country and month.

detect_storage_month   what was charged for a product, and its volume by the fee preview
detect_stock_month     its balances and movements by the stock ledger
detect_stock_receipt   what came in of a product that pays for its age
"""

from __future__ import annotations

from recoup.claims.detection.temporary_table import TemporaryTable

_UNITS = """
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
    """Normalises a unit's name: `cubic_feet` and `Cubic Feet` are equal."""
    return f"regexp_replace(lower({column}), '[^a-z0-9]', '', 'g')"


# The preview that was valid when the month was charged; of several SKUs and stores of one FNSKU the
# largest volume. A side or a unit of measure that is not known leaves all of them uncompared.
MONTHS = TemporaryTable(
    "detect_storage_month",
    """month_on date, fnsku text, country text, marketplace_id text, asin text, charged_on date,
    currency text, fee numeric, over_volume numeric, on_hand numeric, cubic_cm numeric,
    right_cubic_cm numeric, is_of_month boolean""",
    f"""
    with {_UNITS}, charged as (
        select f.month_on, f.fnsku, f.country, m.marketplace_id, f.asin,
               (f.month_on + interval '1 month')::date as charged_on,
               coalesce(nullif(f.currency, ''), m.currency) as currency,
               f.monthly_storage_fee as fee, f.average_quantity_on_hand as on_hand,
               f.item_volume * u.cubic_cm as cubic_cm
        from storage_fees as f
        join detect_country as m on m.country = f.country
        left join volume_unit as u on u.name = {_plain("f.volume_units")}
        where f.connection_id = :connection_id and f.monthly_storage_fee > 0 and f.fnsku <> ''
          and f.month_on + interval '1 month' <= cast(:as_of as date)
    ), product as (
        select distinct fnsku, charged_on from charged
    ), measured as (
        select c.fnsku, c.charged_on,
               case when bool_and(p.cubic_side > 0 and u.cubic_cm is not null)
                   and count(p.cubic_side) = count(*) then max(p.cubic_side * u.cubic_cm) end as cubic_cm,
               bool_and(p.seen_at <= c.charged_on) as is_of_month
        from product as c
        join detect_fee_preview as p on p.fnsku = c.fnsku and p.since < c.charged_on
            and p.until >= c.charged_on
        left join side_unit as u on u.name = {_plain("p.unit_of_dimension")}
        group by c.fnsku, c.charged_on
    )
    select c.month_on, c.fnsku, c.country, c.marketplace_id, min(c.asin), c.charged_on,
           min(c.currency), sum(c.fee), sum(case when c.cubic_cm > 1.1 * m.cubic_cm
               then c.fee * (1 - m.cubic_cm / c.cubic_cm) else 0 end),
           sum(c.on_hand), max(c.cubic_cm), max(m.cubic_cm), bool_and(m.is_of_month)
    from charged as c
    left join measured as m using (fnsku, charged_on)
    group by c.month_on, c.fnsku, c.country, c.marketplace_id, c.charged_on
    """,
    ("fnsku, country, month_on",),
    reads={
        "storage_fees": (
            "asin",
            "average_quantity_on_hand",
            "country",
            "currency",
            "fnsku",
            "item_volume",
            "month_on",
            "monthly_storage_fee",
            "volume_units",
        )
    },
    # Of a preview the sides count here, and when it was seen.
    optional={
        "fee_preview": ("fulfillment_fee", "item_weight", "size_tier", "unit_of_weight"),
        "fee_preview_history": ("fulfillment_fee", "item_weight", "size_tier", "unit_of_weight"),
        "storage_fees": ("asin",),
    },
)

# day_units: each movement times the days of the month that it counts for, its own the first.
STOCK = TemporaryTable(
    "detect_stock_month",
    """month_on date, fnsku text, country text, start_units bigint, end_units bigint, has_balance boolean,
    moved bigint, day_units bigint""",
    """
    with balance as (
        select month_on, fnsku, location as country,
               case when count(starting_balance) = count(*) then sum(starting_balance) end as start_units,
               case when count(ending_balance) = count(*) then sum(ending_balance) end as end_units
        from ledger_summary
        where connection_id = :connection_id
        group by month_on, fnsku, location
    ), daily as (
        select event_on, fnsku, country, sum(quantity) as units
        from ledger
        where connection_id = :connection_id and event_on <= :as_of and fnsku in (
            select fnsku from storage_fees where connection_id = :connection_id
            union select fnsku from long_term_storage_fees where connection_id = :connection_id)
        group by event_on, fnsku, country
    ), moved as (
        select first_on as month_on, fnsku, country, sum(units) as units,
               sum(units * (next_on - event_on)) as day_units
        from daily
        cross join lateral (
            select date_trunc('month', event_on)::date as first_on,
                   (date_trunc('month', event_on) + interval '1 month')::date as next_on
        ) as month
        group by first_on, fnsku, country
    )
    select month_on, fnsku, country, b.start_units, b.end_units, b.month_on is not null, coalesce(v.units, 0),
           coalesce(v.day_units, 0)
    from balance as b full join moved as v using (month_on, fnsku, country)
    """,
    ("fnsku, country, month_on",),
    reads={
        "ledger": ("country", "event_on", "fnsku", "quantity"),
        "ledger_summary": ("ending_balance", "fnsku", "location", "month_on", "starting_balance"),
        "long_term_storage_fees": ("fnsku",),
        "storage_fees": ("fnsku",),
    },
)

RECEIPTS = TemporaryTable(
    "detect_stock_receipt",
    "fnsku text, country text, received_on date, units bigint",
    """
    select fnsku, country, event_on, sum(quantity)
    from ledger
    where connection_id = :connection_id and event_type = 'Receipts' and quantity > 0
      and event_on <= :as_of and fnsku in (
        select fnsku from long_term_storage_fees where connection_id = :connection_id)
    group by fnsku, country, event_on
    """,
    ("fnsku, country, received_on",),
    reads={
        "ledger": ("country", "event_on", "event_type", "fnsku", "quantity"),
        "long_term_storage_fees": ("fnsku",),
    },
)
