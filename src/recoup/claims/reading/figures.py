"""What the claims come to from every side that a page shows at once, in one pass over them.

The claims are first counted by all sides together, then the few groups that this leaves are added
up side by side; currencies are never added.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, cast, func, literal, select, union_all
from sqlalchemy.types import TIMESTAMP, Text

from recoup.claims.lifecycle import Standing, Status
from recoup.claims.reading.claims import (
    Period,
    Total,
    is_discarded,
    of_workspace,
    valued_currency,
    within,
)
from recoup.claims.reading.day import today_on
from recoup.claims.reading.standing import standing_on
from recoup.claims.tables import claim
from recoup.db.engine import Reader
from recoup.ids import WorkspaceId

_c = claim.c
PERIOD = timedelta(days=30)
EXPIRING_DAYS = (7, 14, 30)
AGES = (timedelta(days=14), timedelta(days=30))


class Facet(enum.StrEnum):
    """A side from which claims are counted; a comment says what the groups are called."""

    STANDING = "standing"
    OWED_TYPE = "owed_type"
    """Those owed, by type."""
    EXPIRING = "expiring"
    """Those owed, by the smallest of EXPIRING_DAYS that their last safe day is within."""
    FILED_AGE = "filed_age"
    """Those filed, by the number of the period in `FigureTimes.ages`."""
    DETECTED_MONTH = "detected_month"
    """Those not discarded, by the month in which they were found (UTC, `2026-11`)."""
    APPROVED_MONTH = "approved_month"
    DETECTED_PERIOD = "detected_period"
    """Those not discarded, by the number of the period in `FigureTimes.periods`."""
    APPROVED_PERIOD = "approved_period"


@dataclass(frozen=True, slots=True)
class FacetTotal(Total):
    """The claims of one group, in one currency."""

    facet: Facet
    name: str


@dataclass(frozen=True, slots=True)
class FigureTimes:
    """The times that figures of a moment are divided by: in whole seconds, as the API writes them."""

    until: datetime

    @classmethod
    def of(cls, now: datetime) -> FigureTimes:
        """The current second counts."""
        return cls(now.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1))

    @property
    def periods(self) -> tuple[Period, Period]:
        """The last 30 days, and the 30 before them."""
        begin = self.until - PERIOD
        return Period(begin, self.until), Period(begin - PERIOD, begin)

    @property
    def ages(self) -> tuple[Period, ...]:
        """How long ago: the newest first."""
        ends = (None, *(self.until - age for age in AGES), None)
        return tuple(Period(since, until) for until, since in pairwise(ends))


async def total_facets(conn: Reader, workspace_id: WorkspaceId, now: datetime) -> list[FacetTotal]:
    """Totals of all claims of a workspace, from every side."""
    sides = _sides(now)
    counted = (
        select(
            *(side.label(facet) for facet, side in sides.items()),
            valued_currency().label("currency"),
            func.sum(_c.amount).label("amount"),
            func.count().label("claims"),
        )
        .where(of_workspace(workspace_id))
        .group_by(*sides.values(), valued_currency())
        .cte("counted")
    )
    parts = [
        select(
            counted.c.currency,
            func.sum(counted.c.amount),
            cast(func.sum(counted.c.claims), BigInteger),
            literal(facet.value, Text),
            _name_of(facet, counted.c[facet]),
        )
        .where(counted.c[facet].is_not(None))
        .group_by(counted.c[facet], counted.c.currency)
        for facet in sides
    ]
    rows = await conn.execute(union_all(*parts))
    return [
        FacetTotal(currency, amount, number, Facet(facet), name)
        for currency, amount, number, facet, name in rows
    ]


def _sides(now: datetime) -> dict[Facet, ColumnElement[Any]]:
    """The group of a claim in each facet; null: in none."""
    today, times = today_on(now), FigureTimes.of(now)
    standing = standing_on(today)
    is_owed = standing == Standing.OWED.value
    is_approved = _c.status == Status.APPROVED.value
    urgent = ((_c.deadline <= today + days, literal(str(days), Text)) for days in EXPIRING_DAYS)
    return {
        Facet.STANDING: standing,
        Facet.OWED_TYPE: case((is_owed, _c.type)),
        Facet.EXPIRING: case((is_owed, case(*urgent))),
        Facet.FILED_AGE: case(
            (_c.status == Status.FILED.value, _number_of(_c.filed_at, times.ages))
        ),
        Facet.DETECTED_MONTH: case((~is_discarded(), _month(_c.detected_at))),
        Facet.APPROVED_MONTH: case((is_approved, _month(_c.status_at))),
        Facet.DETECTED_PERIOD: case((~is_discarded(), _number_of(_c.detected_at, times.periods))),
        Facet.APPROVED_PERIOD: case((is_approved, _number_of(_c.status_at, times.periods))),
    }


def _number_of(
    at: ColumnElement[datetime], periods: tuple[Period, ...]
) -> ColumnElement[str | None]:
    branches = (
        (and_(*within(at, period)), literal(str(number), Text))
        for number, period in enumerate(periods)
    )
    return case(*branches)


def _month(at: ColumnElement[datetime]) -> ColumnElement[datetime]:
    return func.date_trunc("month", func.timezone("UTC", at), type_=TIMESTAMP())


def _name_of(facet: Facet, side: ColumnElement[Any]) -> ColumnElement[str]:
    """Months are written once for each group: for each claim it would take most of the time."""
    if facet in {Facet.DETECTED_MONTH, Facet.APPROVED_MONTH}:
        return func.to_char(side, literal("YYYY-MM", Text))
    return cast(side, Text)
