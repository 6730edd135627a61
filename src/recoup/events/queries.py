"""Writing events in the order of their commits, and reading them from a place on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.types import BigInteger, Text

from recoup.db.engine import Reader, Writer, notify
from recoup.events.tables import activity, event
from recoup.ids import SyncId, UserId

CHANNEL = "recoup_event"
"""NOTIFY channel; the payload is the user whose events have grown."""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the feed. `event_id` grows in the order in which a user's events were committed."""

    event_id: int
    user_id: UserId
    type: str
    subject: str
    milestone: bool
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Activity:
    type: str
    message: str
    sync_id: str | None
    created_at: datetime


async def publish(
    conn: Writer,
    user_id: UserId,
    *,
    event_type: str,
    subject: str,
    payload: Mapping[str, Any],
    milestone: bool = False,
) -> None:
    """Add an event. Call it last in a transaction: it holds a lock of the user until the commit.

    Ids are given out before a commit. The lock makes a user's ids appear in their order, so a
    reader that has seen id n will never find a smaller one later (style 36).
    """
    await conn.execute(
        text("select pg_advisory_xact_lock(hashtextextended('event:' || :user_id, 0))"),
        {"user_id": user_id},
    )
    await conn.execute(
        insert(event).values(
            user_id=user_id,
            type=event_type,
            subject=subject,
            milestone=milestone,
            payload=dict(payload),
        )
    )
    await notify(conn, CHANNEL, user_id)


async def record_activity(
    conn: Writer,
    user_id: UserId,
    *,
    activity_type: str,
    message: str,
    sync_id: SyncId | None = None,
) -> None:
    await conn.execute(
        insert(activity).values(
            user_id=user_id, type=activity_type, message=message, sync_id=sync_id
        )
    )


async def list_activities(conn: Reader, user_id: UserId, *, limit: int) -> list[Activity]:
    """Newest first."""
    rows = await conn.execute(
        select(activity)
        .where(activity.c.user_id == user_id)
        .order_by(activity.c.activity_id.desc())
        .limit(limit)
    )
    return [Activity(r.type, r.message, r.sync_id, r.created_at) for r in rows]


async def find_newest_state(conn: Reader, user_id: UserId, sync_id: SyncId) -> Event | None:
    """The state of a sync as last told; what was found in it is no state."""
    row = (
        await conn.execute(
            select(event)
            .where(event.c.user_id == user_id, event.c.subject == sync_id, event.c.type == "sync")
            .order_by(event.c.event_id.desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else _event(row)


async def find_last_event_id(conn: Reader, user_id: UserId) -> int:
    """The place where a user's feed stands; 0 before the first event."""
    found = await conn.execute(
        select(func.coalesce(func.max(event.c.event_id), 0)).where(event.c.user_id == user_id)
    )
    return int(found.scalar_one())


async def list_newest_events_after(
    conn: Reader, user_id: UserId, after: int, *, limit: int = 1000
) -> list[Event]:
    """The newest event of each subject after a place, in order: what a returning reader missed."""
    newest = (
        select(event)
        .ext(distinct_on(event.c.type, event.c.subject))
        .where(event.c.user_id == user_id, event.c.event_id > after)
        .order_by(event.c.type, event.c.subject, event.c.event_id.desc())
        .subquery()
    )
    rows = await conn.execute(select(newest).order_by(newest.c.event_id.desc()).limit(limit))
    return [_event(row) for row in reversed(rows.all())]


_AFTER_PLACES = text(
    """
    select event.* from unnest(:users, :places) as reader (user_id, place)
    join event on event.user_id = reader.user_id and event.event_id > reader.place
    order by event.event_id
    """
).bindparams(bindparam("users", type_=ARRAY(Text)), bindparam("places", type_=ARRAY(BigInteger)))


async def list_events_after(conn: Reader, places: Mapping[UserId, int]) -> list[Event]:
    """Every event after each user's own place, in order."""
    rows = await conn.execute(
        _AFTER_PLACES, {"users": list(places), "places": list(places.values())}
    )
    return [_event(row) for row in rows]


async def delete_superseded_events(conn: Writer, *, before: datetime) -> int:
    """Forget old events that a newer one of their kind and subject has replaced; gives how many."""
    newer = event.alias("newer")
    result = await conn.execute(
        delete(event).where(
            event.c.created_at < before,
            select(newer.c.event_id)
            .where(
                newer.c.subject == event.c.subject,
                newer.c.type == event.c.type,
                newer.c.event_id > event.c.event_id,
            )
            .exists(),
        )
    )
    return result.rowcount


def _event(row: Row[Any]) -> Event:
    return Event(
        event_id=row.event_id,
        user_id=UserId(row.user_id),
        type=row.type,
        subject=row.subject,
        milestone=row.milestone,
        payload=row.payload,
    )
