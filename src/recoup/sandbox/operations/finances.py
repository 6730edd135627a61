"""Finances API 2024-06-19. Source: facts 4.4."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from recoup.sandbox.answers import Json, invalid_input
from recoup.sandbox.gateway import Call, Operation
from recoup.sandbox.operations.transaction_json import transaction_json
from recoup.sandbox.page_tokens import PageTokenError, PageTokens
from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.instants import DAY, MINUTE, Instant, to_instant
from recoup.sandbox.world.ledger import MAX_DEFERRAL, START, Entry, Position

PAGE_SIZE = 500
MAX_WINDOW = 180 * DAY
_EMPTY_PAGE_PER_MILLE = 150
_STATUSES = {"DEFERRED", "RELEASED", "DEFERRED_RELEASED"}


@dataclass(frozen=True)
class _Selection:
    """Which entries are asked for: posted in [after, before), and more where not None."""

    after: Instant
    before: Instant
    marketplace_id: str | None
    status: str | None
    order_id: str | None
    group_id: str | None


def _list_transactions(call: Call) -> Json:
    tokens = PageTokens(call.world.key, "transactions", None)
    asked = _read_parameters(call)
    bound = tuple(
        call.query.text(name)
        for name in (
            "postedAfter",
            "postedBefore",
            "marketplaceId",
            "transactionStatus",
            "relatedIdentifierName",
            "relatedIdentifierValue",
        )
    )
    since, before, blank = START, asked.before, False
    token = call.query.text("nextToken")
    if token is not None:
        try:
            section, index, number, end, flag = tokens.read(token, bound, call.now)
        except PageTokenError as error:
            raise invalid_input(f"nextToken is not valid: {error}.") from None
        since, before, blank = (section, index, number), Instant(end), bool(flag)
    if blank:
        # Amazon gives empty pages with a token now and then; the next page goes on here.
        return _page([], tokens.give([*since, before, 0], bound, call.now))
    entries = _entries(call, asked, before, since)
    chosen = list(islice(entries, PAGE_SIZE))
    following = next(entries, None)
    page: list[Json] = [transaction_json(call.world, entry, call.edge) for _, entry in chosen]
    if following is None:
        return _page(page, None)
    position = following[0]
    flag = Dice(call.world.key, "empty-page", *position).happens(_EMPTY_PAGE_PER_MILLE)
    return _page(page, tokens.give([*position, before, int(flag)], bound, call.now))


def _page(transactions: list[Json], next_token: str | None) -> Json:
    payload: dict[str, Json] = {"transactions": transactions}
    if next_token is not None:
        payload["nextToken"] = next_token
    return {"payload": payload}


def _read_parameters(call: Call) -> _Selection:
    query = call.query
    limit = Instant(to_instant(call.now) - 2 * MINUTE)
    name, value = query.text("relatedIdentifierName"), query.text("relatedIdentifierValue")
    if (name is None) != (value is None):
        raise invalid_input("relatedIdentifierName and relatedIdentifierValue go together.")
    if name not in {None, "ORDER_ID", "FINANCIAL_EVENT_GROUP_ID"}:
        raise invalid_input("relatedIdentifierName must be ORDER_ID or FINANCIAL_EVENT_GROUP_ID.")
    after, before = query.moment("postedAfter"), query.moment("postedBefore")
    if after is None and name is None:
        raise invalid_input("postedAfter is required. Start date cannot be null.")
    for given in (after, before):
        if given is not None and given > limit:
            raise invalid_input("Dates must be more than two minutes before now.")
    if after is not None and before is not None and after >= before:
        raise invalid_input("postedBefore must be later than postedAfter.")
    status = query.text("transactionStatus")
    if status is not None and status.upper() not in _STATUSES:
        raise invalid_input("transactionStatus is not valid.")
    marketplace_id = query.text("marketplaceId")
    if marketplace_id is not None:
        call.check_marketplaces((marketplace_id,))
    return _Selection(
        after=call.world.start if after is None else after,
        before=limit if before is None else before,
        marketplace_id=marketplace_id,
        status=None if status is None else status.upper(),
        order_id=value if name == "ORDER_ID" else None,
        group_id=value if name == "FINANCIAL_EVENT_GROUP_ID" else None,
    )


def _entries(
    call: Call, asked: _Selection, before: Instant, since: Position
) -> Iterator[tuple[Position, Entry]]:
    """The entries that match, each with its position. Narrows the time first where it can."""
    world, edge = call.world, call.edge
    if asked.marketplace_id not in {None, world.home.marketplace_id}:
        return
    after = asked.after
    given_window = "postedAfter" in call.query
    if given_window and before - after > MAX_WINDOW:
        return
    if asked.status == "DEFERRED":
        after = max(after, Instant(edge - MAX_DEFERRAL))
    if asked.group_id is not None:
        group = world.find_group(asked.group_id)
        if group is None:
            return
        after = max(after, Instant(group[0] - MAX_DEFERRAL))
        before = min(before, group[1])
    for position, entry in _by_time(call, asked, after, before, since):
        if asked.status is not None and entry.status(edge) != asked.status:
            continue
        if asked.group_id is not None and (
            entry.counted >= edge or world.group_id(entry.counted) != asked.group_id
        ):
            continue
        yield position, entry


def _by_time(
    call: Call, asked: _Selection, after: Instant, before: Instant, since: Position
) -> Iterator[tuple[Position, Entry]]:
    ledger = call.world.ledger
    if asked.order_id is None:
        yield from ledger.iter_entries(after, before, call.edge, since=since)
        return
    index = call.world.orders.find_index(asked.order_id, call.edge)
    if index is None:
        return
    for number, entry in enumerate(ledger.entries_of_order(index, call.edge)):
        if after <= entry.posted < before:
            yield (0, index, number), entry


OPERATIONS = (
    Operation(
        name="listTransactions",
        path="/finances/2024-06-19/transactions",
        rate=Decimal("0.5"),
        burst=10,
        answer=_list_transactions,
    ),
)
