"""One stream of one sync by reports: ask for all windows at once, load each file as it is ready.

Each step is stored before the next one is taken (recoup.sync.report_queries), so that another
worker, or another sync, goes on with the same reports.
"""

from __future__ import annotations

from collections.abc import Sequence

from recoup.errors import ForbiddenError, ReportError, SpApiError
from recoup.sync.refused import named_scope
from recoup.sync.report_desk import ReportDesk
from recoup.sync.report_scope import ReportScope
from recoup.sync.side_tasks import run_all
from recoup.sync.stream_state import Refusal, StreamState
from recoup.sync.work import Work


async def read_reports(
    work: Work, state: StreamState, desk: ReportDesk, scopes: Sequence[str]
) -> None:
    """Read these scopes of a stream to their end, all windows side by side.

    What one report cannot bring does not keep the others from being loaded, nor does a marketplace
    that Amazon refuses, which is noted in the state. Raises as recoup.sync.read_planned, and
    the first ReportError or SpApiError of a report that failed.
    """
    failures: list[SpApiError | ReportError] = []
    for failed in await run_all([_read_scope(work, state, desk, scope) for scope in scopes]):
        failures += failed
    if failures:
        raise failures[0]


async def _read_scope(
    work: Work, state: StreamState, desk: ReportDesk, scope: str
) -> Sequence[SpApiError | ReportError]:
    try:
        return await ReportScope(work, state, desk, scope).read()
    except ForbiddenError as exc:
        state.refusals.append(Refusal(named_scope(scope), exc))
        return []
