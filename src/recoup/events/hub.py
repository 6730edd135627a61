"""The live feed of one API process: one LISTEN connection, any number of readers.

A reader holds a few newest states in memory and no database connection. What its beginning needs is
read once for all readers of a workspace.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from recoup.db.engine import Database
from recoup.db.listen import listen
from recoup.db.shared_reads import SharedReads
from recoup.errors import DatabaseUnreachableError
from recoup.events.queries import (
    CHANNEL,
    Event,
    find_last_event_id,
    find_newest_state,
    list_events_after,
    list_newest_events_after,
)
from recoup.events.words import EventType
from recoup.ids import SyncId, WorkspaceId
from recoup.logs import get_logger

_log = get_logger(__name__)
_MOST_PENDING = 500
_MOST_STATES = 100
"""Of a workspace: with 5 to 25 kB each."""


class Subscription:
    """One reader's slot. A newer state of a subject replaces a pending one; milestones stay.

    So a slow reader gets the newest state and costs bounded memory. place: of the feed when the slot
    was taken; what is offered comes after it.
    """

    __slots__ = ("_pending", "_wake", "place")

    def __init__(self) -> None:
        self.place = 0
        self._pending: list[Event] = []
        self._wake: asyncio.Future[None] | None = None

    def offer(self, event: Event) -> None:
        self._pending = [
            p
            for p in self._pending
            if p.milestone or (p.type, p.subject) != (event.type, event.subject)
        ][-_MOST_PENDING + 1 :]
        self._pending.append(event)
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def take(self, *, timeout_seconds: float) -> list[Event]:
        """The events since the last call, in order; empty after `timeout_seconds` without any."""
        if not self._pending:
            self._wake = asyncio.get_running_loop().create_future()
            try:
                await asyncio.wait({self._wake}, timeout=timeout_seconds)
            finally:
                self._wake = None
        taken, self._pending = self._pending, []
        return taken


@dataclass
class _Feed:
    """Of a workspace that has readers. place: the newest event that they were offered; None until it
    is known. states: the newest one of each sync that somebody asked for, up to the place.
    has_news: it grew before the place was known.
    """

    readers: set[Subscription] = field(default_factory=set)
    place: int | None = None
    has_news: bool = False
    states: dict[SyncId, Event] = field(default_factory=dict)

    def remember(self, state: Event) -> Event:
        """The newer one of a state and the one that is known."""
        sync_id = SyncId(state.subject)
        known = self.states.pop(sync_id, state)
        newest = self.states[sync_id] = max(known, state, key=lambda one: one.event_id)
        if len(self.states) > _MOST_STATES:
            del self.states[next(iter(self.states))]
        return newest

    def offer(self, event: Event) -> None:
        self.place = event.event_id
        if event.type == EventType.SYNC and event.subject in self.states:
            self.remember(event)
        for reader in self.readers:
            reader.offer(event)


class Hub:
    """Reads each new event once per process and passes it to the readers of its user."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._feeds: dict[WorkspaceId, _Feed] = {}
        self._places: SharedReads[WorkspaceId, int] = SharedReads()
        self._states: SharedReads[tuple[WorkspaceId, SyncId], Event | None] = SharedReads()
        self._pasts: SharedReads[tuple[WorkspaceId, int], list[Event]] = SharedReads()

    @asynccontextmanager
    async def subscribe(self, workspace_id: WorkspaceId) -> AsyncIterator[Subscription]:
        """A slot that receives every event committed from now on. Read history after entering."""
        subscription = Subscription()
        feed = self._feeds.setdefault(workspace_id, _Feed())
        feed.readers.add(subscription)
        try:
            if feed.place is None:
                place = await self.read_place(workspace_id)
                feed.place = place if feed.place is None else feed.place
                if feed.has_news:
                    await self._deliver(workspace_id)
            subscription.place = feed.place
            yield subscription
        finally:
            feed.readers.discard(subscription)
            if not feed.readers:
                del self._feeds[workspace_id]

    async def read_place(self, workspace_id: WorkspaceId) -> int:
        """The id of the newest event, or 0."""
        read = partial(find_last_event_id, self._database.of(workspace_id), workspace_id)
        return await self._places.get(workspace_id, read)

    async def find_state(
        self, workspace_id: WorkspaceId, sync_id: SyncId, *, seen: int | None
    ) -> Event | None:
        """The newest state of a sync, as far as its readers were told; None if there is none.

        Whoever subscribed before misses nothing with it. seen: what the reader has seen, which
        another process may have told before the news came here.
        """
        feed = self._feeds.get(workspace_id)
        if feed is not None and feed.place is None:
            feed = None  # what is read now may be older than the place
        known = None if feed is None else feed.states.get(sync_id)
        if known is not None and (seen is None or seen <= known.event_id):
            return known
        database = self._database.of(workspace_id)
        read = partial(find_newest_state, database, workspace_id, sync_id)
        found = await self._states.get((workspace_id, sync_id), read)
        if found is None or feed is None or self._feeds.get(workspace_id) is not feed:
            return found
        return feed.remember(found)

    async def list_past(self, workspace_id: WorkspaceId, after: int) -> list[Event]:
        """The newest event of each subject after a place, in order."""
        database = self._database.of(workspace_id)
        read = partial(list_newest_events_after, database, workspace_id, after)
        return await self._pasts.get((workspace_id, after), read)

    async def run(self) -> None:
        """Serves the readers until cancelled."""
        async for notification in listen(self._database.conninfo, [CHANNEL]):
            everybody = not notification.channel
            grown = list(self._feeds) if everybody else [WorkspaceId(notification.payload)]
            for workspace_id in grown:
                await self._deliver(workspace_id)

    async def _deliver(self, workspace_id: WorkspaceId) -> None:
        """Each workspace by itself: its rows are all that a transaction sees."""
        feed = self._feeds.get(workspace_id)
        if feed is None:
            return  # nobody reads it
        if feed.place is None:
            feed.has_news = True
            return
        try:
            database = self._database.of(workspace_id)
            events = await list_events_after(database, workspace_id, feed.place)
        except DatabaseUnreachableError:
            # The next notification, at the latest the idle one, reads from the same place.
            _log.warning("events_not_read", workspace_id=workspace_id)
            return
        for event in events:
            if event.event_id > feed.place:
                feed.offer(event)
