"""One stream of one sync, each scope from the source that the plan of the sync says."""

from __future__ import annotations

from collections.abc import Sequence

from recoup.sync.read_pages import read_pages
from recoup.sync.read_reports import read_reports
from recoup.sync.report_desk import ReportDesk
from recoup.sync.side_tasks import run_all
from recoup.sync.sources import Source
from recoup.sync.stream_state import StreamState
from recoup.sync.work import Work, scopes_of


async def read_planned(work: Work, state: StreamState, desk: ReportDesk) -> None:
    """Read a stream to its end. What the plan has nothing to read of is done already.

    Raises FencedError when the sync is somebody else's, ReauthorizationRequiredError or
    InvalidClientError when nothing can go on, another RecoupError when this stream cannot.
    """
    name = state.stream.name
    scopes = scopes_of(state.stream, work.connection)
    state.scopes = len(scopes)
    sources = {scope: work.course.source(name, scope) for scope in scopes}
    state.fractions |= {scope: 1.0 for scope, source in sources.items() if source is None}
    by_pages = [scope for scope, source in sources.items() if source is Source.API]
    by_reports = [scope for scope, source in sources.items() if source is Source.REPORT]
    state.source = Source.API if by_pages else Source.REPORT
    await run_all(
        [
            _pages_then_reports(work, state, desk, by_pages),
            read_reports(work, state, desk, by_reports),
        ]
    )
    for scope in scopes:
        work.course.scope_read(name, scope)
    state.finished = True


async def _pages_then_reports(
    work: Work, state: StreamState, desk: ReportDesk, scopes: Sequence[str]
) -> None:
    """Pages, and reports for what the plan gives to them on the way."""
    left = [scope for scope in scopes if not await read_pages(work, state, scope)]
    if left:
        state.source = Source.REPORT
        await read_reports(work, state, desk, left)
