"""Accepts requests for reports and finds reports, including settlements."""

from __future__ import annotations

import heapq
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from recoup.sandbox.answers import ApiError, throttled
from recoup.sandbox.config import FaultKind
from recoup.sandbox.faults import DrawnFault
from recoup.sandbox.report_jobs.record import ORDERS_RETENTION, RETENTION, Outcome, ReportRecord
from recoup.sandbox.report_jobs.rules import (
    exceeds_quota,
    find_fatal_reason,
    is_alike,
    is_too_soon,
    longest_memory,
    making_times,
)
from recoup.sandbox.reports import all_report_types
from recoup.sandbox.reports.report import Cadence, ReportRequest, ReportType
from recoup.sandbox.reports.settlement import Settlement, settlements
from recoup.sandbox.sellers import Seller
from recoup.sandbox.state import Sandbox
from recoup.sandbox.world.dice import opaque_id
from recoup.sandbox.world.instants import Instant, to_instant

SETTLEMENT_TYPE = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
_FIRST_SETTLEMENT = 100_000_000_000


@dataclass(frozen=True)
class Order:
    """A request for a report as received by the API."""

    report_type: str
    marketplace_ids: tuple[str, ...]
    since: Instant | None
    until: Instant | None
    options: Mapping[str, str]


@dataclass(frozen=True)
class Desk:
    """One seller's reports at one moment."""

    sandbox: Sandbox
    seller: Seller
    now: datetime

    @property
    def _seller_id(self) -> str:
        return self.seller.world.seller_id

    def type_of(self, name: str) -> ReportType:
        """Raises ApiError 400 for a type that cannot be requested."""
        kind = all_report_types().get(name)
        if kind is None:
            raise ApiError(400, "InvalidInput", f"Invalid Report Type: {name}.")
        if kind.cadence is Cadence.AUTOMATIC:
            message = "Request for report type 1118 is not allowed at this time."
            raise ApiError(400, "InvalidInput", message)
        return kind

    def take(
        self, order: Order, fault: DrawnFault | None = None, schedule_id: str | None = None
    ) -> ReportRecord:
        """Accepts a request. Raises ApiError: 400 for a wrong type, 429 beyond the type's quota."""
        kind, config = self.type_of(order.report_type), self.sandbox.config
        memory = longest_memory(kind, config.speed)
        earlier = list(
            self.sandbox.reports.iter_between(self._seller_id, self.now - memory, self.now)
        )
        if config.limits and exceeds_quota(kind, earlier, self.now, config.speed):
            raise throttled()
        record = self._told(kind, self._settle(kind, order, earlier))
        if fault is not None and fault.kind is FaultKind.FATAL:
            explanation = "The report could not be made because of an internal error."
            record = replace(record, outcome=Outcome.FATAL, explanation=explanation)
        if fault is not None and fault.kind is FaultKind.LOST_REPORT:
            record = replace(record, outcome=Outcome.LOST, hidden=fault.variant)
        record = replace(record, schedule_id=schedule_id)
        self.sandbox.reports.put(self._seller_id, record)
        return record

    def _settle(self, kind: ReportType, order: Order, earlier: list[ReportRecord]) -> ReportRecord:
        """The record with its whole future course."""
        sandbox, world = self.sandbox, self.seller.world
        number, number_in_id = sandbox.reports.next_number(), sandbox.reports.next_id()
        times = making_times(world.key, number, sandbox.config.speed)
        edge = sandbox.clock.edge
        until = to_instant(self.now) if order.until is None else order.until
        since = until if order.since is None else order.since
        record = ReportRecord(
            report_id=str(number_in_id),
            report_type=kind.name,
            marketplace_ids=order.marketplace_ids,
            since=since,
            until=until,
            edge=edge,
            created_at=self.now,
            begins_at=self.now + times.begins,
            ends_at=self.now + times.ends,
            outcome=Outcome.DONE,
            document_id=_document_id(world.key, number_in_id),
            options=order.options,
        )
        reason = find_fatal_reason(kind, order.since, until, self.now)
        if reason is not None:
            return replace(record, outcome=Outcome.FATAL, explanation=reason)
        request, limits = request_of(record), sandbox.config.limits
        if limits and any(
            is_too_soon(kind, request, one, self.now, sandbox.config.speed) for one in earlier
        ):
            return replace(record, outcome=Outcome.CANCELLED)
        if next(iter(kind.rows(world, request)), None) is None:
            return replace(record, outcome=Outcome.CANCELLED)
        return record

    def _told(self, kind: ReportType, record: ReportRecord) -> ReportRecord:
        """The record with the effects of the chosen oddities."""
        if self.sandbox.oddities:
            request, since = request_of(record), self.now - RETENTION
            before = self.sandbox.reports.iter_between(self._seller_id, since, self.now)
            alike = sum(
                one.marketplace_ids == record.marketplace_ids and is_alike(kind, request, one)
                for one in before
            )
            record = replace(record, pull=alike)
        for oddity in self.sandbox.oddities:
            if oddity.verdict is not None:
                record = oddity.verdict(record)
        return record

    def find(self, report_id: str) -> ReportRecord | None:
        """A report that is still kept; None for others and for hidden ones."""
        record = self.sandbox.reports.find(self._seller_id, report_id)
        if record is None:
            made = (one for one in self._settlements() if one.report_id == report_id)
            record = next(made, None)
        if record is None or record.hidden or self._is_gone(record):
            return None
        return record

    def find_by_document(self, document_id: str) -> ReportRecord | None:
        """The report with this document, once there is one."""
        for record in self.iter_between(self.now - RETENTION, self.now):
            if record.document_id == document_id and record.has_document(self.now):
                return record
        return None

    def iter_between(self, since: datetime, until: datetime) -> Iterator[ReportRecord]:
        """The reports created in [since, until] that are still kept, the newest first."""
        asked = self.sandbox.reports.iter_between(self._seller_id, since, until)
        made = (one for one in self._settlements() if since <= one.created_at <= until)
        merged = heapq.merge(asked, made, key=lambda one: one.created_at, reverse=True)
        return (one for one in merged if not one.hidden and not self._is_gone(one))

    def cancel(self, record: ReportRecord) -> None:
        """Raises ApiError 400 once the report is being made."""
        if record.status(self.now) != "IN_QUEUE":
            message = "The report cannot be cancelled: it is not in the queue any more."
            raise ApiError(400, "InvalidInput", message)
        self.sandbox.reports.put(self._seller_id, replace(record, stopped_at=self.now))

    def _is_gone(self, record: ReportRecord) -> bool:
        kind = all_report_types().get(record.report_type)
        of_orders = kind is not None and kind.cadence is Cadence.ORDERS
        kept = ORDERS_RETENTION if of_orders else RETENTION
        return record.created_at < self.now - kept

    def _settlements(self) -> list[ReportRecord]:
        """Settlement reports exist by themselves (docs/amazon.md#settlements); the newest first."""
        made = (_settlement_record(self.seller, one) for one in settlements(self.seller.world))
        past = list(takewhile(lambda one: one.created_at <= self.now, made))
        return past[::-1]


