"""One stream of one sync, all its sections, from the sources that the plan of the sync says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain

from recoup.spapi.operations.reports import CREATE_REPORT
from recoup.streams.stream import Scope
from recoup.sync.bookmark import Bookmark
from recoup.sync.cursor_queries import read_cursor
from recoup.sync.read_section import Failures, SectionReader
from recoup.sync.refused import Section, list_sections, refused_error, rejoin
from recoup.sync.report_desk import ReportDesk
from recoup.sync.side_tasks import run_all
from recoup.sync.sources import Source
from recoup.sync.stream_state import StreamState
from recoup.sync.work import Work


async def read_planned(work: Work, state: StreamState, desk: ReportDesk) -> None:
    """Read a stream to its end; a section that fails or that Amazon refuses stops no other.

    What the plan has nothing to read of is done already. Raises RefusedError when a part was
    refused, the first ReportError or SpApiError of a section that failed, FencedError when the sync
    is somebody else's, ReauthorizationRequiredError or InvalidClientError when nothing can go on,
    another RecoupError when this stream cannot.
    """
    name = state.stream.name
    sections = await list_sections(work, state.stream)
    state.scopes = len(sections)
    sources = {section.scope: work.course.sources(name, section.scope) for section in sections}
    state.fractions |= {scope: 1.0 for scope, found in sources.items() if not found}
    failures = await _read_all(work, state, desk, [one for one in sections if sources[one.scope]])
    if state.stream.scope is Scope.REGION and not state.without:
        apart = [one for one in sources if one and state.fractions.get(one) == 1.0]
        await rejoin(work, state.stream, apart)
    for failure in failures:
        raise failure
    if state.refusals:
        by_pages = any(Source.API in found for found in sources.values())
        raise refused_error(state, state.api.operation if by_pages else CREATE_REPORT)
    for scope in sources:
        work.course.scope_read(name, scope)
    state.finished = True


async def _read_all(
    work: Work, state: StreamState, desk: ReportDesk, sections: Sequence[Section]
) -> Failures:
    """All sections side by side; gives what failed."""
    turn = asyncio.Lock()
    async with work.database.reading() as conn:
        connection_id, name = work.connection.connection_id, state.stream.name
        cursors = [await read_cursor(conn, connection_id, name, one.scope) for one in sections]
    readers = [
        SectionReader(work, state, desk, section, Bookmark(cursor), turn)
        for section, cursor in zip(sections, cursors, strict=True)
    ]
    return list(chain.from_iterable(await run_all([reader.read() for reader in readers])))
