"""One stream of one sync by reports: ask for all windows at once, load each file as it is ready.

Each step is stored before the next one is taken (recoup.sync.report_queries), so that another
worker, or another sync, goes on with the same reports.
"""

from __future__ import annotations

from recoup.connections.queries import Connection
from recoup.errors import ReportError
from recoup.streams.stream import Scope, Stream
from recoup.sync.report_desk import ReportDesk
from recoup.sync.report_scope import ReportScope
from recoup.sync.side_tasks import run_all
from recoup.sync.stream_state import StreamState
from recoup.sync.work import Work


async def read_reports(work: Work, state: StreamState, desk: ReportDesk) -> None:
    """Read a stream to its end, all scopes and windows side by side.

    What one report cannot bring does not keep the others from being loaded. Raises what
    `read_stream` raises, and ReportError naming the report that failed.
    """
    scopes = _scopes_of(state.stream, work.connection)
    state.scopes = len(scopes)
    failures: list[ReportError] = []
    for failed in await run_all([ReportScope(work, state, desk, scope).read() for scope in scopes]):
        failures += failed
    if failures:
        raise failures[0]
    state.finished = True


def _scopes_of(stream: Stream, connection: Connection) -> tuple[str, ...]:
    """'' for a report that covers a region, else each marketplace."""
    return ("",) if stream.scope is Scope.REGION else connection.marketplace_ids
