"""Pages of any operation, including the faults of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Generic, TypeVar

from recoup.sandbox.answers import invalid_input
from recoup.sandbox.config import FaultKind
from recoup.sandbox.gateway import Call
from recoup.sandbox.page_tokens import PageTokenError, PageTokens, ReaderPosition

T = TypeVar("T")
Position = tuple[int, ...]


@dataclass(frozen=True)
class Page(Generic[T]):
    """Rows of one page and the token of the next one; `place` is its start."""

    rows: list[T]
    next_token: str | None
    place: ReaderPosition


@dataclass(frozen=True)
class Pager(Generic[T]):
    """The way in which an operation returns pages.

    `rows` yields rows from a position on, each with its own position. A token fits requests with
    the same `bound` parameters. `blank` says before which positions Amazon would send an empty
    page by itself. `parameter` names the token in messages.
    """

    operation: str
    parameter: str
    size: int
    start: Position
    rows: Callable[[Position], Iterator[tuple[Position, T]]]
    bound: tuple[object, ...] = ()
    lifetime: timedelta | None = None
    question: str = ""
    blank: Callable[[Position], bool] = lambda _: False

    def page(self, call: Call, token: str | None) -> Page[T]:
        """The page that a token (None: no token) requests. Raises ApiError 400 for a bad one."""
        place = ReaderPosition(self.start, question=self.question)
        if token is not None:
            place = read_token(
                call, self.operation, self.parameter, token, self.bound, self.lifetime
            )
        fault = None if call.fault is None or place.repeated else call.fault.kind
        blank = token is not None and not place.repeated and self.blank(place.position)
        if fault is FaultKind.EMPTY_PAGE or (fault is not FaultKind.DUPLICATE_PAGE and blank):
            return Page([], self._token(call, place.position, repeated=True), place)
        rows = self.rows(place.position)
        chosen = [row for _, row in islice(rows, self.size)]
        if fault is FaultKind.DUPLICATE_PAGE:
            return Page(chosen, self._token(call, place.position, repeated=True), place)
        following = next(rows, None)
        next_token = None
        if following is not None:
            next_token = self._token(call, following[0], repeated=False)
        return Page(chosen, next_token, place)

    def _token(self, call: Call, position: Position, *, repeated: bool) -> str:
        tokens = PageTokens(call.world.key, self.operation, self.lifetime)
        return tokens.give(ReaderPosition(position, repeated, self.question), self.bound, call.now)


def read_token(
    call: Call,
    operation: str,
    parameter: str,
    token: str,
    bound: tuple[object, ...] = (),
    lifetime: timedelta | None = None,
) -> ReaderPosition:
    """The position in a token. Raises ApiError 400."""
    tokens = PageTokens(call.world.key, operation, lifetime)
    try:
        return tokens.read(token, bound, call.now)
    except PageTokenError as error:
        raise invalid_input(f"{parameter} is not valid: {error}.") from None
