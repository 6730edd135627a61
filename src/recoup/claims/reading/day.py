"""The current date where a claim's window is counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, case, cast, literal

from recoup.claims.policy import load_policy
from recoup.claims.tables import claim

_c = claim.c


def today_on(now: datetime) -> ColumnElement[date]:
    """The local date of a claim's marketplace; in UTC if it has none.

    Worked out here and not by PostgreSQL, which would convert `now` once for each claim that it
    reads. At any time the whole world has two or three dates.
    """
    usual, others = _dates(now.astimezone(UTC).replace(second=0, microsecond=0))
    branches = [(_c.marketplace_id.in_(ids), _day(local)) for local, ids in others.items()]
    return case(*branches, else_=_day(usual)) if branches else _day(usual)


@lru_cache(maxsize=4)
def _dates(minute: datetime) -> tuple[date, Mapping[date, Sequence[str]]]:
    """The date in UTC, and the marketplaces of each other date. No zone changes it within a minute."""
    usual = minute.date()
    others: defaultdict[date, list[str]] = defaultdict(list)
    for one in load_policy().marketplaces:
        local = minute.astimezone(ZoneInfo(one.zone)).date()
        if local != usual:
            others[local].append(one.marketplace_id)
    return usual, others


def _day(value: date) -> ColumnElement[date]:
    return cast(literal(value, Date), Date)
