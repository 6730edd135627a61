"""The ledger of reports: each request is stored before it is made, and its id before the first poll."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId, SyncId
from recoup.spapi.documents import Spool
from recoup.spapi.operations.reports import AmazonReport, ProcessingStatus
from recoup.streams.window import Window, intersect
from recoup.sync.cursor_queries import Cursor
from recoup.sync.forecast import ANY_REPORT
from recoup.sync.tables import OPEN, report_archive, report_cooldown, report_request

_r = report_request.c
_STATUSES = {
    ProcessingStatus.IN_QUEUE: "in_queue",
    ProcessingStatus.IN_PROGRESS: "in_progress",
    ProcessingStatus.DONE: "done",
    ProcessingStatus.CANCELLED: "cancelled",
    ProcessingStatus.FATAL: "fatal",
}


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """One report of one scope of a stream. `window`: the part of the cursor it covers, None for a
    snapshot; `asked`: the times that are sent. `tries`: how often this window was asked for.
    """

    request_id: int
    connection_id: ConnectionId
    stream: str
    scope: str
    report_type: str
    marketplace_ids: tuple[str, ...]
    options: Mapping[str, str] = field(hash=False)
    window: Window | None
    asked: Window | None
    status: str
    report_id: str | None
    document_id: str | None
    adopted: bool
    tries: int
    ask_at: datetime | None
    intended_at: datetime
    report_created_at: datetime | None
    sync_id: SyncId
    remark: str | None

    @property
    def source(self) -> str:
        """Where its rows say they come from."""
        return f"{self.report_type} {self.report_id} {self.document_id}"


@dataclass(frozen=True, slots=True)
class ReportTimes:
    """How long Amazon took for reports of one type, in seconds, over `count` reports."""

    p50_seconds: float
    p90_seconds: float
    count: int


async def list_open_requests(
    conn: Reader, connection_id: ConnectionId, stream: str, scope: str
) -> list[ReportRequest]:
    """What may still bring rows, of whatever sync, the oldest first."""
    rows = await conn.execute(
        select(report_request)
        .where(
            _r.connection_id == connection_id,
            _r.stream == stream,
            _r.scope == scope,
            _r.status.in_(OPEN),
        )
        .order_by(_r.request_id)
    )
    return [_request(row) for row in rows]


async def insert_request(conn: Writer, **values: Any) -> ReportRequest:
    """A new entry. `window` and `asked` are Windows; the other values are those of the columns."""
    window, asked = values.pop("window"), values.pop("asked")
    values |= {
        "since": window and window.since,
        "until": window and window.until,
        "asked_since": asked and asked.since,
        "asked_until": asked and asked.until,
    }
    row = (
        await conn.execute(insert(report_request).values(**values).returning(report_request))
    ).one()
    return _request(row)


async def store_report_id(conn: Writer, request_id: int, report_id: str) -> None:
    """Amazon has taken the request. Does nothing where somebody stored an id before.

    Not guarded by the fence: an id that is not stored is a report asked for twice, and it changes
    no data of the seller.
    """
    await conn.execute(
        update(report_request)
        .where(_r.request_id == request_id, _r.status == "intended", _r.report_id.is_(None))
        .values(report_id=report_id, status="in_queue", updated_at=func.now())
    )


async def update_request(conn: Writer, request_id: int, **values: Any) -> ReportRequest:
    """Change an entry; gives it as it is now."""
    row = (
        await conn.execute(
            update(report_request)
            .where(_r.request_id == request_id)
            .values(**values, updated_at=func.now())
            .returning(report_request)
        )
    ).one()
    return _request(row)


def state_of(report: AmazonReport) -> dict[str, Any]:
    """The columns that say where a report stands at Amazon's."""
    return {
        "status": _STATUSES[report.status],
        "report_id": report.report_id,
        "document_id": report.document_id,
        "report_created_at": report.created_at,
        "report_ended_at": report.ended_at,
    }


