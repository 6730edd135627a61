"""Reports API 2021-06-30.

Source: model reports_2021-06-30.json. createReport has no idempotency key, so it is never repeated
by itself: after a lost answer the caller looks for the report first (docs/amazon.md#reports).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from recoup.clock import parse_believable, to_rfc3339
from recoup.errors import BadRequestError, MalformedAnswerError
from recoup.logs import get_logger
from recoup.spapi.client import SpApi
from recoup.spapi.operation import Operation, UsagePlan
from recoup.spapi.paging import PageReader, is_id

CREATE_REPORT = Operation(
    name="createReport",
    method="POST",
    path="/reports/2021-06-30/reports",
    plan=UsagePlan(rate=0.0167, burst=15),
    member=("reportId",),
)
GET_REPORT = Operation(
    name="getReport",
    method="GET",
    path="/reports/2021-06-30/reports/{reportId}",
    plan=UsagePlan(rate=2, burst=15),
    member=("reportId",),
)
GET_REPORTS = Operation(
    name="getReports",
    method="GET",
    path="/reports/2021-06-30/reports",
    plan=UsagePlan(rate=0.0222, burst=10),
    items=("reports",),
)
GET_REPORT_DOCUMENT = Operation(
    name="getReportDocument",
    method="GET",
    path="/reports/2021-06-30/documents/{reportDocumentId}",
    plan=UsagePlan(rate=0.0167, burst=15),
    member=("url",),
)

MOST_TYPES = 10
"""Report types that one getReports call may name."""
_PAGE_SIZE = "100"

_ROLES = {
    "GET_FLAT_FILE_ALL_ORDERS_": "Inventory and Order Tracking",
    "GET_MERCHANT_LISTINGS_": "Product Listing",
    "GET_V2_SETTLEMENT_": "Finance and Accounting",
}
_FBA_ROLE = "Amazon Fulfillment"
LISTED = timedelta(days=90)
"""How far back getReports sees (docs/amazon.md#reports)."""
# A call may wait for its turn before it is sent, and Amazon refuses it if the time is out of sight by
# then (ours).
_MARGIN = timedelta(hours=1)
_TRIES = 3

_log = get_logger(__name__)


def role_of(report_type: str) -> str:
    """The role that an application needs for a report (page "report-type-values",
    docs/amazon.md#reports).
    """
    roles = (role for prefix, role in _ROLES.items() if report_type.startswith(prefix))
    return next(roles, _FBA_ROLE)


class ProcessingStatus(StrEnum):
    """The state of a report at Amazon.

    A word that Amazon has added since counts as IN_PROGRESS: recoup polls until a final one.
    """

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    FATAL = "FATAL"

    @property
    def is_final(self) -> bool:
        return self not in {ProcessingStatus.IN_QUEUE, ProcessingStatus.IN_PROGRESS}


@dataclass(frozen=True, slots=True)
class AmazonReport:
    """A report as Amazon describes it. The options of its request are not included.

    `since` and `until` are what it was requested, None if requested without.
    """

    report_id: str
    report_type: str
    status: ProcessingStatus
    created_at: datetime
    marketplace_ids: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    ended_at: datetime | None = None
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReportsPage:
    """Some reports, the newest first, and the token of the next page."""

    reports: tuple[AmazonReport, ...]
    next_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class DocumentAddress:
    """Where a document can be downloaded for five minutes. The address is a secret."""

    url: str = field(repr=False)
    is_compressed: bool


async def create_report(
    api: SpApi,
    *,
    report_type: str,
    marketplace_ids: Sequence[str],
    since: datetime | None,
    until: datetime | None,
    options: Mapping[str, str],
    before_sending: Callable[[], Awaitable[None]],
) -> str:
    """Requests a report; returns its id. Raises the errors of SpApi.call_once."""
    body: dict[str, Any] = {"reportType": report_type, "marketplaceIds": list(marketplace_ids)}
    if since is not None and until is not None:
        body |= {"dataStartTime": to_rfc3339(since), "dataEndTime": to_rfc3339(until)}
    if options:
        body["reportOptions"] = dict(options)
    answer = await api.call_once(CREATE_REPORT, body=body, before_sending=before_sending)
    page = PageReader(CREATE_REPORT, answer)
    return _get_id(page, page.body, "reportId")


async def get_report(api: SpApi, report_id: str) -> AmazonReport:
    """Raises the errors of SpApi.call, RemoteNotFoundError if Amazon does not know the id."""
    answer = await api.call(GET_REPORT, path={"reportId": report_id})
    page = PageReader(GET_REPORT, answer)
    return _report(page, page.body)


async def get_reports(
    api: SpApi, *, report_types: Sequence[str], created_since: datetime
) -> ReportsPage:
    """The first page of the reports of up to ten types, whoever requested them.

    One that cannot be read is left out: it may be anybody's. A `created_since` that is out of
    Amazon's sight is moved to the earliest that is not, an hour less than LISTED ago.
    Raises what SpApi.call raises.
    """
    left = _TRIES
    while True:
        since = max(created_since, api.now() - LISTED + _MARGIN)
        query = {
            "reportTypes": report_types,
            "createdSince": to_rfc3339(since),
            "pageSize": _PAGE_SIZE,
        }
        try:
            return await _reports(api, query)
        except BadRequestError:
            left -= 1
            # The answer has told Amazon's time: it was out of sight after all.
            if not left or since > api.now() - LISTED:
                raise


async def get_more_reports(api: SpApi, page_token: str) -> ReportsPage:
    """The next page. Unlike in other operations, the token must be the only parameter."""
    return await _reports(api, {"nextToken": page_token})


async def get_report_document(api: SpApi, document_id: str) -> DocumentAddress:
    """Call right before the download: the address is valid for five minutes.

    Raises what SpApi.call raises, RemoteNotFoundError when the document is gone.
    """
    answer = await api.call(GET_REPORT_DOCUMENT, path={"reportDocumentId": document_id})
    page = PageReader(GET_REPORT_DOCUMENT, answer)
    return DocumentAddress(
        url=_get_text(page, page.body, "url"),
        is_compressed=page.body.get("compressionAlgorithm") == "GZIP",
    )


async def _reports(api: SpApi, query: Mapping[str, str | Sequence[str]]) -> ReportsPage:
    answer = await api.call(GET_REPORTS, query=query)
    page = PageReader(GET_REPORTS, answer)
    items = page.items(page.body, "reports")
    return ReportsPage(
        reports=tuple(one for item in items if (one := _find_report(page, item)) is not None),
        next_token=page.next_token(page.body.get("nextToken")),
    )


def _find_report(page: PageReader, item: Mapping[str, Any]) -> AmazonReport | None:
    """A report of a listing, None if it cannot be read."""
    try:
        return _report(page, item)
    except MalformedAnswerError as exc:
        _log.warning("report_left_out", reason=str(exc))
        return None


def _report(page: PageReader, item: Mapping[str, Any]) -> AmazonReport:
    try:
        status = _status(_get_text(page, item, "processingStatus"))
        created_at = parse_believable(_get_text(page, item, "createdTime"))
        times = {name: _find_time(item, name) for name in ("dataStartTime", "dataEndTime")}
        ended_at = _find_time(item, "processingEndTime")
    except ValueError as exc:
        raise page.malformed(f"a report has a time that {exc}") from exc
    marketplaces = item.get("marketplaceIds") or ()
    if not isinstance(marketplaces, list):
        raise page.malformed("marketplaceIds is not a list")
    document_id = item.get("reportDocumentId")
    return AmazonReport(
        report_id=_get_id(page, item, "reportId"),
        report_type=_get_id(page, item, "reportType"),
        status=status,
        created_at=created_at,
        marketplace_ids=tuple(str(one) for one in marketplaces),
        since=times["dataStartTime"],
        until=times["dataEndTime"],
        ended_at=ended_at,
        document_id=document_id if is_id(document_id) else None,
    )


def _status(word: str) -> ProcessingStatus:
    try:
        return ProcessingStatus(word)
    except ValueError:
        _log.warning("report_status_unknown", status=word[:50])
        return ProcessingStatus.IN_PROGRESS


def _get_text(page: PageReader, item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value:
        raise page.malformed(f"{name} is missing")
    return value


def _get_id(page: PageReader, item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    if not is_id(value):
        raise page.malformed(f"{name} is missing or no id")
    return value


def _find_time(item: Mapping[str, Any], name: str) -> datetime | None:
    value = item.get(name)
    return parse_believable(value) if isinstance(value, str) else None
