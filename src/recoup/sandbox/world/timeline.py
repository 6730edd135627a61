"""Evenly distributed events, found by index and by time without a list of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from recoup.sandbox.world.draws import Draws
from recoup.sandbox.world.instants import Instant


@dataclass(frozen=True)
class Timeline:
    """`count` events in the `span_seconds` from `start`: event i lies somewhere in slot i.

    So the time of an event never falls as its index grows, and a window of time is a range of
    indexes. The events go on after the span at the same density, without end.
    """

    key: bytes
    kind: str
    start: Instant
    span_seconds: int
    count: int

    def at(self, index: int) -> Instant:
        begins, ends = self._slot(index), self._slot(index + 1)
        return Instant(begins + ((ends - begins) * self._draws.of(index)[0] >> 32))

    def times(self, first: int, stop: int) -> Iterator[int]:
        """The times of the events of a range of indexes."""
        start, span, count = self.start, self.span_seconds, self.count
        begins = first * span // count if count else 0
        for index, (word,) in enumerate(self._draws.between(first, stop), first + 1):
            ends = index * span // count
            yield start + begins + ((ends - begins) * word >> 32)
            begins = ends

    def count_before(self, moment: Instant) -> int:
        """The number of events before the moment; their indexes are 0 to that, exclusive."""
        if self.count == 0 or moment <= self.start:
            return 0
        index = (moment - self.start) * self.count // self.span_seconds
        while index > 0 and self.at(index - 1) >= moment:
            index -= 1
        while self.at(index) < moment:
            index += 1
        return index

    def window(self, after: Instant, before: Instant) -> range:
        """The indexes of the events in [after, before)."""
        first = self.count_before(after)
        return range(first, max(first, self.count_before(before)))

    @cached_property
    def _draws(self) -> Draws:
        return Draws(self.key, self.kind, "<I")

    def _slot(self, index: int) -> int:
        return self.start + index * self.span_seconds // self.count
