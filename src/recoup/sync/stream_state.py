"""A stream's progress in the memory of its worker; what must survive is in the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from recoup.errors import SpApiError
from recoup.streams.stream import Api, Stream
from recoup.streams.window import Window, share_done, subtract
from recoup.sync.cursor_queries import Cursor
from recoup.sync.load import Loaded
from recoup.sync.progress import StreamProgress, estimate_rows


@dataclass(frozen=True, slots=True)
class Refusal:
    """What Amazon refuses of a stream, in words, and its answer."""

    what: str
    error: SpApiError


@dataclass(slots=True)
class StreamState:
    """Counts of one stream over all attempts of a sync, and how far its scopes are.

    without: datasets that this attempt no longer asks for; refusals: what was refused so far.
    """

    stream: Stream
    rows: int = 0
    rows_read: int = 0
    pages: int = 0
    known_rows: int | None = None
    finished: bool = False
    fractions: dict[str, float] = field(default_factory=dict)
    scopes: int = 1
    seconds_per_page: float = 0.3
    waiting_until: float = 0.0
    throttled_since: datetime | None = None
    without: frozenset[str] = frozenset()
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def api(self) -> Api:
        """The source that answers page by page, of a stream that has one."""
        api = self.stream.api
        assert api is not None
        return api

    @property
    def fraction(self) -> float:
        """The share of the work that is done: 1 only at the end."""
        if self.finished:
            return 1.0
        return min(0.99, sum(self.fractions.values()) / max(1, self.scopes))

    def expected_rows(self) -> int | None:
        """An estimate until the stream is finished.

        A snapshot tells no total, and how much of it has changed shows only at its end.
        """
        if self.finished:
            return self.rows
        if self.api.position is None:
            return None
        return estimate_rows(rows=self.rows, read=self.rows_read, fraction=self.fraction)

    def progress(self, *, at: float) -> StreamProgress:
        return StreamProgress(
            noun=self.stream.noun,
            rows=self.rows,
            expected=self.expected_rows(),
            fraction=self.fraction,
            waiting_seconds=max(0.0, self.waiting_until - at),
            throttled_since=self.throttled_since,
        )

    def after(
        self,
        loaded: Loaded,
        reached: datetime | None,
        cursor: Cursor,
        whole: Sequence[Window],
    ) -> StreamState:
        """The state once a page is committed that left `cursor`. `reached`: its newest item."""
        ahead = replace(self, fractions=dict(self.fractions))
        ahead.rows += loaded.loaded
        ahead.rows_read += loaded.read
        ahead.pages += 1
        done = ahead.covered(reached, cursor, whole)
        ahead.fractions[cursor.scope] = max(self.fractions.get(cursor.scope, 0.0), done)
        return ahead

    def adopt(self, ahead: StreamState) -> None:
        """Become what `after` foretold."""
        self.rows, self.rows_read, self.pages = ahead.rows, ahead.rows_read, ahead.pages
        self.fractions = ahead.fractions

    def covered(self, reached: datetime | None, cursor: Cursor, whole: Sequence[Window]) -> float:
        """How far a scope is: the windows done, and the open one up to its newest item.

        Without times, by rows: always nearer to the end, and never there.
        """
        if self.api.position is None:
            return self.rows_read / max(self.known_rows or 0, self.rows_read + self.api.page_size)
        todo = list(cursor.todo)
        window = cursor.open_window
        if window is not None and reached is not None and window.since < reached:
            todo = subtract(todo, [Window(window.since, min(reached, window.until))])
        return share_done(whole, todo)


def newest_position(api: Api, items: Sequence[Mapping[str, Any]]) -> datetime | None:
    """The time of the newest readable item of a page."""
    if api.position is None:
        return None
    times = []
    for item in items:
        try:
            times.append(api.position(item))
        except (ValueError, KeyError, TypeError):
            continue  # it goes to quarantine, and says nothing about how far the page reaches
    return max(times, default=None)
