"""Writing events in the order of their commits, and reading them from a position on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import distinct_on

from recoup.db.engine import Database, Reader, Writer, notify
from recoup.db.single_reads import statement
from recoup.events.sse import format_event
from recoup.events.tables import activity, event
from recoup.events.words import EventType
from recoup.ids import SyncId, WorkspaceId

CHANNEL = "recoup_event"
"""NOTIFY channel; the payload is the user whose events have grown."""


def compact(payload: Mapping[str, Any]) -> str:
    """JSON in one line."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Event:
    """One row of the feed. `event_id` grows in the order in which a user's events were committed."""

    event_id: int
    workspace_id: WorkspaceId
    type: str
    subject: str
    milestone: bool
    payload: dict[str, Any]

    # Made once, however many readers there are.
    @cached_property
    def frame(self) -> bytes:
        """As the reader of its subject alone sees it."""
        return format_event(self.event_id, compact(self.payload))

    @cached_property
    def feed_frame(self) -> bytes:
        """As a reader of all of the user's events sees it."""
        is_state = self.type == EventType.SYNC
        told = {"sync": self.payload} if is_state else self.payload
        return format_event(self.event_id, compact({"type": self.type, **told}))


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


_OF_WORKSPACE = event.c.workspace_id == bindparam("workspace_id")
_AFTER = event.c.event_id > bindparam("after", type_=BigInteger)

_NEWEST_STATE = statement(
    select(event)
    .where(
        _OF_WORKSPACE,
        event.c.subject == bindparam("sync_id"),
        event.c.type == bindparam("event_type"),
    )
    .order_by(event.c.event_id.desc())
    .limit(literal_column("1"))
)


async def find_newest_state(
    database: Database, workspace_id: WorkspaceId, sync_id: SyncId
) -> Event | None:
    """The last announced state of a sync, not counting claims found in it."""
    rows = await database.fetch(
        _NEWEST_STATE,
        workspace_id=workspace_id,
        sync_id=sync_id,
        event_type=EventType.SYNC.value,
    )
    return _event(rows[0]) if rows else None


_LAST_ID = statement(
    select(func.coalesce(func.max(event.c.event_id), literal_column("0")).label("event_id")).where(
        _OF_WORKSPACE
    )
)


async def find_last_event_id(database: Database, workspace_id: WorkspaceId) -> int:
    """The position of a user's feed; 0 before the first event."""
    return int((await database.fetch(_LAST_ID, workspace_id=workspace_id))[0].event_id)


_newest_after = (
    select(event)
    .ext(distinct_on(event.c.type, event.c.subject))
    .where(_OF_WORKSPACE, _AFTER)
    .order_by(event.c.type, event.c.subject, event.c.event_id.desc())
    .subquery()
)
_NEWEST_AFTER = statement(
    select(_newest_after)
    .order_by(_newest_after.c.event_id.desc())
    .limit(bindparam("row_limit", type_=Integer))
)


async def list_newest_events_after(
    database: Database, workspace_id: WorkspaceId, after: int, *, limit: int = 1000
) -> list[Event]:
    """The newest event of each subject after a position, in order, for a returning reader."""
    rows = await database.fetch(
        _NEWEST_AFTER, workspace_id=workspace_id, after=after, row_limit=limit
    )
    return [_event(row) for row in reversed(rows)]


_ALL_AFTER = statement(select(event).where(_OF_WORKSPACE, _AFTER).order_by(event.c.event_id))


async def list_events_after(
    database: Database, workspace_id: WorkspaceId, after: int
) -> list[Event]:
    """Every event after a position, in order."""
    rows = await database.fetch(_ALL_AFTER, workspace_id=workspace_id, after=after)
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


def _event(row: Any) -> Event:
    return Event(
        event_id=row.event_id,
        workspace_id=WorkspaceId(row.workspace_id),
        type=row.type,
        subject=row.subject,
        milestone=row.milestone,
        payload=row.payload,
    )
