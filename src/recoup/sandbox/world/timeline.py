"""Things that happen at an even density, found by index and by time without a list of them."""

from __future__ import annotations

from dataclasses import dataclass

from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.instants import Instant


@dataclass(frozen=True, slots=True)
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
        if ends <= begins:
            return Instant(begins)
        return Instant(begins + Dice(self.key, self.kind, index).roll(ends - begins))

    def count_before(self, moment: Instant) -> int:
        """How many events lie before the moment; their indexes are 0 to that, exclusive."""
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

    def _slot(self, index: int) -> int:
        return self.start + index * self.span_seconds // self.count
