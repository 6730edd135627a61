"""Candidates held back individually, because data that could settle them was not read or is gone.

A row in quarantine holds back what it names: a candidate of that product, order or shipment, whatever
name of the product it uses. A marketplace that was not read holds back its candidates, and those of
which the marketplace is not known. A claim whose event is told too vaguely now is held as it is. Who
is held back has units open or is a claim whose event has gone; it is no new claim, and a claim that
is there stays as it is. What rows deleted with age may have settled is held too, settled or not
(recoup.claims.detection.horizon).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import text

from recoup.claims.detection.temporary_table import TemporaryTable, make_table
from recoup.db.engine import Writer
from recoup.streams import all_streams


@dataclass(frozen=True, slots=True)
class Refused:
    """Candidates of a type in one marketplace that are held back."""

    type: str
    marketplace_id: str
    why: str


@dataclass(frozen=True, slots=True)
class JudgedDays:
    """The days of events that a rule may judge, both included. why: what is known."""

    type: str
    first_on: date
    last_on: date | None
    why: str


LEAVES = """
    select one ->> 'key' as key, one -> 'value' as value
    from jsonb_path_query(q.raw, '$.** ? (@.type() == "object").keyvalue()') as one
    union all
    select null, item from jsonb_path_query(q.raw, '$.** ? (@.type() == "array")[*]') as item
