"""Writing events in the order of their commits, and reading them from a position on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from recoup.db.engine import Reader, Writer, notify
from recoup.events.tables import activity, event
from recoup.events.words import EventType
from recoup.ids import SyncId, WorkspaceId

CHANNEL = "recoup_event"
"""NOTIFY channel; the payload is the user whose events have grown."""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the feed. `event_id` grows in the order in which a user's events were committed."""

    event_id: int
    workspace_id: WorkspaceId
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
    workspace_id: WorkspaceId,
    *,
    event_type: EventType,
    subject: str,
    payload: Mapping[str, Any],
    milestone: bool = False,
) -> None:
    """Adds an event. Call it last in a transaction: it holds a lock of the user until the commit.

    Ids are given out before a commit. The lock makes a user's ids appear in their order, so a
    reader that has seen id n will never find a smaller one later (docs/architecture.md#the-live-feed).
    """
    await conn.execute(
        text("select pg_advisory_xact_lock(hashtextextended('event:' || :workspace_id, 0))"),
        {"workspace_id": workspace_id},
    )
    await conn.execute(
        insert(event).values(
            workspace_id=workspace_id,
            type=event_type.value,
            subject=subject,
            milestone=milestone,
            payload=dict(payload),
        )
    )
    await notify(conn, CHANNEL, workspace_id)


async def record_activity(
    conn: Writer,
    workspace_id: WorkspaceId,
    *,
    activity_type: StrEnum,
    message: str,
    sync_id: SyncId | None = None,
) -> None:
    """Add an entry to a user's history. activity_type: an ActivityType, or the code of a note."""
    await conn.execute(
        insert(activity).values(
            workspace_id=workspace_id, type=activity_type.value, message=message, sync_id=sync_id
        )
    )


async def list_activities(conn: Reader, workspace_id: WorkspaceId, *, limit: int) -> list[Activity]:
    """Newest first."""
    rows = await conn.execute(
        select(activity)
        .where(activity.c.workspace_id == workspace_id)
        .order_by(activity.c.activity_id.desc())
        .limit(limit)
    )
    return [Activity(r.type, r.message, r.sync_id, r.created_at) for r in rows]


async def find_newest_state(
    conn: Reader, workspace_id: WorkspaceId, sync_id: SyncId
) -> Event | None:
    """The last announced state of a sync, not counting claims found in it."""
    row = (
        await conn.execute(
            select(event)
            .where(
                event.c.workspace_id == workspace_id,
                event.c.subject == sync_id,
                event.c.type == EventType.SYNC,
            )
            .order_by(event.c.event_id.desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else _event(row)


async def find_last_event_id(conn: Reader, workspace_id: WorkspaceId) -> int:
    """The position of a user's feed; 0 before the first event."""
    found = await conn.execute(
        select(func.coalesce(func.max(event.c.event_id), 0)).where(
            event.c.workspace_id == workspace_id
        )
    )
    return int(found.scalar_one())


async def list_newest_events_after(
    conn: Reader, workspace_id: WorkspaceId, after: int, *, limit: int = 1000
) -> list[Event]:
    """The newest event of each subject after a position, in order, for a returning reader."""
    newest = (
        select(event)
        .ext(distinct_on(event.c.type, event.c.subject))
        .where(event.c.workspace_id == workspace_id, event.c.event_id > after)
        .order_by(event.c.type, event.c.subject, event.c.event_id.desc())
        .subquery()
    )
    rows = await conn.execute(select(newest).order_by(newest.c.event_id.desc()).limit(limit))
    return [_event(row) for row in reversed(rows.all())]


async def list_events_after(conn: Reader, workspace_id: WorkspaceId, after: int) -> list[Event]:
    """Every event after a position, in order."""
    rows = await conn.execute(
        select(event)
        .where(event.c.workspace_id == workspace_id, event.c.event_id > after)
        .order_by(event.c.event_id)
    )
    return [_event(row) for row in rows]


async def delete_superseded_events(conn: Writer, *, before: datetime) -> int:
    """Deletes old events that a newer one of their kind and subject replaced; returns how many."""
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
        workspace_id=WorkspaceId(row.workspace_id),
        type=row.type,
        subject=row.subject,
        milestone=row.milestone,
        payload=row.payload,
    )
