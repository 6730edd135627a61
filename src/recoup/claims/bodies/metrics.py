"""Figures about claims in the responses of the API. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from pydantic import Field

from recoup.body import Amount, CamelModel, Timestamp
from recoup.claims.bodies.totals import Totals, of_standing, sums, totals_body
from recoup.claims.lifecycle import Review, Standing
from recoup.claims.reading.claims import StandingTotal
from recoup.claims.reading.figures import AGES, EXPIRING_DAYS, Facet, FacetTotal, FigureTimes
from recoup.claims.reading.metrics import Outcome, OutcomeCount
from recoup.claims.reading.recovered import PaidTotal, Source, Span
from recoup.claims.reading.selection import Period
from recoup.claims.rule import ClaimType

_CONFIRMED = (Outcome.APPROVED, Outcome.PAID)
_REFUTED = (Outcome.REJECTED, Outcome.FOUND)


class TypeTotal(Totals):
    type: ClaimType


class Summary(Totals):
    """Claims that are owed: detected, can be filed today or later, confidence 0.50 or more."""

    total_amount: Amount | None = Field(
        description="Of the currency with the most claims; null where no amount is known."
    )
    currency: str | None
    by_type: list[TypeTotal]
    to_review_count: int = Field(description="The same below 0.50: not counted as money owed.")
    window_unknown_count: int = Field(
        description="Detected claims of which is not known whether Amazon still takes them."
    )
    expired_count: int = Field(description="Detected claims whose window is over: not counted.")


class ExpiringTotal(Totals):
    """Owed claims whose last safe day comes soon; a longer time includes the shorter ones."""

    within_days: int = Field(description="For the filter expiringWithinDays.")


class AgeTotal(Totals):
    """Filed claims that wait for an answer, by the time they were filed."""

    from_days: int = Field(description="Filed at least so many days ago.")
    to_days: int | None = Field(description="Filed fewer days ago.")
    filed_from: Timestamp | None = Field(description="For the filter of this name.")
    filed_to: Timestamp | None


class PeriodBody(CamelModel):
    """What happened from a time on, until before another."""

    since: Timestamp = Field(alias="from")
    until: Timestamp = Field(alias="to")
    detected: Totals = Field(description="Found then; not those dismissed or withdrawn.")
    approved: Totals = Field(description="By recoup's own estimate of each claim.")
    recovered: Totals = Field(
        description="What the reimbursements report shows for cases, less what was taken back."
    )
    paid_by_itself: Totals = Field(
        description="What it shows without a case: no success of claims."
    )


class MonthBody(PeriodBody):
    month: str = Field(description="UTC, `2026-11`.")


class CalibrationBody(CamelModel):
    """Outcomes of one rule's claims in one confidence band."""

    type: ClaimType
    band: Review
    approved: int
    paid: int
    rejected: int
    found: int
    withdrawn: int
    open: int
    confirmed_rate: float | None = Field(
        description="(approved + paid) / (approved + paid + rejected + found)."
    )


class MetricsBody(CamelModel):
    owed: Totals
    pending: Totals = Field(description="The same as `owed`.")
    to_review: Totals
    window_unknown: Totals
    expired: Totals
    filed: Totals
    approved: Totals
    rejected: Totals
    dismissed: Totals
    withdrawn: Totals
    recovered: Totals = Field(
        description="What the reimbursements report shows for cases, less what was taken back."
    )
    paid_by_itself: Totals = Field(
        description="What it shows without a case: no success of claims."
    )
    success_rate: float | None = Field(description="approved / (approved + rejected).")
    owed_by_type: list[TypeTotal]
    expiring: list[ExpiringTotal]
    filed_by_age: list[AgeTotal] = Field(description="The newest first.")
    periods: list[PeriodBody] = Field(description="The last 30 days, and the 30 before them.")
    by_month: list[MonthBody] = Field(description="The newest first.")
    calibration: list[CalibrationBody]


def summary_body(totals: Sequence[StandingTotal]) -> Summary:
    """GET /api/v1/integrations/amazon/recoveries: the claims that are owed.

    The first two fields are those of the currency with the most of them; what is owed in no known
    amount is not nothing, so the amount is null then.
    """
    owed = of_standing(totals, Standing.OWED)
    whole = sums(owed)
    first = next(iter(whole["by_currency"]), None)
    nothing = None if whole["claim_count"] else Decimal(0)
    return Summary(
        **whole,
        total_amount=nothing if first is None else first.amount,
        currency=None if first is None else first.currency,
        by_type=[
            TypeTotal(type=name, **sums(t for t in owed if t.type == name))
            for name in sorted({total.type for total in owed})
        ],
        to_review_count=_count(totals, Standing.TO_REVIEW),
        window_unknown_count=_count(totals, Standing.WINDOW_UNKNOWN),
        expired_count=_count(totals, Standing.EXPIRED),
    )


