"""The horizon of detection, once rows of a connection were deleted with age (docs/claims.md#horizon).

Rules compare histories: a vanished payment would open a loss, a vanished loss would free its payment
for another one. So detection leaves two kinds of events, and the claims about them, as they are:

- those before the horizon, of which a part of what they are judged by may be gone;
- those after it of which the result did change with a deletion (the table `judged_event`). What the
  fixed spans of the rules do not bound is found by looking: each deletion runs between two searches.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import date, timedelta

from sqlalchemy import text

from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId

LOOKS_BACK = timedelta(days=180)
"""How long before an event the rows begin that rules look for by days: a removal order explains
units that leave up to 180 days later (recoup.claims.detection.ledger), everything else looks less far."""

_RESULT = """
    select 'claim' as kind, type, key, event_on, md5(cast(c as text)) as result from detect_claim c
    union all
    select 'event', f.type, f.key, f.event_on, md5(cast((f.quantity, f.suppressed, f.settled) as text))
    from detect_found f
    where exists (
        select from claim c
        where c.connection_id = :connection_id and c.type = f.type and c.key = f.key)
"""
# No TemporaryTable: each search drops all of those.
_REMEMBER = text(f"create temp table result_before on commit drop as {_RESULT}")

_KEEP = text(
    f"""
    with after as ({_RESULT}), changed as (
        select type, key, greatest(b.event_on, a.event_on) as event_on
        from result_before b full join after a using (kind, type, key)
        where a.result is distinct from b.result
        union all
        select a.type, a.key, a.event_on from after a
        where a.kind = 'claim' and a.type = any(:freed) and not exists (
            select from claim c
            where c.connection_id = :connection_id and c.type = a.type and c.key = a.key)
    )
    insert into judged_event (connection_id, type, key, event_on)
    select :connection_id, type, key, max(event_on) from changed
    group by type, key having max(event_on) >= :horizon
    on conflict (connection_id, type, key) do update set event_on = excluded.event_on
    """
)


async def find_horizon(conn: Reader, connection_id: ConnectionId) -> date | None:
    """The first day of which events are judged; None where nothing was deleted that matters."""
    found = await conn.execute(
        text(
            """
            select coalesce(held_from + cast(:looks_back as integer), (
                -- Only unreadable rows were deleted: no event is too old.
                select date '0001-01-01' from judged_event j
                where j.connection_id = c.connection_id limit 1))
            from amazon_connection c where connection_id = :connection_id
            """
        ),
        {"connection_id": connection_id, "looks_back": LOOKS_BACK.days},
    )
    horizon: date | None = found.scalar_one_or_none()
    return horizon


async def keep_what_changes(
    conn: Writer,
    connection_id: ConnectionId,
    *,
    search: Callable[[], Awaitable[Collection[str]]],
    delete: Callable[[], Awaitable[None]],
) -> int:
    """Runs `delete`, and keeps detection from acting on what it changes; returns how many events.

    search: leaves the results of all rules in temporary tables, and returns the types whose rules
    wait. delete: also stores from when on rows are held. All of it must see the rows of one moment
    (REPEATABLE READ), or what a sync stores meanwhile passes for a change.
    """
    values: dict[str, object] = {"connection_id": connection_id}
    waiting = await search()
    await conn.execute(_REMEMBER, values)
    await delete()
    freed = set(waiting) - set(await search())
    values["horizon"] = await find_horizon(conn, connection_id) or date.min
    kept = await conn.execute(_KEEP, values | {"freed": sorted(freed)})
    await conn.execute(text("drop table result_before"))
    await conn.execute(
        text(
            "delete from judged_event where connection_id = :connection_id and event_on < :horizon"
        ),
        values,
    )
    return kept.rowcount
