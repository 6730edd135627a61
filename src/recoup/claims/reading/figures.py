"""What the claims come to from every side that a page shows at once, in as few passes as possible.

The claims are first counted by all sides together, then the few groups that this leaves are added
up side by side; currencies are never added.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.sql.expression import ColumnCollection
from sqlalchemy.types import TIMESTAMP, Text

from recoup.claims.lifecycle import Standing, Status
from recoup.claims.reading.claims import Total, is_discarded, of_workspace, valued_currency, within
from recoup.claims.reading.day import today_on
from recoup.claims.reading.selection import Period
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


@dataclass(frozen=True, slots=True)
class _Count:
    """One pass over some claims: counted by all sides together, which leaves few groups."""

    sides: Mapping[str, ColumnElement[Any]]
    facets: Callable[[ColumnCollection[str, Any]], Mapping[Facet, ColumnElement[Any]]]
    """The name of a group in each facet, from its sides; null: in none."""
    status: Status | None = None


async def total_facets(conn: Reader, workspace_id: WorkspaceId, now: datetime) -> list[FacetTotal]:
    """Totals of all claims of a workspace, from every side."""
    parts = [part for count in _counts(now) for part in _added_up(count, workspace_id)]
    rows = await conn.execute(union_all(*parts))
    return [
        FacetTotal(currency, amount, number, Facet(facet), name)
        for currency, amount, number, facet, name in rows
    ]


def _added_up(count: _Count, workspace_id: WorkspaceId) -> Iterator[Select[Any]]:
    """A statement for each facet, over the same groups."""
    currency = valued_currency()
    groups = (
        select(
            *(side.label(name) for name, side in count.sides.items()),
            currency.label("currency"),
            func.sum(_c.amount).label("amount"),
            func.count().label("claims"),
        )
        .where(of_workspace(workspace_id))
        .group_by(*count.sides.values(), currency)
    )
    if count.status is not None:
        groups = groups.where(_c.status == count.status.value)
    counted = groups.cte(f"counted_{count.status or 'all'}").c
    for facet, name in count.facets(counted).items():
        yield (
            select(
                counted.currency,
                func.sum(counted.amount),
                cast(func.sum(counted.claims), BigInteger),
                literal(facet.value, Text),
                name,
            )
            .where(name.is_not(None))
            .group_by(name, counted.currency)
        )


def _counts(now: datetime) -> tuple[_Count, ...]:
    """All claims, then the few that are filed or approved by the times of that."""
    today, times = today_on(now), FigureTimes.of(now)
    # 0: within the first of the days, and so on.
    urgency = cast(
        func.width_bucket(_c.deadline - today, [days + 1 for days in EXPIRING_DAYS]), Text
    )
    is_kept = ~is_discarded()
    return (
        _Count(
            {
                "state": standing_on(today, owed=urgency),
                "type": _c.type,
                "month": case((is_kept, _month(_c.detected_at))),
                "period": case((is_kept, number_of(_c.detected_at, times.periods))),
            },
            _of_all,
        ),
        _Count(
            {"age": number_of(_c.filed_at, times.ages)},
            lambda sides: {Facet.FILED_AGE: sides.age},
            Status.FILED,
        ),
        _Count(
            {
                "month": _month(_c.status_at),
                "period": number_of(_c.status_at, times.periods),
            },
            lambda sides: {
                Facet.APPROVED_MONTH: _written(sides.month),
                Facet.APPROVED_PERIOD: sides.period,
            },
            Status.APPROVED,
        ),
    )


def _of_all(
    sides: ColumnCollection[str, Any],
) -> Mapping[Facet, ColumnElement[Any]]:
    days = {str(number): str(days) for number, days in enumerate(EXPIRING_DAYS)}
    is_owed = sides.state.in_([*days, str(len(days))])
    return {
        Facet.STANDING: case((is_owed, Standing.OWED.value), else_=sides.state),
        Facet.OWED_TYPE: case((is_owed, sides.type)),
        Facet.EXPIRING: case(days, value=sides.state),
        Facet.DETECTED_MONTH: _written(sides.month),
        Facet.DETECTED_PERIOD: sides.period,
    }


def number_of(at: ColumnElement[datetime], periods: tuple[Period, ...]) -> ColumnElement[Any]:
    """The number of the period that a time is in; null: in none."""
    branches = (
        (and_(*within(at, period)), literal(str(number), Text))
        for number, period in enumerate(periods)
    )
    return case(*branches)


def _month(at: ColumnElement[datetime]) -> ColumnElement[datetime]:
    return func.date_trunc("month", func.timezone("UTC", at), type_=TIMESTAMP())


def _written(month: ColumnElement[datetime]) -> ColumnElement[str]:
    """Once for each group: for each claim it would take most of the time."""
    return func.to_char(month, literal("YYYY-MM", Text))
