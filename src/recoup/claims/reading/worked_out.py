"""What follows from a claim and the day, worked out by PostgreSQL: for lists and spreadsheets.

It is defined by `recoup.claims.bodies.claim.ClaimBody`, whose names it has; tests compare the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Date, Double, Numeric, case, cast, func

from recoup.claims.reading.claims import review_band
from recoup.claims.reading.standing import chase_on, stage_on, waiting_days_on, window_state_on
from recoup.claims.tables import claim

_c = claim.c


def worked_out(today: ColumnElement[date]) -> Mapping[str, ColumnElement[Any]]:
    """Fields of one value that are no column of `claim`, or differ from it."""
    return {
        "window_state": window_state_on(today),
        "review": review_band(),
        "confidence": cast(_c.confidence, Double),
        "event_date": _c.event_on,
        "days_left": _c.deadline - today,
        "stage": stage_on(today),
        "filed_on": cast(func.timezone("UTC", _c.filed_at), Date),
        "waiting_days": waiting_days_on(today),
        "chase_on": cast(chase_on(), Date),
    }


def plain(amount: ColumnElement[Decimal | None]) -> ColumnElement[Decimal]:
    """The same as `totals.plain_amount`."""
    cents = func.round(amount, 2, type_=Numeric())
    return case((cents == amount, cents), else_=func.trim_scale(amount, type_=Numeric()))
