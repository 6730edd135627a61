"""The world's clock: it runs in real time and can be advanced."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, time as time_of_day, timedelta

from recoup.sandbox.world.instants import Instant, to_instant

_DURATION = re.compile(
    r"P(?=.)(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=.)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_MAX_ADVANCE = timedelta(days=3650)
# Amazon answers for times up to two minutes ago. A world that began within the first minutes of
# its day would hide its last orders from a client that requests up to that bound.
_EARLIEST_START = timedelta(minutes=10)


def parse_duration(text: str) -> timedelta:
    """The time of an ISO 8601 duration in weeks, days, hours, minutes and seconds.

    Raises ValueError for anything else and for more than ten years.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a duration such as P1D or PT6H")
    try:
        duration = timedelta(**{unit: int(n) for unit, n in found.groupdict(default="0").items()})
    except OverflowError:
        duration = timedelta.max
    if duration > _MAX_ADVANCE:
        raise ValueError(f"{text!r} is longer than ten years")
    return duration


class WorldClock:
    """`now` is today's date at the real time of day, running, plus all advances.

    `edge` is where events end: midnight UTC of today plus all advances. Running time alone
    does not move it, so that a test meets the same world however long it takes.
    """

    def __init__(
        self,
        today: date | None,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        present = wall()
        midnight = datetime.combine(today or present.date(), time_of_day(), UTC)
        since_midnight = present - datetime.combine(present.date(), time_of_day(), UTC)
        self._midnight = midnight
        self._began = midnight + max(since_midnight, _EARLIEST_START)
        self._monotonic = monotonic
        self._began_monotonic = monotonic()
        self._advanced = timedelta(0)

    @property
    def midnight(self) -> Instant:
        """The first edge, at the start of today."""
        return to_instant(self._midnight)

    @property
    def edge(self) -> Instant:
        return to_instant(self._midnight + self._advanced)

    def now(self) -> datetime:
        elapsed = timedelta(seconds=self._monotonic() - self._began_monotonic)
        return self._began + elapsed + self._advanced

    def advance(self, duration: timedelta) -> None:
        """Advances now and edge. Raises OverflowError past the year 9999."""
        _ = self.now() + duration
        self._advanced += duration