async def list_known_ids(
    conn: Reader, connection_id: ConnectionId, report_types: Sequence[str]
) -> frozenset[str]:
    """Ids of reports that the ledger has already."""
    rows = await conn.execute(
        select(_r.report_id).where(
            _r.connection_id == connection_id,
            _r.report_type.in_(report_types),
            _r.report_id.is_not(None),
        )
    )
    return frozenset(rows.scalars())


async def find_oldest_intent(conn: Reader, connection_id: ConnectionId) -> datetime | None:
    """Since when there is a request that Amazon may have taken without our knowing."""
    found = await conn.execute(
        select(func.min(_r.intended_at)).where(
            _r.connection_id == connection_id, _r.status == "intended"
        )
    )
    oldest: datetime | None = found.scalar_one()
    return oldest


async def list_made_since(
    conn: Reader, request: ReportRequest, since: datetime
) -> list[tuple[str, datetime | None, datetime | None]]:
    """Our own reports of the type of `request`, for whatever marketplace, that Amazon made or is
    making: id and times asked for. Some types have one counter in a region (docs/amazon.md #reports).
    """
    rows = await conn.execute(
        select(_r.report_id, _r.asked_since, _r.asked_until).where(
            _r.connection_id == request.connection_id,
            _r.report_type == request.report_type,
            func.coalesce(_r.report_created_at, _r.intended_at) >= since,
            _r.status.in_(["in_queue", "in_progress", "done", "loaded"]),
        )
    )
    return [(row.report_id, row.asked_since, row.asked_until) for row in rows]


async def list_young_windows(
    conn: Reader,
    cursor: Cursor,
    marketplace_ids: Sequence[str],
    since: datetime,
) -> list[Window]:
    """Windows of the cursor that reports made since then, for all these marketplaces, have told."""
    rows = await conn.execute(
        select(_r.since, _r.until).where(
            _r.connection_id == cursor.connection_id,
            _r.stream == cursor.stream,
            _r.scope == cursor.scope,
            _r.status.in_(["loaded", "empty"]),
            _r.report_created_at >= since,
            _r.since.is_not(None),
            _r.marketplace_ids.contains(list(marketplace_ids)),
        )
    )
    return intersect(cursor.closed, [Window(row.since, row.until) for row in rows])


async def find_newer_since(
    conn: Reader, request: ReportRequest, made_at: datetime
) -> datetime | None:
    """Where the windows begin that reports made later than this one have told already, and that
    reach beyond its window.
    """
    assert request.window is not None
    found = await conn.execute(
        select(func.min(_r.since)).where(
            _r.connection_id == request.connection_id,
            _r.stream == request.stream,
            _r.scope == request.scope,
            _r.status == "loaded",
            _r.report_created_at > made_at,
            _r.until > request.window.until,
        )
    )
    newer: datetime | None = found.scalar_one()
    return newer


async def count_too_soon(conn: Reader, request: ReportRequest, sync_id: SyncId) -> int:
    """How often a sync asked for what this request asks for, and came too soon."""
    found = await conn.execute(
        select(func.count()).where(
            _r.connection_id == request.connection_id,
            _r.stream == request.stream,
            _r.scope == request.scope,
            _r.sync_id == sync_id,
            _r.status == "too_soon",
            _r.since.is_not_distinct_from(request.window and request.window.since),
        )
    )
    return found.scalar_one()


async def had_rows(conn: Reader, request: ReportRequest) -> bool:
    """Whether an earlier report of a time in common had rows."""
    same = [
        _r.connection_id == request.connection_id,
        _r.stream == request.stream,
        _r.scope == request.scope,
        _r.rows_read > 0,
    ]
    if request.window is not None:
        same += [_r.since < request.window.until, _r.until > request.window.since]
    found = await conn.execute(select(_r.request_id).where(*same).limit(1))
    return found.one_or_none() is not None


