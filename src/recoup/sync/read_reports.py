"""One stream of one sync by reports: ask for all windows at once, load each file as it is ready.

Each step is stored before the next one is taken (recoup.sync.report_queries), so that another
worker, or another sync, goes on with the same reports.
"""

from __future__ import annotations

from collections.abc import Sequence

from recoup.connections.queries import Connection
from recoup.errors import ForbiddenError, ReportError
from recoup.spapi.operations.reports import CREATE_REPORT
from recoup.streams.stream import Scope, Stream
from recoup.sync.refused import named_scope, refused_error
from recoup.sync.report_desk import ReportDesk
from recoup.sync.report_scope import ReportScope
from recoup.sync.side_tasks import run_all
from recoup.sync.stream_state import Refusal, StreamState
from recoup.sync.work import Work


async def read_reports(work: Work, state: StreamState, desk: ReportDesk) -> None:
    """Read a stream to its end, all scopes and windows side by side.

    What one report cannot bring does not keep the others from being loaded, nor does a marketplace
    that Amazon refuses. Raises what `read_stream` raises, and ReportError naming the report that
    failed.
    """
    scopes = _scopes_of(state.stream, work.connection)
    state.scopes = len(scopes)
    failures: list[ReportError] = []
    for failed in await run_all([_read_scope(work, state, desk, scope) for scope in scopes]):
        failures += failed
    if state.refusals:
        raise refused_error(state, CREATE_REPORT)
    if failures:
        raise failures[0]
    state.finished = True


async def _read_scope(
    work: Work, state: StreamState, desk: ReportDesk, scope: str
) -> Sequence[ReportError]:
    try:
        return await ReportScope(work, state, desk, scope).read()
    except ForbiddenError as exc:
        state.refusals.append(Refusal(named_scope(scope), exc))
        return []


def _scopes_of(stream: Stream, connection: Connection) -> tuple[str, ...]:
    """'' for a report that covers a region, else each marketplace."""
    return ("",) if stream.scope is Scope.REGION else connection.marketplace_ids