def request_of(record: ReportRecord) -> ReportRequest:
    """The input of the report's rows: the world as it was when the report was requested."""
    return ReportRequest(
        marketplace_ids=record.marketplace_ids,
        since=datetime.fromtimestamp(record.since, UTC),
        until=datetime.fromtimestamp(record.until, UTC),
        options=record.options,
        edge=datetime.fromtimestamp(record.edge, UTC),
    )


def _settlement_record(seller: Seller, one: Settlement) -> ReportRecord:
    created_at = one.created_at
    number = int(one.settlement_id)
    return ReportRecord(
        report_id=str(_FIRST_SETTLEMENT + number),
        report_type=SETTLEMENT_TYPE,
        marketplace_ids=(one.marketplace_id,),
        since=to_instant(one.since),
        until=to_instant(one.until),
        edge=to_instant(one.until),
        created_at=created_at,
        begins_at=created_at,
        ends_at=created_at + timedelta(minutes=1),
        outcome=Outcome.DONE,
        document_id=_document_id(seller.world.key, number),
        options={"settlementId": one.settlement_id},
    )


def _document_id(key: bytes, number: int) -> str:
    digest = opaque_id(key, "report-document", number)
    return f"amzn1.spdoc.1.4.na.{uuid.uuid5(uuid.NAMESPACE_OID, digest)}.{number:X}"
