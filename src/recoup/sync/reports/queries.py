"""The ledger of reports: a request is stored before it is made, its id before the first poll."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol, Unpack

from sqlalchemy import ColumnElement, Row, Text, case, cast, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId, SyncId
from recoup.streams._window import Window, intersect, subtract, union
from recoup.sync.cursors.queries import Cursor
from recoup.sync.record.states import OPEN, RequestStatus
from recoup.sync.record.tables import report_request
from recoup.sync.reports.request import (
    ANY_REPORT,
    Changes,
    NewRequest,
    ReportRequest,
    ReportTimes,
)

_r = report_request.c
# Windows whose ends differ by no more than this part of their length have about the same rows.
_COMPARABLE_SHARE = 20


class _Scoped(Protocol):
    """A cursor or a request: something of one scope of a stream."""

    @property
    def connection_id(self) -> ConnectionId: ...
    @property
    def stream(self) -> str: ...
    @property
    def scope(self) -> str: ...


def _of(one: _Scoped) -> list[ColumnElement[bool]]:
    """Entries of the same scope."""
    return [
        _r.connection_id == one.connection_id,
        _r.stream == one.stream,
        _r.scope == one.scope,
    ]


async def list_open_requests(conn: Reader, cursor: Cursor) -> list[ReportRequest]:
    """Lists requests of all syncs that may still return rows, the oldest first."""
    rows = await conn.execute(
        select(report_request).where(*_of(cursor), _r.status.in_(OPEN)).order_by(_r.request_id)
    )
    return [to_request(row) for row in rows]


async def insert_request(conn: Writer, new: NewRequest, **state: Unpack[Changes]) -> ReportRequest:
    """Inserts an entry; an intent unless `state` differs."""
    window, asked = new.window, new.asked
    values = {
        "connection_id": new.connection_id,
        "stream": new.stream,
        "scope": new.scope,
        "report_type": new.report_type,
        "marketplace_ids": list(new.marketplace_ids),
        "options": dict(new.options),
        "since": window and window.since,
        "until": window and window.until,
        "asked_since": asked and asked.since,
        "asked_until": asked and asked.until,
        "intended_at": new.intended_at,
        "sync_id": new.sync_id,
        "ask_at": new.ask_at,
        "tries": new.tries,
        "adopted": new.adopted,
        "status": RequestStatus.INTENDED,
    }
    row = (
        await conn.execute(
            insert(report_request).values({**values, **state}).returning(report_request)
        )
    ).one()
    return to_request(row)


async def store_report_id(
    conn: Writer, request_id: int, report_id: str, *, created_at: datetime
) -> None:
    """Records that Amazon accepted the request at about this time. Keeps an id stored before.

    An id that an earlier report of the same scope has is no longer that one's: a sandbox that was
    started again counts from the beginning.

    Not guarded by the fence: an id that is not stored is a report requested twice, and it changes
    no data of the seller.
    """
    new = (
        select(_r.connection_id, _r.stream, _r.scope)
        .where(_r.request_id == request_id, _r.status == "intended", _r.report_id.is_(None))
        .subquery()
    )
    await conn.execute(
        update(report_request)
        .where(
            _r.report_id == report_id,
            _r.request_id != request_id,
            _r.connection_id == new.c.connection_id,
            _r.stream == new.c.stream,
            _r.scope == new.c.scope,
        )
        .values(
            report_id=_r.report_id + "~" + cast(_r.request_id, Text),
            status=case((_r.status.in_(OPEN), "dropped"), else_=_r.status),
            updated_at=func.now(),
        )
    )
    await conn.execute(
        update(report_request)
        .where(_r.request_id == request_id, _r.status == "intended", _r.report_id.is_(None))
        .values(
            report_id=report_id,
            status="in_queue",
            report_created_at=created_at,
            updated_at=func.now(),
        )
    )


async def update_request(
    conn: Writer, request_id: int, **changes: Unpack[Changes]
) -> ReportRequest:
    """Changes an entry; returns the updated one."""
    row = (
        await conn.execute(
            update(report_request)
            .where(_r.request_id == request_id)
            .values(**changes, updated_at=func.now())
            .returning(report_request)
        )
    ).one()
    return to_request(row)


async def list_known_ids(
    conn: Reader, connection_id: ConnectionId, report_types: Sequence[str]
) -> frozenset[str]:
    """Ids of reports that are already in the ledger."""
    rows = await conn.execute(
        select(_r.report_id).where(
            _r.connection_id == connection_id,
            _r.report_type.in_(report_types),
            _r.report_id.is_not(None),
        )
    )
    return frozenset(rows.scalars())


async def find_oldest_intent(conn: Reader, connection_id: ConnectionId) -> datetime | None:
    """The time of the oldest request that Amazon may have accepted without our knowledge."""
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
    """Our own reports of the type of `request`, for any marketplace, that Amazon made or is making:
    ids and requested times. Some types have one counter per region (docs/amazon.md#reports).
    """
    rows = await conn.execute(
        select(_r.report_id, _r.asked_since, _r.asked_until).where(
            _r.connection_id == request.connection_id,
            _r.report_type == request.report_type,
            func.coalesce(_r.report_created_at, _r.intended_at) >= since,
            _r.status.in_([*OPEN[1:], RequestStatus.LOADED]),
        )
    )
    return [(row.report_id, row.asked_since, row.asked_until) for row in rows]


async def list_young_windows(
    conn: Reader,
    cursor: Cursor,
    marketplace_ids: Sequence[str],
    since: datetime,
) -> list[Window]:
    """Windows of the cursor that reports made since then contain for all these marketplaces."""
    rows = await conn.execute(
        select(_r.since, _r.until, _r.shrunk).where(
            *_of(cursor),
            _r.status.in_(["loaded", "empty"]),
            _r.report_created_at >= since,
            _r.since.is_not(None),
            _r.marketplace_ids.contains(list(marketplace_ids)),
        )
    )
    young = [(Window(row.since, row.until), row.shrunk) for row in rows]
    told = intersect(cursor.closed, [window for window, _ in young])
    # Those are open, and Amazon would not report them again so soon.
    return union([*told, *(window for window, is_shrunk in young if is_shrunk)])


async def find_newer_since(
    conn: Reader, request: ReportRequest, made_at: datetime
) -> datetime | None:
    """The starts of windows that later reports than this one have already loaded, and that reach
    beyond its window.
    """
    assert request.window is not None
    found = await conn.execute(
        select(func.min(_r.since)).where(
            *_of(request),
            _r.status == "loaded",
            _r.report_created_at > made_at,
            _r.until > request.window.until,
        )
    )
    newer: datetime | None = found.scalar_one()
    return newer


async def count_too_soon(conn: Reader, request: ReportRequest, sync_id: SyncId) -> int:
    """Counts how often a sync made the same request too soon."""
    found = await conn.execute(
        select(func.count()).where(
            *_of(request),
            _r.sync_id == sync_id,
            _r.status == "too_soon",
            _r.since.is_not_distinct_from(request.window and request.window.since),
        )
    )
    return found.scalar_one()


async def had_rows(conn: Reader, request: ReportRequest) -> bool:
    """Whether an earlier report of an overlapping time had rows."""
    same = [
        *_of(request),
        _r.rows_read > 0,
    ]
    if request.window is not None:
        same += [_r.since < request.window.until, _r.until > request.window.since]
    found = await conn.execute(select(_r.request_id).where(*same).limit(1))
    return found.one_or_none() is not None


async def list_told(conn: Reader, request: ReportRequest) -> list[tuple[Window, int]]:
    """The windows and row counts of recent reports of an overlapping time that had rows.

    Of those that a later report repeated, only the later one counts.
    """
    assert request.window is not None
    newest = (
        select(
            _r.since,
            _r.until,
            _r.rows_read,
        )
        .where(
            *_of(request),
            _r.status.in_(["loaded", "empty"]),
            _r.since < request.window.until,
            _r.until > request.window.since,
        )
        .order_by(_r.report_created_at.desc().nulls_last(), _r.request_id.desc())
    )
    told: list[tuple[Window, int]] = []
    for row in await conn.execute(newest):
        window = Window(row.since, row.until)
        if subtract([window], [known for known, _ in told]) == [window]:
            told.append((window, row.rows_read))
    return [(window, rows) for window, rows in told if rows]


async def count_earlier_rows(conn: Reader, request: ReportRequest) -> int | None:
    """How many rows the last report of about the same time had, or of a snapshot the last one; None
    where there was none. One that was doubted does not count.
    """
    same = [
        *_of(request),
        _r.report_type == request.report_type,
        _r.status == "loaded",
        _r.shrunk.is_(False),
        _r.rows_read > 0,
    ]
    window = request.window
    if window is None:
        same.append(_r.since.is_(None))
    else:
        slack = window.length / _COMPARABLE_SHARE
        same += [
            _r.since.between(window.since - slack, window.since + slack),
            _r.until.between(window.until - slack, window.until + slack),
        ]
    found = await conn.execute(
        select(_r.rows_read).where(*same).order_by(_r.request_id.desc()).limit(1)
    )
    rows: int | None = found.scalar_one_or_none()
    return rows


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
           percentile_cont(0.9) within group (order by seconds) as p90,
           percentile_cont(0.95) within group (order by seconds) as p95
    from made group by grouping sets ((report_type), ())
    having count(*) > 0
    """
)


async def read_report_times(conn: Reader, connection_id: ConnectionId) -> dict[str, ReportTimes]:
    """This seller's own generation times of the last 90 days, by report type and, under ANY_REPORT,
    over all types.
    """
    rows = await conn.execute(_REPORT_SECONDS, {"connection_id": connection_id, "any": ANY_REPORT})
    return {row.report_type: ReportTimes(row.p50, row.p90, row.p95, row.reports) for row in rows}


def to_request(row: Row[Any]) -> ReportRequest:
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
