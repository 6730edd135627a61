"""The content of event streams: history from the reader's position on, then live, each state once.

A reader subscribes before history is read, so nothing falls between the two; what history has told
already is dropped by its id. No database connection is held while a stream is open.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator

from recoup.api.services import Services
from recoup.events.hub import Subscription
from recoup.events.queries import Event
from recoup.events.sse import HEARTBEAT, OPENING, format_place
from recoup.events.words import EventType
from recoup.ids import SyncId, WorkspaceId
from recoup.sync.planning.version_queries import read_status_version
from recoup.sync.record.states import ACTIVE


def _tells_state(event: Event, sync_id: SyncId) -> bool:
    """Whether it is the state of this sync; claims found in it are only sent to the user's feed."""
    return event.type == EventType.SYNC and event.subject == sync_id


def tells_the_end(event: Event) -> bool:
    """Whether nothing more will follow about this sync."""
    return event.type == EventType.SYNC and event.payload["status"] != ACTIVE


async def has_seen_the_end(
    services: Services, workspace_id: WorkspaceId, sync_id: SyncId, last_seen: int | None
) -> bool:
    """Whether a returning reader has received the terminal event of a sync.

    Raises NotFoundError for a sync of other people, or none.
    """
    newest = await services.hub.find_state(workspace_id, sync_id, seen=last_seen)
    if newest is None:
        await read_status_version(services.database, workspace_id, sync_id)
    return (
        newest is not None
        and last_seen is not None
        and tells_the_end(newest)
        and newest.event_id <= last_seen
    )


async def sync_frames(
    services: Services, workspace_id: WorkspaceId, sync_id: SyncId, last_seen: int | None
) -> AsyncGenerator[bytes]:
    """The current state of a sync, then each change until its end."""
    async with services.hub.subscribe(workspace_id) as live:
        yield OPENING
        newest = await services.hub.find_state(workspace_id, sync_id, seen=last_seen)
        sent = 0
        if newest is not None:
            # A place that is ahead of the newest event was issued by another database: start again.
            if newest.event_id != last_seen:
                yield newest.frame
            sent = newest.event_id
            if tells_the_end(newest):
                return
        async for event in _changes(services, live):
            if event is None:
                yield HEARTBEAT
            elif _tells_state(event, sync_id) and event.event_id > sent:
                sent = event.event_id
                yield event.frame
                if tells_the_end(event):
                    return


async def workspace_frames(
    services: Services, workspace_id: WorkspaceId, last_seen: int | None
) -> AsyncGenerator[bytes]:
    """All of a user's events: for a returning reader the missed ones, else the running syncs."""
    async with services.hub.subscribe(workspace_id) as live:
        yield OPENING
        known = await _known_place(services, workspace_id, live, last_seen)
        sent = live.place if known is None else known
        told = 0
        for past in await _past(services, workspace_id, live, known):
            # To a new reader the past is of no interest, but what came since it called is.
            if known is not None or past.event_id > live.place or _tells_activity(past):
                told = past.event_id
                yield past.feed_frame
        sent = max(sent, told)
        if sent > told:
            # A reader that has had no event yet comes back with this place and misses nothing.
            yield format_place(sent)
        async for event in _changes(services, live):
            if event is None:
                yield HEARTBEAT
            elif event.event_id > sent:
                sent = event.event_id
                yield event.feed_frame


async def _known_place(
    services: Services, workspace_id: WorkspaceId, live: Subscription, last_seen: int | None
) -> int | None:
    """Where a returning reader goes on. None for one that must start again, as a place that is ahead
    of the newest event was issued by another database.
    """
    if last_seen is None or last_seen <= live.place:
        return last_seen
    # Another process may have told it before the news came here.
    return last_seen if last_seen <= await services.hub.read_place(workspace_id) else None


async def _past(
    services: Services, workspace_id: WorkspaceId, live: Subscription, known: int | None
) -> list[Event]:
    """What a reader that goes on after `known` has missed. Without a query if that is nothing."""
    if known is not None and known >= live.place:
        return []
    return await services.hub.list_past(workspace_id, known or 0)


def _tells_activity(event: Event) -> bool:
    return event.type == EventType.SYNC and not tells_the_end(event)


async def _changes(services: Services, live: Subscription) -> AsyncIterator[Event | None]:
    """Live events; None when a heartbeat is due, however many other events there are."""
    now = asyncio.get_running_loop().time
    interval = services.timing.heartbeat_seconds
    # Readers who came together do not get their heartbeats together.
    due = now() + interval * random.uniform(0.2, 1.0)  # noqa: S311 - no secret
    while True:
        for event in await live.take(timeout_seconds=max(0.0, due - now())):
            yield event
        if now() >= due:
            yield None
            due = now() + interval