_REPORT_SECONDS = text(
    """
    with made as (
        select report_type, extract(epoch from report_ended_at - report_created_at)::float8 as seconds
        from report_request
        where connection_id = :connection_id and not adopted
          and report_ended_at > report_created_at
          and report_created_at > now() - interval '90 days'
    )
    select coalesce(report_type, :any) as report_type, count(*) as reports,
           percentile_cont(0.5) within group (order by seconds) as p50,
           percentile_cont(0.9) within group (order by seconds) as p90
    from made group by grouping sets ((report_type), ())
    having count(*) > 0
    """
)


async def read_report_times(conn: Reader, connection_id: ConnectionId) -> dict[str, ReportTimes]:
    """This seller's own generation times of the last 90 days, by report type and, under ANY_REPORT,
    over all types.
    """
    rows = await conn.execute(_REPORT_SECONDS, {"connection_id": connection_id, "any": ANY_REPORT})
    return {row.report_type: ReportTimes(row.p50, row.p90, row.reports) for row in rows}


async def read_cooldowns(
    conn: Reader, connection_id: ConnectionId
) -> dict[str, tuple[datetime, timedelta]]:
    """Until when no report of a type is asked for, and how long that wait was."""
    c = report_cooldown.c
    rows = await conn.execute(select(report_cooldown).where(c.connection_id == connection_id))
    return {row.report_type: (row.until, row.wait) for row in rows}


async def write_cooldown(
    conn: Writer,
    connection_id: ConnectionId,
    report_type: str,
    *,
    until: datetime,
    wait: timedelta,
) -> None:
    values = {"until": until, "wait": wait}
    await conn.execute(
        insert(report_cooldown)
        .values(connection_id=connection_id, report_type=report_type, **values)
        .on_conflict_do_update(index_elements=["connection_id", "report_type"], set_=values)
    )


async def archive(conn: Writer, request: ReportRequest, spool: Spool) -> None:
    """Keep a file as it came; the same one twice is kept once."""
    spool.rewind()
    await conn.execute(
        insert(report_archive)
        .values(
            connection_id=request.connection_id,
            report_type=request.report_type,
            report_id=request.report_id,
            document_id=request.document_id,
            content_type=spool.content_type,
            compression="GZIP" if spool.is_compressed else None,
            content=spool.file.read(),
        )
        .on_conflict_do_nothing()
    )
    spool.rewind()


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file as it was downloaded."""

    content: bytes = field(repr=False)
    content_type: str | None
    is_compressed: bool


async def find_archived(conn: Reader, request: ReportRequest) -> ArchivedFile | None:
    """The file of a report that is kept, None when it is not."""
    assert request.report_id is not None
    return await find_archived_file(
        conn, request.connection_id, request.report_type, request.report_id
    )


async def find_archived_file(
    conn: Reader, connection_id: ConnectionId, report_type: str, report_id: str
) -> ArchivedFile | None:
    """The same by the names of the report."""
    a = report_archive.c
    row = (
        await conn.execute(
            select(a.content, a.content_type, a.compression).where(
                a.connection_id == connection_id,
                a.report_type == report_type,
                a.report_id == report_id,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    return ArchivedFile(row.content, row.content_type, row.compression == "GZIP")


def _request(row: Row[Any]) -> ReportRequest:
    return ReportRequest(
        request_id=row.request_id,
        connection_id=ConnectionId(row.connection_id),
        stream=row.stream,
        scope=row.scope,
        report_type=row.report_type,
        marketplace_ids=tuple(row.marketplace_ids),
        options=row.options,
        window=Window(row.since, row.until) if row.since else None,
        asked=Window(row.asked_since, row.asked_until) if row.asked_since else None,
        status=row.status,
        report_id=row.report_id,
        document_id=row.document_id,
        adopted=row.adopted,
        tries=row.tries,
        ask_at=row.ask_at,
        intended_at=row.intended_at,
        report_created_at=row.report_created_at,
        sync_id=SyncId(row.sync_id),
        remark=row.remark,
    )
