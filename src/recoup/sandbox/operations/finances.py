"""Finances API 2024-06-19. Source: docs/amazon.md#transactions."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from recoup.sandbox.answers import Json, invalid_input
from recoup.sandbox.faults import PAGE_FAULTS
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.operations.finance_search import (
    Selection,
    check_dates,
    iter_entries,
    latest_moment,
)
from recoup.sandbox.operations.transaction_json import transaction_json
from recoup.sandbox.paging import Pager, Position
from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.instants import Instant
from recoup.sandbox.world.ledger import START, Entry

PAGE_SIZE = 500
_EMPTY_PAGE_PER_MILLE = 150
_PARAMETERS = (
    "postedAfter",
    "postedBefore",
    "marketplaceId",
    "transactionStatus",
    "relatedIdentifierName",
    "relatedIdentifierValue",
)
_STATUSES = {"DEFERRED", "RELEASED", "DEFERRED_RELEASED"}


def _list_transactions(call: Call) -> Json:
    asked = _read_parameters(call)

    def rows(position: Position) -> Iterator[tuple[Position, Entry]]:
        section, index, number, before = position
        found = iter_entries(call, asked, Instant(before), (section, index, number))
        return (((*place, before), entry) for place, entry in found)

    pager = Pager(
        operation="transactions",
        parameter="nextToken",
        size=PAGE_SIZE,
        start=(*START, asked.before),
        rows=rows,
        bound=tuple(call.query.text(name) for name in _PARAMETERS),
        # Amazon sometimes returns empty pages with a token.
        blank=lambda place: Dice(call.world.key, "empty-page", *place[:3]).happens(
            _EMPTY_PAGE_PER_MILLE
        ),
    )
    page = pager.page(call, call.query.text("nextToken"))
    transactions: list[Json] = [
        transaction_json(call.world, entry, call.edge) for entry in page.rows
    ]
    payload: dict[str, Json] = {"transactions": transactions}
    if page.next_token is not None:
        payload["nextToken"] = page.next_token
    return {"payload": payload}


def _read_parameters(call: Call) -> Selection:
    query = call.query
    limit = latest_moment(call)
    name, value = query.text("relatedIdentifierName"), query.text("relatedIdentifierValue")
    if (name is None) != (value is None):
        raise invalid_input("relatedIdentifierName and relatedIdentifierValue go together.")
    if name not in {None, "ORDER_ID", "FINANCIAL_EVENT_GROUP_ID"}:
        raise invalid_input("relatedIdentifierName must be ORDER_ID or FINANCIAL_EVENT_GROUP_ID.")
    after, before = query.moment("postedAfter"), query.moment("postedBefore")
    if after is None and name is None:
        raise invalid_input("postedAfter is required. Start date cannot be null.")
    check_dates(call, after, before)
    if after is not None and before is not None and after >= before:
        raise invalid_input("postedBefore must be later than postedAfter.")
    status = query.text("transactionStatus")
    if status is not None and status.upper() not in _STATUSES:
        raise invalid_input("transactionStatus is not valid.")
    marketplace_id = query.text("marketplaceId")
    if marketplace_id is not None:
        call.check_marketplaces((marketplace_id,))
    return Selection(
        after=call.world.start if after is None else after,
        before=limit if before is None else before,
        bounded=after is not None,
        marketplace_id=marketplace_id,
        status=None if status is None else status.upper(),
        order_id=value if name == "ORDER_ID" else None,
        group_id=value if name == "FINANCIAL_EVENT_GROUP_ID" else None,
    )


OPERATIONS = (
    Operation(
        name="listTransactions",
        path="/finances/2024-06-19/transactions",
        rate=Decimal("0.5"),
        burst=10,
        answer=_list_transactions,
        faults=PAGE_FAULTS,
    ),
)
