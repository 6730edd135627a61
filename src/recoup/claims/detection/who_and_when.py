"""The seller, the marketplaces, and when each kind of claim may be filed there."""

from __future__ import annotations

from recoup.claims.detection.temporary_table import TemporaryTable

# Every marketplace that the policy knows, under the names a ledger may call its country by.
COUNTRY = TemporaryTable(
    "detect_country",
    "country text, area text, marketplace_id text, currency text, zone text",
    """
    with known as (
        select * from json_to_recordset(cast(:marketplaces as json))
            as m (marketplace_id text, country text, currency text, zone text, area text)
    ), mine as (
        select known.*, place.position
        from amazon_connection c
        cross join lateral unnest(c.marketplace_ids) with ordinality as place (id, position)
        join known on known.marketplace_id = place.id
        where c.connection_id = :connection_id
    ), named as (
        select country, country as name, area from known
        union all select 'GB', 'UK', 'UK'
        union all select key, key, value from json_each_text(cast(:warehouse_areas as json))
    )
    -- A unit that was lost where the seller has no store is claimed in the store of that area.
    select distinct on (named.name)
        named.name, named.area, m.marketplace_id, m.currency, m.zone
    from named
    left join (
        select marketplace_id, country, currency, zone, area, 1 as choice, position from mine
        union all select marketplace_id, country, currency, zone, area, 2, 0 from known
    ) as m on m.country = named.country or (m.choice = 1 and m.area = named.area)
    order by named.name, (m.choice = 1 and m.country = named.country) desc, m.choice, m.position
    """,
)

MARKETPLACE = TemporaryTable(
    "detect_marketplace",
    # position: 1 is the seller's first. today: the day of the detection.
    """marketplace_id text, country text, currency text, zone text, area text, position integer,
    today date""",
    """
    select place.id, known.country, known.currency, coalesce(known.zone, 'UTC'), known.area,
        place.position, cast(:as_of as date)
    from amazon_connection c
    cross join lateral unnest(c.marketplace_ids) with ordinality as place (id, position)
    left join json_to_recordset(cast(:marketplaces as json)) as known (
        marketplace_id text, country text, currency text, zone text, area text)
        on known.marketplace_id = place.id
    where c.connection_id = :connection_id
    """,
)

POLICY = TemporaryTable(
    "detect_policy",
    # valid_to is the first day on which the row does not count any more.
    """marketplace_id text, country text, window_name text, valid_from date, valid_to date, opens integer,
    closes_days integer, closes_months integer, clock text, confidence text, source text""",
    """
    select m.marketplace_id, w.country, w."window", w.valid_from, w.valid_to, w.opens,
        w.closes_days, w.closes_months, w.clock, w.confidence, w.source
    from json_to_recordset(cast(:windows as json)) as w (
        country text, "window" text, clock text, opens integer, closes_days integer,
        closes_months integer, valid_from date, valid_to date, confidence text, source text)
    join json_to_recordset(cast(:marketplaces as json)) as m (marketplace_id text, country text)
        using (country)
    """,
)
