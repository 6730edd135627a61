"""Amazon's clock, learned from its answers.

Windows and watermarks are in Amazon's time: a laptop whose clock is wrong must not move them, and
the local sandbox has a clock of its own. A clock that is more than a day off is not believed: a
year that has not come would be noted as read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from recoup.clock import Clock, parse_http_date
from recoup.errors import ClockError
from recoup.spapi.ceilings import CLOCK_DIFFERENCE


class AmazonClock:
    """The difference between Amazon's clock and the local one, exact to about a second.

    bounded: a difference beyond CLOCK_DIFFERENCE is not believed.
    """

    def __init__(self, clock: Clock, *, bounded: bool = True) -> None:
        self._clock = clock
        self._bounded = bounded
        self._refused: datetime | None = None
        self.ahead: timedelta | None = None
        """How far Amazon is ahead, negative if behind; None before the first believable answer."""

    def learn(self, headers: Mapping[str, str]) -> datetime | None:
        """Sets the clock from the `Date` header of an answer that has just arrived.

        Returns that instant, None without a usable header.
        """
        try:
            answered_at = parse_http_date(headers["date"])
            ahead = answered_at - self._clock()
        except (KeyError, ValueError, OverflowError):
            return None
        if self._bounded and abs(ahead) > CLOCK_DIFFERENCE:
            self._refused = answered_at
            return None
        self.ahead, self._refused = ahead, None
        return answered_at

    def require_believable(self) -> None:
        """Raises ClockError if the last answer told a time that is not believed."""
        if self._refused is not None:
            raise ClockError(
                f"Amazon's clock shows {self._refused:%Y-%m-%d %H:%M} UTC, this machine's "
                f"{self._clock():%Y-%m-%d %H:%M}: set this machine's clock. Nothing was loaded."
            )
