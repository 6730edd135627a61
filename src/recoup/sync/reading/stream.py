"""Reads one stream of one sync: its sections side by side, by pages and reports as planned."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from recoup.errors import NotAvailableError, ReportError, SpApiError
from recoup.streams._stream import Scope
from recoup.sync.cursors.queries import read_cursor
from recoup.sync.cursors.sections import Section
from recoup.sync.cursors.shared_cursor import SharedCursor
from recoup.sync.reading.again import read_again
from recoup.sync.reading.pages import read_pages
from recoup.sync.record.channel import Channel
from recoup.sync.record.stream_state import StreamState
from recoup.sync.refusals.availability import (
    Reading,
    conclude,
    is_refusal,
    read_asleep,
    refuse_section,
)
from recoup.sync.refusals.refused import list_sections, rejoin
from recoup.sync.reports.ledger import ReportLedger
from recoup.sync.reports.life import Failures, ReportLife
from recoup.sync.reports.requests import ReportDesk
from recoup.sync.work import Work


async def read_stream(work: Work, state: StreamState, desk: ReportDesk) -> None:
    """Reads a stream to its end; a section that fails or is refused does not stop the others.

    What the plan has nothing to read of is done already. Raises NotAvailableError when Amazon gives
    nothing of it, RefusedError when it refuses the request, the first ReportError or SpApiError of a
    section that failed, FencedError when the sync is somebody else's, ReauthorizationRequiredError or
    InvalidClientError when nothing can go on, another RecoupError when this stream cannot.
    """
    name = state.stream.name
    async with work.seat.at_work(), work.database.reading() as conn:
        waits = await read_asleep(conn, work, state.stream)
        sections = await list_sections(conn, work, state.stream)
    state.without |= waits.datasets
    state.was_unavailable = waits.was_unavailable
    waiting = [one for one in sections if waits.covers(one)]
    asked = [one for one in sections if one not in waiting]
    state.scopes = len(sections)
    channels = {section.scope: work.plan.channels(name, section.scope) for section in asked}
    idle = [one for one in asked if not channels[one.scope]]
    state.fractions |= {one.scope: 1.0 for one in (*idle, *waiting)}
    readers = await _read_all(work, state, desk, [one for one in asked if one not in idle])
    if state.stream.scope is Scope.REGION and not state.without:
        apart = [one for one in channels if one and state.fractions.get(one) == 1.0]
        await rejoin(work, state.stream, apart)
    read = [reader.section for reader in readers if reader.is_read]
    reading = Reading(
        read=(*idle, *read),
        waiting=tuple(waiting),
        failures=tuple(failure for reader in readers for failure in reader.failures),
    )
    await conclude(work, state, reading, waits)
    for scope in channels:
        work.plan.scope_read(name, scope)
    state.finished = True


async def _read_all(
    work: Work, state: StreamState, desk: ReportDesk, sections: Sequence[Section]
) -> list[_SectionReader]:
    """Reads all sections side by side; returns their readers, which know the results.

    Of a stream that was not available the first one is read alone: when it is refused, so are all.
    """
    turn = asyncio.Lock()
    async with work.database.reading() as conn:
        connection_id, name = work.connection.connection_id, state.stream.name
        cursors = [await read_cursor(conn, connection_id, name, one.scope) for one in sections]
    readers = [
        _SectionReader(work, state, desk, section, SharedCursor(cursor), turn)
        for section, cursor in zip(sections, cursors, strict=True)
    ]
    looks = readers[:1] if state.was_unavailable else []
    await work.standstill.run_all([reader.read for reader in looks])
    if state.refusals:
        return looks
    await work.standstill.run_all([reader.read for reader in readers[len(looks) :]])
    return readers


class _SectionReader:
    """Reads a section to its end. pages_turn: held by the one section of the stream that reads pages,
    as they all wait for the same limit.
    """

    def __init__(
        self,
        work: Work,
        state: StreamState,
        desk: ReportDesk,
        section: Section,
        shared: SharedCursor,
        pages_turn: asyncio.Lock,
    ) -> None:
        self._work = work
        self._state = state
        self._desk = desk
        self.section = section
        self.failures: Failures = []
        self.is_read = False
        self._shared = shared
        self._pages_turn = pages_turn
        # A first sync need not request again what it has just read.
        self._is_first = not shared.cursor.closed
        self._ledger: ReportLedger | None = None

    async def read(self) -> None:
        """Reads the section.

        Afterwards `is_read` shows whether all was read; failures are in `failures`, refusals in the
        state. Raises as read_stream.
        """
        answers = await self._follow_plan()
        if not answers and not self._is_first:
            answers = await _collected(self._read_again)
        self.failures = [one for one in answers if not _is_no(one)]
        refused = [one for one in answers if _is_no(one)]
        if refused and not self.failures:
            refuse_section(self._state, self.section, refused[0])
        if not answers:
            if self._ledger is not None:
                await self._ledger.finish()
            self._state.fractions[self.section.scope] = 1.0
            self.is_read = True

    async def _follow_plan(self) -> Failures:
        """The plan's current assignment of everything that is left."""
        name, scope = self._state.stream.name, self.section.scope
        channels = self._work.plan.channels(name, scope)
        self._state.channels[scope] = channels
        if Channel.REPORT not in channels:
            return await _collected(self._read_pages) if channels else []
        return await _collected(partial(self._read_reports, with_pages=Channel.API in channels))

    async def _read_reports(self, *, with_pages: bool) -> Failures:
        """Requests reports before the first page, as they take longer. Then both continue."""
        stream, report = self._state.stream, self._state.stream.report
        assert report is not None
        ledger = ReportLedger(self._work, stream, report, self.section, self._shared)
        life = ReportLife(self._work, self._state, self._desk, ledger)
        requests = await life.intend(self._work.plan.page_windows(stream.name, self.section.scope))
        if requests is not None:
            self._ledger = ledger
        parts = [partial(_collected, partial(life.carry, requests or []))]
        if with_pages:
            parts.append(partial(_collected, self._read_pages))
        failures = await self._work.standstill.run_all(parts)
        return [failure for failed in failures for failure in failed]

    async def _read_pages(self) -> Failures:
        async with self._pages_turn:
            self.section, is_done = await read_pages(
                self._work, self._state, self.section, self._shared
            )
        return [] if is_done else await self._follow_plan()

    async def _read_again(self) -> Failures:
        await read_again(self._work, self._state, self.section)
        return []


async def _collected(part: Callable[[], Awaitable[Failures]]) -> Failures:
    """Collects failures: one of a channel stops neither the other channel nor other sections.

    `part` is called here: a coroutine made before would never be awaited by a sync that is
    cancelled in between.
    """
    try:
        return await part()
    except (SpApiError, ReportError, NotAvailableError) as exc:
        return [exc]


def _is_no(error: SpApiError | ReportError | NotAvailableError) -> bool:
    """Whether another attempt today would get the same answer."""
    return isinstance(error, NotAvailableError) or is_refusal(error)
