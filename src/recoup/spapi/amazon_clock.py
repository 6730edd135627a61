"""Amazon's clock, learned from its answers.

Windows and watermarks are in Amazon's time: a laptop whose clock is wrong must not move them, and
the local sandbox has a clock of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from recoup.clock import Clock, parse_http_date


class AmazonClock:
    """How far Amazon's clock is from the local one, exact to about a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.ahead: timedelta | None = None
        """How far Amazon is ahead, negative when behind; None until an answer told."""

    def learn(self, headers: Mapping[str, str]) -> datetime | None:
        """Take the clock from the `Date` header of an answer that came just now.

        Gives that instant, None without a usable header.
        """
        try:
            answered_at = parse_http_date(headers["date"])
        except (KeyError, ValueError, OverflowError):
            return None
        self.ahead = answered_at - self._clock()
        return answered_at
