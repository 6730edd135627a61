"""The live feed of one API process: one LISTEN connection, any number of readers.

A reader holds a few newest states in memory and no database connection.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from recoup.db.engine import Database
from recoup.db.listen import listen
from recoup.errors import DatabaseUnreachableError
from recoup.events.queries import CHANNEL, Event, find_last_event_id, list_events_after
from recoup.ids import WorkspaceId
from recoup.logs import get_logger

_log = get_logger(__name__)
_MOST_PENDING = 500


class Subscription:
    """One reader's slot. A newer state of a subject replaces a pending one; milestones stay.

    So a slow reader gets the newest state and costs bounded memory.
    """

    def __init__(self) -> None:
        self._pending: list[Event] = []
        self._wake = asyncio.Event()

    def offer(self, event: Event) -> None:
        self._pending = [
            p
            for p in self._pending
            if p.milestone or (p.type, p.subject) != (event.type, event.subject)
        ][-_MOST_PENDING + 1 :]
        self._pending.append(event)
        self._wake.set()

    async def take(self, *, timeout_seconds: float) -> list[Event]:
        """The events since the last call, in order; empty after `timeout_seconds` without any."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._wake.wait()
        except TimeoutError:
            return []
        self._wake.clear()
        taken, self._pending = self._pending, []
        return taken


class Hub:
    """Reads each new event once per process and passes it to the readers of its user."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._readers: defaultdict[WorkspaceId, set[Subscription]] = defaultdict(set)
        self._places: dict[WorkspaceId, int] = {}

    @asynccontextmanager
    async def subscribe(self, workspace_id: WorkspaceId) -> AsyncIterator[Subscription]:
        """A slot that receives every event committed from now on. Read history after entering."""
        subscription = Subscription()
        self._readers[workspace_id].add(subscription)
        try:
            if workspace_id not in self._places:
                async with self._database.of(workspace_id).reading() as conn:
                    place = await find_last_event_id(conn, workspace_id)
                self._places.setdefault(workspace_id, place)
            yield subscription
        finally:
            self._readers[workspace_id].discard(subscription)
            if not self._readers[workspace_id]:
                del self._readers[workspace_id]
                self._places.pop(workspace_id, None)

    async def run(self) -> None:
        """Serves the readers until cancelled."""
        async for notification in listen(self._database.conninfo, [CHANNEL]):
            everybody = not notification.channel
            grown = set(self._places) if everybody else {WorkspaceId(notification.payload)}
            for workspace_id in grown & set(self._places):
                await self._deliver(workspace_id)

    async def _deliver(self, workspace_id: WorkspaceId) -> None:
        """Each workspace by itself: its rows are all that a transaction sees."""
        place = self._places.get(workspace_id)
        if place is None:
            return  # its last reader has left meanwhile
        try:
            async with self._database.of(workspace_id).reading() as conn:
                events = await list_events_after(conn, workspace_id, place)
        except DatabaseUnreachableError:
            # The next notification, at the latest the idle one, reads from the same place.
            _log.warning("events_not_read", workspace_id=workspace_id)
            return
        for event in events:
            if event.event_id <= self._places.get(workspace_id, event.event_id):
                continue
            self._places[workspace_id] = event.event_id
            for reader in self._readers.get(workspace_id, ()):
                reader.offer(event)
