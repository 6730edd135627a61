"""Finds the orders of a search: the same rules for both versions of the Orders API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recoup.sandbox.answers import invalid_input
from recoup.sandbox.gateway import Call
from recoup.sandbox.parameters import Query
from recoup.sandbox.world.instants import MINUTE, Instant, to_instant
from recoup.sandbox.world.orders import MAX_OPEN, OrderStory

ENDED = frozenset({"SHIPPED", "CANCELLED"})


@dataclass(frozen=True)
class Names:
    """A version's names for the four ends of a window."""

    created_after: str
    created_before: str
    updated_after: str
    updated_before: str


@dataclass(frozen=True)
class Window:
    """Orders created or last updated in [after, before). `given_before` is the client's value."""

    updates: bool
    after: Instant
    before: Instant
    given_before: Instant | None


@dataclass(frozen=True)
class Filter:
    """Statuses and fulfillers as the API of 2026 names them; an empty tuple means any."""

    statuses: tuple[str, ...]
    marketplace_ids: tuple[str, ...]
    fulfilled_by: tuple[str, ...]


def read_window(call: Call, query: Query, names: Names) -> Window:
    """The requested window; without an end, up to two minutes ago. Raises ApiError 400."""
    created = names.created_after in query or names.created_before in query
    updates = names.updated_after in query or names.updated_before in query
    if created and updates:
        raise invalid_input(
            f"{names.created_after}/{names.created_before} exclude "
            f"{names.updated_after}/{names.updated_before}."
        )
    after_name = names.updated_after if updates else names.created_after
    before_name = names.updated_before if updates else names.created_before
    after, before = query.moment(after_name), query.moment(before_name)
    if after is None:
        raise invalid_input(
            f"Exactly one of {names.created_after} and {names.updated_after} is required."
        )
    limit = Instant(to_instant(call.now) - 2 * MINUTE)
    if before is not None and before > limit:
        raise invalid_input(f"{before_name} must be at least two minutes before now.")
    if before is not None and before < after:
        raise invalid_input(f"{before_name} must not be before {after_name}.")
    if after > to_instant(call.now):
        raise invalid_input(f"{after_name} must not be in the future.")
    return Window(updates, after, limit if before is None else before, before)


def iter_matching(
    call: Call, window: Window, chosen: Filter, first: int, before: Instant
) -> Iterator[OrderStory]:
    """The requested orders, oldest creation first, from an index on."""
    book, edge = call.world.orders, call.edge
    home = call.world.home.marketplace_id
    if chosen.marketplace_ids and home not in chosen.marketplace_ids:
        return
    search = book.maybe_updated_in if window.updates else book.created_in
    candidates = search(window.after, before, edge)
    if chosen.statuses and not ENDED.intersection(chosen.statuses):
        # Open orders are recent ones: a year of ended orders need not be looked through.
        first = max(first, book.count(Instant(edge - MAX_OPEN)))
    for index in range(max(first, candidates.start), candidates.stop):
        if window.updates or chosen.statuses:
            dates = book.dates(index)
            if chosen.statuses and dates.status(edge) not in chosen.statuses:
                continue
            if window.updates and not window.after <= dates.last_updated(edge) < before:
                continue
        story = book.story(index)
        if not chosen.fulfilled_by or fulfiller(story) in chosen.fulfilled_by:
            yield story


def fulfiller(story: OrderStory) -> str:
    return "AMAZON" if story.by_amazon else "MERCHANT"
