"""When a createReport was sent whose answer, or whose id, the ledger may lack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from recoup.db.engine import Reader, Writer
from recoup.sync.record.states import RequestStatus
from recoup.sync.record.tables import report_request
from recoup.sync.reports.queries import to_request
from recoup.sync.reports.request import ReportRequest

_r = report_request.c


@dataclass(frozen=True, slots=True)
class Sent:
    """When a createReport was noted as sent. before: what stood there, of an earlier sending whose
    answer was not heard, or whose id is not stored.
    """

    at: datetime
    before: datetime | None


async def note_sent(conn: Writer, request_id: int) -> Sent:
    """Records that createReport is sent now."""
    before = (
        select(_r.request_id, _r.sent_at)
        .where(_r.request_id == request_id)
        .with_for_update()
        .subquery("before")
    )
    row = (
        await conn.execute(
            update(report_request)
            .where(_r.request_id == before.c.request_id)
            .values(sent_at=func.clock_timestamp(), updated_at=func.now())
            .returning(_r.sent_at, before.c.sent_at.label("before"))
        )
    ).one()
    return Sent(row.sent_at, row.before)


async def note_refused(conn: Writer, request_id: int, sent: Sent) -> None:
    """Records that Amazon did not take what was sent then, so that nobody waits for its report.

    Without the fence, as a cancelled sync may hear it, too: nothing changes if somebody else has sent
    it meanwhile. An earlier sending without an answer stays in doubt.
    """
    await conn.execute(
        update(report_request)
        .where(
            _r.request_id == request_id,
            _r.status == RequestStatus.INTENDED,
            _r.sent_at == sent.at,
        )
        .values(sent_at=sent.before, updated_at=func.now())
    )


async def read_sent(conn: Reader, request_id: int) -> tuple[ReportRequest, timedelta | None]:
    """An entry as it is now, and how long ago createReport was sent for it, if that is known."""
    row = (
        await conn.execute(
            select(report_request, (func.clock_timestamp() - _r.sent_at).label("sent_ago")).where(
                _r.request_id == request_id
            )
        )
    ).one()
    return to_request(row), row.sent_ago
