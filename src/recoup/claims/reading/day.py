"""The current date where a claim's window is counted."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
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
    usual = now.astimezone(UTC).date()
    others: defaultdict[date, list[str]] = defaultdict(list)
    for one in load_policy().marketplaces:
        local = now.astimezone(ZoneInfo(one.zone)).date()
        if local != usual:
            others[local].append(one.marketplace_id)
    branches = [(_c.marketplace_id.in_(ids), _day(local)) for local, ids in others.items()]
    return case(*branches, else_=_day(usual)) if branches else _day(usual)


def _day(value: date) -> ColumnElement[date]:
    return cast(literal(value, Date), Date)