"""
"""Every value of a row in quarantine `q`, wherever it occurs, with its name."""

# What rows in quarantine name, under every name that the product has. A cell may hold several, as
# the rest of a line does that ran into it.
NAMED = TemporaryTable(
    "detect_quarantined",
    "quarantine_id bigint, stream text, name text",
    f"""
    with leaf as materialized (
        select distinct q.quarantine_id, q.stream, trim(leaf.value #>> '{{}}') as value
        from quarantine q
        cross join lateral ({LEAVES}) as leaf
        where q.connection_id = :connection_id and q.stream = any(:watched_streams)
            and jsonb_typeof(leaf.value) in ('string', 'number')
    ), told as materialized (
        select quarantine_id, stream, value as name from leaf
        union
        select quarantine_id, stream, trim(part)
        from leaf cross join lateral regexp_split_to_table(value, '[\\t\\n\\r|;,"]+') as part
    ), product (name, sku, fnsku, asin) as (
        select sku, sku, fnsku, asin from detect_product
        union select fnsku, sku, fnsku, asin from detect_product
        union select asin, sku, fnsku, asin from detect_product
    )
    select quarantine_id, stream, name from told where name <> ''
    union
    select told.quarantine_id, told.stream, alias.name
    from told join product using (name)
    cross join lateral unnest(array[product.sku, product.fnsku, product.asin]) as alias (name)
    where alias.name <> ''
    union
    select told.quarantine_id, told.stream, link.original_order_id
    from told join detect_order_link link on link.order_id = told.name
    """,
    ("name",),
    is_prepared=False,
)

HELD = TemporaryTable(
    "detect_held",
    "type text, key jsonb, why text",
    """
    with subject as (
        select type, key, marketplace_id, sku, fnsku, asin, order_id from detect_found
        where quantity > 0
        union all
        select c.type, c.key, c.marketplace_id, c.sku, c.fnsku, c.asin, c.order_id
        from claim c
        where c.connection_id = :connection_id and c.type = any(:types)
            and not exists (select from detect_found f where f.type = c.type and f.key = c.key)
    ), named as (
        select s.type, s.key, n.stream, count(distinct n.quarantine_id) as rows
        from subject s
        cross join lateral unnest(array[s.sku, s.fnsku, s.asin, s.order_id,
            s.key ->> 'sku', s.key ->> 'fnsku', s.key ->> 'orderId', s.key ->> 'removalOrderId',
            s.key ->> 'shipmentId', s.key ->> 'trackingNumber', s.key ->> 'reimbursementId']) as own (name)
        join detect_quarantined n on n.name = own.name
        join unnest(cast(:watched_types as text[]), cast(:watched_streams as text[])) as w (type, stream)
            on w.type = s.type and w.stream = n.stream
        group by s.type, s.key, n.stream
    ), reason as (
        select named.type, named.key, case when rows = 1
            then 'One row of ' || noun || ' that names it could not be read.'
            else rows || ' rows of ' || noun || ' that name it could not be read.' end as why
        from named
        join unnest(cast(:nouns_of as text[]), cast(:nouns as text[])) as called (stream, noun) using (stream)
        union all
        select s.type, s.key, 'In doubt: ' || r.why || '.'
        from subject s
        join unnest(cast(:refused_types as text[]), cast(:refused_marketplaces as text[]),
                cast(:refused_whys as text[])) as r (type, marketplace_id, why)
            on r.type = s.type and coalesce(s.marketplace_id, r.marketplace_id) = r.marketplace_id
        union all
        select c.type, c.key, 'Amazon no longer names the amounts from which it was found.'
        from claim c
        join detect_vague v on v.type = c.type and v.name in (c.order_id, c.sku)
        where c.connection_id = :connection_id and c.type = any(:types)
            and not exists (select from detect_found f where f.type = c.type and f.key = c.key)
        union all
        select type, key, 'It is older than the data that is kept.'
        from (
            select type, key, event_on from detect_found
            union all
            select c.type, c.key, c.event_on from claim c
            where c.connection_id = :connection_id and c.type = any(:types)
                and not exists (select from detect_found f where f.type = c.type and f.key = c.key)
        ) as event
        where event_on < cast(:horizon as date)
        union all
        select event.type, key, 'Not known on its day: ' || span.why || '.'
        from (
            select type, key, event_on from detect_found
            union all
            select c.type, c.key, c.event_on from claim c
            where c.connection_id = :connection_id and c.type = any(:types)
                and not exists (select from detect_found f where f.type = c.type and f.key = c.key)
        ) as event
        join unnest(cast(:span_types as text[]), cast(:span_firsts as date[]),
                cast(:span_lasts as date[]), cast(:span_whys as text[])) as span (type, first_on, last_on, why)
            on span.type = event.type
        where event_on < span.first_on or event_on > span.last_on
        union all
        select type, key, 'The data that it is based on was deleted with age.'
        from judged_event where connection_id = :connection_id and type = any(:types)
    )
    select type, key, string_agg(distinct why, ' ') from reason group by type, key
    """,
    ("type",),
    is_prepared=False,
)

_HOLD = """
update detect_found f set suppressed = held.why
from detect_held held
where f.type = held.type and f.key = held.key and f.quantity > 0 and f.suppressed is null
"""


async def hold_back(
    conn: Writer,
    values: Mapping[str, object],
    types: Sequence[str],
    *,
    watched: Collection[tuple[str, str]],
    refused: Collection[Refused],
    is_vague: bool,
    horizon: date | None,
    spans: Collection[JudgedDays] = (),
) -> None:
    """Removes candidates that unread or deleted data may settle.

    types: those that the detection looks for. watched: each of them with the streams whose rows in
    quarantine matter to it. is_vague: whether recoup.claims.detection.vague has found anything.
    horizon: the first day of which events are judged; None: all are. spans: the days that files cover.
    """
    if not (watched or refused or is_vague or spans) and horizon is None:
        await make_table(conn, replace(HELD, fill=None), {})
        return
    streams = [stream for stream in all_streams() if stream.name in {name for _, name in watched}]
    parameters = {
        "connection_id": values["connection_id"],
        "types": list(types),
        "horizon": horizon,
        "watched_types": [name for name, _ in watched],
        "watched_streams": [name for _, name in watched],
        "nouns_of": [stream.name for stream in streams],
        "nouns": [stream.noun for stream in streams],
        "refused_types": [one.type for one in refused],
        "refused_marketplaces": [one.marketplace_id for one in refused],
        "refused_whys": [one.why for one in refused],
        "span_types": [one.type for one in spans],
        "span_firsts": [one.first_on for one in spans],
        "span_lasts": [one.last_on for one in spans],
        "span_whys": [one.why for one in spans],
    }
    await make_table(conn, NAMED, parameters)
    await make_table(conn, HELD, parameters)
    await conn.execute(text(_HOLD))
