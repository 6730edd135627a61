"""Finds the ledger entries for a request about money: the same for both Finances APIs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recoup.sandbox.answers import invalid_input
from recoup.sandbox.gateway import Call
from recoup.sandbox.world.instants import DAY, MINUTE, Instant, to_instant
from recoup.sandbox.world.ledger import MAX_DEFERRAL, Entry, Position

MAX_WINDOW = 180 * DAY


@dataclass(frozen=True)
class Selection:
    """The requested entries: posted in [after, before), and more filters where not None.

    A window that the client itself set (`bounded`) must not be longer than 180 days: Amazon then
    answers nothing, without an error (docs/amazon.md#finances-v0, docs/amazon.md#transactions).
    """

    after: Instant
    before: Instant
    bounded: bool
    marketplace_id: str | None = None
    status: str | None = None
    order_id: str | None = None
    group_id: str | None = None


def latest_moment(call: Call) -> Instant:
    """Amazon refuses dates later than two minutes before now."""
    return Instant(to_instant(call.now) - 2 * MINUTE)


def check_dates(call: Call, *given: Instant | None) -> None:
    """Raises ApiError 400 for a date too close to now."""
    for moment in given:
        if moment is not None and moment > latest_moment(call):
            raise invalid_input("Dates must be more than two minutes before now.")


def iter_entries(
    call: Call, asked: Selection, before: Instant, since: Position
) -> Iterator[tuple[Position, Entry]]:
    """The matching entries, each with its position. Narrows the time first if possible."""
    world, edge = call.world, call.edge
    if asked.marketplace_id not in {None, world.home.marketplace_id}:
        return
    after = asked.after
    if asked.bounded and before - after > MAX_WINDOW:
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
    call: Call, asked: Selection, after: Instant, before: Instant, since: Position
) -> Iterator[tuple[Position, Entry]]:
    ledger = call.world.ledger
    if asked.order_id is None:
        yield from ledger.iter_entries(after, before, call.edge, since=since)
        return
    index = call.world.orders.find_index(asked.order_id, call.edge)
    if index is None:
        return
    for number, entry in enumerate(ledger.entries_of_order(index, call.edge)):
        position = (0, index, number)
        if after <= entry.posted < before and position >= since:
            yield position, entry
