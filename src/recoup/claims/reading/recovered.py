"""What the reimbursements report shows for claims: recovered by cases, or paid by Amazon by itself.

Money is what the report's rows say, never a claim's own estimate, and currencies are never added.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, literal, select, union_all
from sqlalchemy.types import TIMESTAMP, Text

from recoup.claims.reading.answered import is_recovered
from recoup.claims.reading.claims import Total, of_workspace
from recoup.claims.reading.figures import FigureTimes, number_of
from recoup.claims.tables import claim, claim_payment
from recoup.db.engine import Reader
from recoup.ids import WorkspaceId

_c, _p = claim.c, claim_payment.c


class Source(enum.StrEnum):
    """Why Amazon paid."""

    RECOVERED = "recovered"
    """For a case of the seller's, or after the seller had filed; less what was taken back."""
    BY_ITSELF = "by_itself"


class Span(enum.StrEnum):
    """What a total of payments is of, by the time of their approval."""

    ALL = "all"
    MONTH = "month"
    PERIOD = "period"


@dataclass(frozen=True, slots=True)
class PaidTotal(Total):
    """Payments of a span in one currency; without a currency: those with units only.

    name: a month (UTC, `2026-11`), or the number of a period in `FigureTimes.periods`.
    """

    source: Source
    span: Span
    name: str


async def total_paid(conn: Reader, workspace_id: WorkspaceId, now: datetime) -> Sequence[PaidTotal]:
    """Each claim counts once per span and currency."""
    month = func.date_trunc("month", func.timezone("UTC", _p.approved_at), type_=TIMESTAMP())
    columns = {
        "source": case((is_recovered(), Source.RECOVERED.value), else_=Source.BY_ITSELF.value),
        "currency": case((_p.amount != 0, _p.currency)),
        "month": func.to_char(month, literal("YYYY-MM", Text)),
        "period": number_of(_p.approved_at, FigureTimes.of(now).periods),
    }
    paid = (
        select(*(one.label(name) for name, one in columns.items()), _p.amount, _p.claim_id)
        .select_from(claim_payment.join(claim, _c.claim_id == _p.claim_id))
        .where(of_workspace(workspace_id))
        .cte("paid")
    ).c
    spans = {Span.ALL: literal("", Text), Span.MONTH: paid.month, Span.PERIOD: paid.period}
    parts = [
        select(
            paid.currency,
            case((paid.currency.is_not(None), func.sum(paid.amount))),
            func.count(paid.claim_id.distinct()),
            paid.source,
            literal(span.value, Text),
            name,
        )
        .where(name.is_not(None))
        .group_by(paid.source, paid.currency, name)
        for span, name in spans.items()
    ]
    rows = await conn.execute(union_all(*parts))
    return [
        PaidTotal(currency, amount, number, Source(source), Span(span), name)
        for currency, amount, number, source, span, name in rows
    ]
