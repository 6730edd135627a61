"""Finances API v0: financial event groups, one per payout. Source: docs/amazon.md#finances-v0."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from recoup.sandbox.answers import Json, invalid_input
from recoup.sandbox.faults import PAGE_FAULTS
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.operations.finance_search import (
    MAX_WINDOW,
    Selection,
    check_dates,
    iter_entries,
    latest_moment,
)
from recoup.sandbox.operations.finances_v0 import TOKEN_LIFETIME
from recoup.sandbox.paging import Pager, Position
from recoup.sandbox.world.instants import DAY, Instant, after, to_text
from recoup.sandbox.world.ledger import START
from recoup.sandbox.world.seller import GROUP_DAYS

_AFTER, _BEFORE = "FinancialEventGroupStartedAfter", "FinancialEventGroupStartedBefore"


def _list_groups(call: Call) -> Json:
    since, until = call.query.moment(_AFTER), call.query.moment(_BEFORE)
    check_dates(call, since, until)
    if since is not None and until is not None and since >= until:
        raise invalid_input("Date range is invalid.")

    def rows(position: Position) -> Iterator[tuple[Position, int]]:
        return (((number,), number) for number in _numbers(call, since, until, position[0]))

    pager = Pager(
        operation="event-groups",
        parameter="NextToken",
        size=call.query.integer("MaxResultsPerPage", low=1, high=100, default=10),
        start=(0,),
        rows=rows,
        bound=(since, until),
        lifetime=TOKEN_LIFETIME,
    )
    page = pager.page(call, call.query.text("NextToken"))
    groups: list[Json] = [_group_json(call, number) for number in page.rows]
    payload: dict[str, Json] = {"FinancialEventGroupList": groups}
    if page.next_token is not None:
        payload["NextToken"] = page.next_token
    return {"payload": payload}


def _numbers(call: Call, since: Instant | None, until: Instant | None, first: int) -> Iterator[int]:
    """The numbers of the groups that began in the window, from a number on."""
    if since is not None and until is not None and until - since > MAX_WINDOW:
        return
    number = first
    while (began := _began(call, number)) < call.edge:
        if (since is None or began >= since) and (until is None or began < until):
            yield number
        number += 1


def _began(call: Call, number: int) -> Instant:
    return after(call.world.start, number * GROUP_DAYS * DAY)


def _group_json(call: Call, number: int) -> Json:
    world, began, ends = call.world, _began(call, number), _began(call, number + 1)
    closed = ends <= call.edge
    group_id = world.group_id(began)
    group: dict[str, Json] = {
        "FinancialEventGroupId": group_id,
        "ProcessingStatus": "Closed" if closed else "Open",
        "OriginalTotal": {
            "CurrencyCode": world.home.currency,
            "CurrencyAmount": _total(call, group_id),
        },
        "BeginningBalance": {
            "CurrencyCode": world.home.currency,
            "CurrencyAmount": Decimal("0.00"),
        },
        "FinancialEventGroupStart": to_text(began),
    }
    if closed:
        group["FinancialEventGroupEnd"] = to_text(ends)
        group["FundTransferStatus"] = "Succeeded"
        group["FundTransferDate"] = to_text(after(ends, 2 * DAY))
        group["AccountTail"] = "042"
        group["TraceId"] = f"{number:015d}"
    return group


def _total(call: Call, group_id: str) -> Decimal:
    """The sum of the group's transactions so far; cached, as it is slow to compute."""
    kept = call.seller.group_totals
    key = (group_id, call.edge)
    if key not in kept:
        asked = Selection(
            after=call.world.start, before=latest_moment(call), bounded=False, group_id=group_id
        )
        entries = iter_entries(call, asked, asked.before, START)
        totals = (call.world.transaction(entry).total for _, entry in entries)
        kept[key] = sum(totals, Decimal("0.00"))
    return kept[key]


OPERATIONS = (
    Operation(
        name="listFinancialEventGroups",
        path="/finances/v0/financialEventGroups",
        rate=Decimal("0.5"),
        burst=30,
        answer=_list_groups,
        faults=PAGE_FAULTS,
    ),
)
