"""One stream of one sync by reports: ask for all windows at once, load each file as it is ready.

Each step is stored before the next one is taken (recoup.sync.report_queries), so that another
worker, or another sync, goes on with the same reports.
"""

from __future__ import annotations

from collections.abc import Sequence

from recoup.errors import ForbiddenError, ReportError, SpApiError
from recoup.sync.refused import Section, named_scope
from recoup.sync.report_desk import ReportDesk
from recoup.sync.report_scope import ReportScope
from recoup.sync.side_tasks import run_all
from recoup.sync.stream_state import Refusal, StreamState
from recoup.sync.work import Work


async def read_reports(
    work: Work, state: StreamState, desk: ReportDesk, sections: Sequence[Section]
) -> list[SpApiError | ReportError]:
    """Read these sections of a stream to their end, all windows side by side; gives what failed.

    What one report cannot bring does not keep the others from being loaded, nor does a marketplace
    that Amazon refuses, which is noted in the state. Raises as recoup.sync.read_planned.
    """
    failures: list[SpApiError | ReportError] = []
    for failed in await run_all([_read_section(work, state, desk, one) for one in sections]):
        failures += failed
    return failures


async def _read_section(
    work: Work, state: StreamState, desk: ReportDesk, section: Section
) -> list[SpApiError | ReportError]:
    try:
        return await ReportScope(work, state, desk, section).read()
    except ForbiddenError as exc:
        state.refusals.append(Refusal(named_scope(section.scope), exc))
        return []