def metrics_body(
    totals: Sequence[FacetTotal],
    paid: Sequence[PaidTotal],
    outcomes: Sequence[OutcomeCount],
    now: datetime,
) -> MetricsBody:
    """GET /api/metrics/recoveries. A rate is null if nothing has been decided yet."""
    figures = _Figures(totals)
    times = FigureTimes.of(now)
    # A standing's value is the name of its field outside.
    standings = {one.value: totals_body(figures.of(Facet.STANDING, one)) for one in Standing}
    return MetricsBody.model_validate(
        {
            **standings,
            **_paid(paid, Span.ALL, ""),
            "pending": standings[Standing.OWED],
            "success_rate": _share(
                standings[Standing.APPROVED].claim_count, standings[Standing.REJECTED].claim_count
            ),
            "owed_by_type": [
                TypeTotal(type=ClaimType(name), **sums(figures.of(Facet.OWED_TYPE, name)))
                for name in figures.names(Facet.OWED_TYPE)
            ],
            "expiring": list(_expiring(figures)),
            "filed_by_age": list(_ages(figures, times)),
            "periods": [
                PeriodBody(
                    **_ends(period),
                    detected=totals_body(figures.of(Facet.DETECTED_PERIOD, str(number))),
                    approved=totals_body(figures.of(Facet.APPROVED_PERIOD, str(number))),
                    **_paid(paid, Span.PERIOD, str(number)),
                )
                for number, period in enumerate(times.periods)
            ],
            "by_month": list(_months(figures, paid)),
            "calibration": _calibration(outcomes),
        }
    )


class _Figures:
    """The totals of each facet by name."""

    def __init__(self, totals: Sequence[FacetTotal]) -> None:
        self._groups: defaultdict[Facet, defaultdict[str, list[FacetTotal]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for total in totals:
            self._groups[total.facet][total.name].append(total)

    def names(self, *facets: Facet) -> list[str]:
        return sorted({name for facet in facets for name in self._groups[facet]})

    def of(self, facet: Facet, *names: str) -> list[FacetTotal]:
        return [total for name in names for total in self._groups[facet].get(name, ())]


def _expiring(figures: _Figures) -> Iterator[ExpiringTotal]:
    for count, days in enumerate(EXPIRING_DAYS, start=1):
        within = [str(one) for one in EXPIRING_DAYS[:count]]
        yield ExpiringTotal(within_days=days, **sums(figures.of(Facet.EXPIRING, *within)))


def _ages(figures: _Figures, times: FigureTimes) -> Iterator[AgeTotal]:
    days = pairwise((0, *(age.days for age in AGES), None))
    for number, (age, (from_days, to_days)) in enumerate(zip(times.ages, days, strict=True)):
        yield AgeTotal(
            from_days=from_days or 0,
            to_days=to_days,
            filed_from=age.since,
            filed_to=age.until,
            **sums(figures.of(Facet.FILED_AGE, str(number))),
        )


def _ends(period: Period) -> dict[str, Any]:
    return {"since": period.since, "until": period.until}


def _paid(totals: Sequence[PaidTotal], span: Span, name: str) -> dict[str, Any]:
    """The fields about payments."""
    of = [one for one in totals if one.span is span and one.name == name]
    return {
        "recovered": totals_body(one for one in of if one.source is Source.RECOVERED),
        "paid_by_itself": totals_body(one for one in of if one.source is Source.BY_ITSELF),
    }


def _months(figures: _Figures, paid: Sequence[PaidTotal]) -> Iterator[MonthBody]:
    names = {*figures.names(Facet.DETECTED_MONTH, Facet.APPROVED_MONTH)}
    for name in sorted(names | {one.name for one in paid if one.span is Span.MONTH}, reverse=True):
        year, month = map(int, name.split("-"))
        begin = datetime(year, month, 1, tzinfo=UTC)
        end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        yield MonthBody(
            month=name,
            **_ends(Period(begin, end)),
            detected=totals_body(figures.of(Facet.DETECTED_MONTH, name)),
            approved=totals_body(figures.of(Facet.APPROVED_MONTH, name)),
            **_paid(paid, Span.MONTH, name),
        )


def _calibration(counts: Sequence[OutcomeCount]) -> list[CalibrationBody]:
    """One entry per rule and band: the share of correct claims among those decided."""
    groups: dict[tuple[ClaimType, Review], dict[Outcome, int]] = defaultdict(dict)
    for count in counts:
        groups[count.type, count.band][count.outcome] = count.claim_count
    return [
        CalibrationBody(
            type=claim_type,
            band=band,
            **{outcome.value: found.get(outcome, 0) for outcome in Outcome},
            confirmed_rate=_share(
                sum(found.get(outcome, 0) for outcome in _CONFIRMED),
                sum(found.get(outcome, 0) for outcome in _REFUTED),
            ),
        )
        for (claim_type, band), found in groups.items()
    ]


def _count(totals: Sequence[StandingTotal], standing: Standing) -> int:
    return sum(total.claim_count for total in totals if total.standing is standing)


def _share(right: int, wrong: int) -> float | None:
    return round(right / (right + wrong), 4) if right + wrong else None
