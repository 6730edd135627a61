"""The days on which less frequent data is read. Pure, and determined by the date alone.

A sync that read everything on one day of the week would cost twice as many calls on that day. So
each day has its turn (docs/adr/0012-days-cost-alike.md). Days are those of UTC. A day without a
sync is made up by the next one: what counts is which days have begun since the last reading.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from recoup.streams._window import Window

CYCLE = 6
"""Days after which the turns of streams begin again. A day's number is that of its date, modulo this."""
EVERY_DAY = tuple(range(CYCLE))

_DAY = timedelta(days=1)
_PIECES = 7


def has_turn(on: Collection[int], *, since: datetime, now: datetime) -> bool:
    """Whether a day with one of the numbers `on` has begun after `since`."""
    days = (midnight_of(now) - number * _DAY for number in range(CYCLE))
    return any(day > since for day in days if day.toordinal() % CYCLE in on)


def sweep_pieces(
    sweep: timedelta, *, overlap: timedelta, since: datetime, now: datetime
) -> list[Window]:
    """The pieces of the sweep of each day that has begun after `since`.

    The sweep is the time before the last `overlap`. Monday reads its newest seventh again, Sunday
    its oldest. From one day to the next that is a seventh back, while all grows a day older: so
    with `sweep` of 42 days each day is read about every 8.4 days until it is older than the sweep.
    A day that is made up has the piece that it would have had: what has grown too old for the
    sweep in the meantime is read as well.
    """
    pieces = []
    day = midnight_of(now)
    while sweep and day > since:
        until = day - overlap - day.weekday() * sweep / _PIECES
        pieces.append(Window(until - sweep / _PIECES, until))
        day -= _DAY
    return pieces


def midnight_of(moment: datetime) -> datetime:
    """The beginning of its day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
