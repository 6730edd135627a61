"""An order that was cancelled before shipment has a sale and a refund in the finances.

Nothing was sent, so nothing can come back. Source: reports of sellers, read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from recoup.sandbox.answers import Json
from recoup.sandbox.oddities._bodies import members, within
from recoup.sandbox.oddities._oddity import Oddity, Step
from recoup.sandbox.operations.transaction_json import told_transaction
from recoup.sandbox.world.instants import HOUR, Instant
from recoup.sandbox.world.ledger import Entry, EntryKind
from recoup.sandbox.world.orders import MAX_OPEN
from recoup.sandbox.world.transactions import Transaction, TransactionItem

if TYPE_CHECKING:
    from recoup.sandbox.gateway import Call

_ORDINAL = 50
"""No entry of the world itself has it: the ids stay unique."""


def _answer(call: Call, operation: str, body: Json) -> Json:
    payload = members(members(body).get("payload"))
    if operation != "listTransactions" or payload.get("nextToken") is not None:
        return body
    query, home = call.query, call.world.home.marketplace_id
    since, until = query.moment("postedAfter"), query.moment("postedBefore")
    if since is None or query.text("marketplaceId") not in {None, home}:
        return body
    if query.text("transactionStatus") not in {None, "RELEASED"}:
        return body
    more = list(_both(call, since, call.edge if until is None else until))
    path = ("payload", "transactions")
    return within(body, path, lambda found: [*found, *more] if isinstance(found, list) else found)


def _both(call: Call, since: Instant, until: Instant) -> Iterator[Json]:
    """The sale and the refund of every cancelled order, if they are in the window."""
    book, edge = call.world.orders, call.edge
    window = book.timeline.window(Instant(since - MAX_OPEN), min(until, edge))
    for index in window:
        cancelled = book.plan(index).cancelled
        if not 0 < cancelled < edge:
            continue
        sale = _sale(call, index, Instant(cancelled))
        for one in (sale, _refund(sale)):
            if since <= one.entry.posted < min(until, edge):
                yield told_transaction(call.world, one, edge)


def _sale(call: Call, index: int, cancelled: Instant) -> Transaction:
    entry = Entry(EntryKind.SHIPMENT, index, _ORDINAL, cancelled)
    return call.world.transaction(entry)


def _refund(sale: Transaction) -> Transaction:
    """The whole amount back, including the fees."""
    entry = Entry(EntryKind.REFUND, sale.entry.index, _ORDINAL, Instant(sale.entry.posted + HOUR))
    items = tuple(
        TransactionItem(
            item.product,
            item.quantity,
            item.by_amazon,
            {path: -amount for path, amount in item.leaves.items()},
        )
        for item in sale.items
    )
    leaves = {path: -amount for path, amount in sale.leaves.items()}
    return Transaction(entry, sale.story, "Refund Order", items, leaves)


ODDITY = Oddity(Step.CONTENT, answer=_answer)
