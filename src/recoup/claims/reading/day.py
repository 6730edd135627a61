"""The current date where a claim's window is counted."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ColumnElement, Date, case, cast, func, literal
from sqlalchemy.dialects.postgresql import TIMESTAMP

from recoup.claims.policy import load_policy
from recoup.claims.tables import claim

_c = claim.c


def today_on(now: datetime) -> ColumnElement[date]:
    """The local date of a claim's marketplace; in UTC if it has none."""
    zones = {one.marketplace_id: one.zone for one in load_policy().marketplaces}
    zone = case(zones, value=_c.marketplace_id, else_="UTC")
    return cast(func.timezone(zone, literal(now, TIMESTAMP(timezone=True))), Date)
