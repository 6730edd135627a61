"""One stream of one sync, each section from the source that the plan of the sync says."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from recoup.errors import ForbiddenError, ReportError, SpApiError
from recoup.spapi.operations.reports import CREATE_REPORT
from recoup.streams.stream import Scope
from recoup.sync.read_pages import read_pages
from recoup.sync.read_reports import read_reports
from recoup.sync.refused import Section, list_sections, named_scope, refused_error, rejoin
from recoup.sync.report_desk import ReportDesk
from recoup.sync.side_tasks import run_all
from recoup.sync.sources import Source
from recoup.sync.stream_state import Refusal, StreamState
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
    sources = {section.scope: work.course.source(name, section.scope) for section in sections}
    state.fractions |= {scope: 1.0 for scope, source in sources.items() if source is None}
    by_pages = [section for section in sections if sources[section.scope] is Source.API]
    by_reports = [section for section in sections if sources[section.scope] is Source.REPORT]
    state.source = Source.API if by_pages else Source.REPORT
    failures = await run_all(
        [
            _pages_then_reports(work, state, desk, by_pages),
            read_reports(work, state, desk, by_reports),
        ]
    )
    if state.stream.scope is Scope.REGION and not state.without:
        apart = [one for one in sources if one and state.fractions.get(one) == 1.0]
        await rejoin(work, state.stream, apart)
    for failure in chain.from_iterable(failures):
        raise failure
    if state.refusals:
        raise refused_error(state, state.api.operation if by_pages else CREATE_REPORT)
    for scope in sources:
        work.course.scope_read(name, scope)
    state.finished = True


async def _pages_then_reports(
    work: Work, state: StreamState, desk: ReportDesk, sections: Sequence[Section]
) -> list[SpApiError | ReportError]:
    """Pages, and reports for what the plan gives to them on the way; gives what failed."""
    failures: list[SpApiError | ReportError] = []
    left = set()
    for section in sections:
        try:
            if not await read_pages(work, state, section):
                left.add(section.scope)
        except ForbiddenError as exc:
            state.refusals.append(Refusal(named_scope(section.scope), exc))
        except SpApiError as exc:
            failures.append(exc)
    if left:
        state.source = Source.REPORT
        # Anew: pages may have set a marketplace apart.
        again = [one for one in await list_sections(work, state.stream) if one.scope in left]
        failures += await read_reports(work, state, desk, again)
    return failures
