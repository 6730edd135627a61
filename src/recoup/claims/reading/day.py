"""The current date where a claim's window is counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, Text, any_, bindparam, case
from sqlalchemy.dialects.postgresql import ARRAY

from recoup.claims.policy import load_policy
from recoup.claims.tables import claim

_c = claim.c


def today_on(now: datetime) -> ColumnElement[date]:
    """The local date of a claim's marketplace; in UTC if it has none.

    Worked out here and not by PostgreSQL, which would convert `now` once for each claim that it
    reads.
    """
    values = day_values(now)

    def day(name: str) -> ColumnElement[date]:
        return bindparam(name, values[name], Date)

    def is_in(name: str) -> ColumnElement[bool]:
        return _c.marketplace_id == any_(bindparam(name, values[name], ARRAY(Text)))

    return case(
        (is_in("day_before_in"), day("day_before")),
        (is_in("day_after_in"), day("day_after")),
        else_=day("day"),
    )


def day_values(now: datetime) -> Mapping[str, Any]:
    """The values of the parameters of `today_on`: the date in UTC, the two beside it, and the
    marketplaces that have those. Nowhere is it another one.
    """
    return _day_values(now.astimezone(UTC).replace(second=0, microsecond=0))


@lru_cache(maxsize=4)
def _day_values(minute: datetime) -> Mapping[str, Any]:
    """No zone changes its date within a minute."""
    here = minute.date()
    places = defaultdict(list)
    for one in load_policy().marketplaces:
        places[minute.astimezone(ZoneInfo(one.zone)).date()].append(one.marketplace_id)
    before, after = here - timedelta(days=1), here + timedelta(days=1)
    return {
        "day": here,
        "day_before": before,
        "day_after": after,
        "day_before_in": places[before],
        "day_after_in": places[after],
    }
