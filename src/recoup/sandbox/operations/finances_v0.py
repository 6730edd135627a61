"""Finances API v0. Source: docs/amazon.md#finances-v0."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from recoup.sandbox.answers import ApiError, Json, invalid_input
from recoup.sandbox.faults import PAGE_FAULTS
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.operations.event_json import events_json
from recoup.sandbox.operations.finance_search import (
    Selection,
    check_dates,
    iter_entries,
    latest_moment,
)
from recoup.sandbox.paging import Pager, Position
from recoup.sandbox.world.instants import Instant
from recoup.sandbox.world.ledger import START, Entry

TOKEN_LIFETIME = timedelta(minutes=25)


def _list_events(call: Call) -> Json:
    after, before = call.query.moment("PostedAfter"), call.query.moment("PostedBefore")
    if after is None:
        raise invalid_input("PostedAfter is required.")
    return _events(call, "events", _selection(call, after, before))


def _list_events_by_group(call: Call) -> Json:
    group_id = call.path["eventGroupId"]
    if call.world.find_group(group_id) is None:
        raise ApiError(404, "NotFound", "There is no such financial event group.")
    after, before = call.query.moment("PostedAfter"), call.query.moment("PostedBefore")
    return _events(call, "events-of-group", _selection(call, after, before, group_id=group_id))


def _list_events_by_order(call: Call) -> Json:
    order_id = call.path["orderId"]
    if call.world.orders.find_index(order_id, call.edge) is None:
        raise ApiError(404, "NotFound", "The requested order does not exist.")
    return _events(call, "events-of-order", _selection(call, None, None, order_id=order_id))


def _selection(
    call: Call,
    after: Instant | None,
    before: Instant | None,
    *,
    group_id: str | None = None,
    order_id: str | None = None,
) -> Selection:
    check_dates(call, after, before)
    if after is not None and before is not None and after >= before:
        raise invalid_input("PostedBefore must be later than PostedAfter.")
    return Selection(
        after=call.world.start if after is None else after,
        before=latest_moment(call) if before is None else before,
        bounded=after is not None,
        group_id=group_id,
        order_id=order_id,
    )


def _events(call: Call, operation: str, asked: Selection) -> Json:
    def rows(position: Position) -> Iterator[tuple[Position, Entry]]:
        section, index, number, before = position
        for place, entry in iter_entries(call, asked, Instant(before), (section, index, number)):
            # Deferred events are invisible until they are released (docs/amazon.md#finances-v0).
            if entry.status(call.edge) != "DEFERRED":
                yield (*place, before), entry

    pager = Pager(
        operation=operation,
        parameter="NextToken",
        size=call.query.integer("MaxResultsPerPage", low=1, high=100, default=100),
        start=(*START, asked.before),
        rows=rows,
        bound=(
            call.query.text("PostedAfter"),
            call.query.text("PostedBefore"),
            asked.group_id,
            asked.order_id,
        ),
        lifetime=TOKEN_LIFETIME,
    )
    page = pager.page(call, call.query.text("NextToken"))
    transactions = [call.world.transaction(entry) for entry in page.rows]
    payload: dict[str, Json] = {"FinancialEvents": events_json(call.world, transactions)}
    if page.next_token is not None:
        payload["NextToken"] = page.next_token
    return {"payload": payload}


_RATE, _BURST = Decimal("0.5"), 30

OPERATIONS = tuple(
    Operation(name=name, path=path, rate=_RATE, burst=_BURST, answer=answer, faults=PAGE_FAULTS)
    for name, path, answer in (
        ("listFinancialEvents", "/finances/v0/financialEvents", _list_events),
        (
            "listFinancialEventsByGroupId",
            "/finances/v0/financialEventGroups/{eventGroupId}/financialEvents",
            _list_events_by_group,
        ),
        (
            "listFinancialEventsByOrderId",
            "/finances/v0/orders/{orderId}/financialEvents",
            _list_events_by_order,
        ),
    )
)
