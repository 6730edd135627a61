"""One section of a stream: pages and reports side by side, as the plan of the sync divides it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

from recoup.errors import ForbiddenError, ReportError, SpApiError
from recoup.sync.bookmark import Bookmark
from recoup.sync.read_pages import read_pages
from recoup.sync.refused import Section, named_scope
from recoup.sync.report_desk import ReportDesk
from recoup.sync.report_scope import ReportScope
from recoup.sync.side_tasks import run_all
from recoup.sync.sources import Source
from recoup.sync.stream_state import Refusal, StreamState
from recoup.sync.work import Work

Failures: TypeAlias = list[SpApiError | ReportError]


class SectionReader:
    """Reads a section to its end. pages_turn: held by the one section of the stream that reads pages,
    as they all wait for the same limit.
    """

    def __init__(
        self,
        work: Work,
        state: StreamState,
        desk: ReportDesk,
        section: Section,
        bookmark: Bookmark,
        pages_turn: asyncio.Lock,
    ) -> None:
        self._work = work
        self._state = state
        self._desk = desk
        self._section = section
        self._bookmark = bookmark
        self._pages_turn = pages_turn
        self._reports: ReportScope | None = None
        self._is_refused = False

    async def read(self) -> Failures:
        """What failed. What Amazon refuses is noted in the state. Raises as
        recoup.sync.read_planned.
        """
        failures = await self._follow_plan()
        if not failures and not self._is_refused:
            if self._reports is not None:
                await self._reports.finish()
            self._state.fractions[self._section.scope] = 1.0
        return failures

    async def _follow_plan(self) -> Failures:
        """What the plan says now of everything that is left."""
        name, scope = self._state.stream.name, self._section.scope
        sources = self._work.course.sources(name, scope)
        self._state.sources[scope] = sources
        if Source.REPORT not in sources:
            return await self._collected(self._read_pages) if sources else []
        return await self._collected(partial(self._read_reports, with_pages=Source.API in sources))

    async def _read_reports(self, *, with_pages: bool) -> Failures:
        """Reports are asked for before the first page is: they take longer. Both go on then."""
        name, scope = self._state.stream.name, self._section.scope
        reports = ReportScope(self._work, self._state, self._desk, self._section, self._bookmark)
        besides = self._work.course.page_windows(name, scope)
        requests = await reports.enter(besides)
        if requests is not None:
            self._reports = reports
        parts = [self._collected(partial(reports.carry, requests or []))]
        if with_pages:
            parts.append(self._collected(self._read_pages))
        return [failure for failed in await run_all(parts) for failure in failed]

    async def _read_pages(self) -> Failures:
        async with self._pages_turn:
            self._section, is_done = await read_pages(
                self._work, self._state, self._section, self._bookmark
            )
        return [] if is_done else await self._follow_plan()

    async def _collected(self, part: Callable[[], Awaitable[Failures]]) -> Failures:
        """A failure of one source stops neither the other nor the other sections.

        `part` is called here: a coroutine made before would never be awaited by a sync that is
        cancelled in between.
        """
        try:
            return await part()
        except ForbiddenError as exc:
            self._state.refusals.append(Refusal(named_scope(self._section.scope), exc))
            self._is_refused = True
            return []
        except (SpApiError, ReportError) as exc:
            return [exc]
