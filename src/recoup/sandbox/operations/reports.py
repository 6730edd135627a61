"""Reports API 2021-06-30: reports and their documents. Source: docs/amazon.md#reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from urllib.parse import parse_qsl

from recoup.sandbox.answers import ApiError, Json, invalid_input
from recoup.sandbox.faults import PAGE_FAULTS, REPORT_FAULTS
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.paging import Pager, Position, read_token
from recoup.sandbox.parameters import Query
from recoup.sandbox.report_jobs.desk import Desk, Order
from recoup.sandbox.report_jobs.documents import document_url, packing_of
from recoup.sandbox.report_jobs.record import RETENTION, ReportRecord
from recoup.sandbox.report_jobs.schedules import run_due
from recoup.sandbox.world.instants import to_instant, to_text

_STATUSES = ("CANCELLED", "DONE", "FATAL", "IN_PROGRESS", "IN_QUEUE")
_OPERATION = "reports"


def open_desk(call: Call) -> Desk:
    """The seller's current reports, including those of schedules."""
    run_due(call.sandbox, call.seller, call.now)
    return Desk(call.sandbox, call.seller, call.now)


def _create_report(call: Call) -> Json:
    body = call.body.members
    since, until = body.moment("dataStartTime"), body.moment("dataEndTime")
    if since is not None and until is not None and since > until:
        raise invalid_input("dataStartTime must not be later than dataEndTime.")
    if since is not None and since > to_instant(call.now):
        raise invalid_input("dataStartTime must not be in the future.")
    order = Order(
        report_type=body.text("reportType"),
        marketplace_ids=body.texts("marketplaceIds", at_most=25),
        since=since,
        until=until,
        options=body.text_map("reportOptions"),
    )
    call.check_marketplaces(order.marketplace_ids)
    return {"reportId": open_desk(call).take(order, call.fault).report_id}


def _get_report(call: Call) -> Json:
    return _report_json(_report(call), call.now)


def _cancel_report(call: Call) -> Json:
    open_desk(call).cancel(_report(call))
    return None


def _report(call: Call) -> ReportRecord:
    found = open_desk(call).find(call.path["reportId"])
    if found is None:
        raise ApiError(404, "NotFound", "The requested report does not exist.")
    return found


def _get_reports(call: Call) -> Json:
    token, query = call.query.text("nextToken"), call.query
    if token is not None:
        if len(_asked(call)) > 1:
            raise invalid_input("nextToken must be the only parameter.")
        query = Query(parse_qsl(read_token(call, _OPERATION, "nextToken", token).question))
    pager = _pager(call, query)
    page = pager.page(call, token)
    answer: dict[str, Json] = {"reports": [_report_json(one, call.now) for one in page.rows]}
    if page.next_token is not None:
        answer["nextToken"] = page.next_token
    return answer


def _asked(call: Call) -> set[str]:
    """The parameters of getReports that a request holds; clients send others along (docs/amazon.md#what-clients-send)."""
    own = {
        "reportTypes",
        "processingStatuses",
        "pageSize",
        "createdSince",
        "createdUntil",
        "nextToken",
    }
    return own.intersection(call.query.names())


def _pager(call: Call, query: Query) -> Pager[ReportRecord]:
    types = query.texts("reportTypes", at_most=10)
    if not types:
        raise invalid_input("reportTypes or nextToken is required.")
    statuses = query.texts("processingStatuses", choices=_STATUSES)
    marketplace_ids = set(query.texts("marketplaceIds", at_most=10))
    since, until = _created(call, query)

    def rows(position: Position) -> Iterator[tuple[Position, ReportRecord]]:
        # The end is kept, so that reports made meanwhile do not move the pages.
        first, latest = position
        found = open_desk(call).iter_between(since, min(until, _moment(latest)))
        chosen = (
            one
            for one in found
            if one.report_type in types
            and (not statuses or one.status(call.now) in statuses)
            and (not marketplace_ids or marketplace_ids.intersection(one.marketplace_ids))
        )
        for index, one in enumerate(islice(chosen, first, None), first):
            yield (index, latest), one

    return Pager(
        operation=_OPERATION,
        parameter="nextToken",
        size=query.integer("pageSize", low=1, high=100, default=10),
        start=(0, to_instant(call.now)),
        rows=rows,
        question=query.encode(without="nextToken"),
    )


def _created(call: Call, query: Query) -> tuple[datetime, datetime]:
    since, until = query.moment("createdSince"), query.moment("createdUntil")
    oldest = call.now - RETENTION
    if since is not None and since < to_instant(oldest) and "nextToken" not in call.query:
        raise invalid_input("createdSince must be within the last 90 days.")
    return (
        oldest if since is None else _moment(since),
        call.now if until is None else _moment(until),
    )


def _moment(instant: int) -> datetime:
    return datetime.fromtimestamp(instant, UTC)


def _report_json(record: ReportRecord, now: datetime) -> Json:
    status = record.status(now)
    answer: dict[str, Json] = {
        "reportId": record.report_id,
        "reportType": record.report_type,
        "marketplaceIds": list(record.marketplace_ids),
        "dataStartTime": to_text(record.since),
        "dataEndTime": to_text(record.until),
        "createdTime": _text(record.created_at),
        "processingStatus": status,
    }
    if record.schedule_id is not None:
        answer["reportScheduleId"] = record.schedule_id
    if status != "IN_QUEUE" and record.stopped_at is None:
        answer["processingStartTime"] = _text(record.begins_at)
        if status != "IN_PROGRESS":
            answer["processingEndTime"] = _text(record.ends_at)
    if record.has_document(now):
        answer["reportDocumentId"] = record.document_id
    return answer


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _get_report_document(call: Call) -> Json:
    document_id = call.path["reportDocumentId"]
    record = open_desk(call).find_by_document(document_id)
    if record is None:
        raise ApiError(404, "NotFound", "The requested report document does not exist.")
    url = document_url(
        call.sandbox,
        call.server,
        call.seller,
        record,
        encoding_header=call.query.boolean("enableContentEncodingUrlHeader"),
    )
    answer: dict[str, Json] = {"reportDocumentId": document_id, "url": url}
    if packing_of(call.sandbox, record).told:
        answer["compressionAlgorithm"] = "GZIP"
    return answer


_REPORTS = "/reports/2021-06-30/reports"

OPERATIONS = (
    Operation(
        name="createReport",
        method="POST",
        path=_REPORTS,
        rate=Decimal("0.0167"),
        burst=15,
        answer=_create_report,
        status=202,
        faults=REPORT_FAULTS,
    ),
    Operation(
        name="getReports",
        path=_REPORTS,
        rate=Decimal("0.0222"),
        burst=10,
        answer=_get_reports,
        faults=PAGE_FAULTS,
    ),
    Operation(
        name="getReport",
        path=f"{_REPORTS}/{{reportId}}",
        rate=Decimal(2),
        burst=15,
        answer=_get_report,
    ),
    Operation(
        name="cancelReport",
        method="DELETE",
        path=f"{_REPORTS}/{{reportId}}",
        rate=Decimal("0.0222"),
        burst=10,
        answer=_cancel_report,
    ),
    Operation(
        name="getReportDocument",
        path="/reports/2021-06-30/documents/{reportDocumentId}",
        rate=Decimal("0.0167"),
        burst=15,
        answer=_get_report_document,
    ),
)
