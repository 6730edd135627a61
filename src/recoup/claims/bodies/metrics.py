"""Figures about claims in the responses of the API. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from pydantic import Field

from recoup.body import Amount, CamelModel
from recoup.claims.bodies.totals import Totals, of_standing, sums, totals_body
from recoup.claims.lifecycle import Review, Standing
from recoup.claims.reading.claims import StandingTotal
from recoup.claims.reading.metrics import MonthTotal, Outcome, OutcomeCount
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


class MonthBody(CamelModel):
    month: str = Field(description="UTC, `2026-11`.")
    detected: Totals
    approved: Totals


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
    success_rate: float | None = Field(description="approved / (approved + rejected).")
    by_month: list[MonthBody]
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
    totals: Sequence[StandingTotal], months: Sequence[MonthTotal], outcomes: Sequence[OutcomeCount]
) -> MetricsBody:
    """GET /api/metrics/recoveries. A rate is null if nothing has been decided yet."""
    # A standing's value is the name of its field outside.
    standings = {one.value: totals_body(of_standing(totals, one)) for one in Standing}
    return MetricsBody.model_validate(
        {
            **standings,
            "pending": standings[Standing.OWED],
            "success_rate": _share(
                _count(totals, Standing.APPROVED), _count(totals, Standing.REJECTED)
            ),
            "by_month": _months(months),
            "calibration": _calibration(outcomes),
        }
    )


def _months(totals: Sequence[MonthTotal]) -> list[MonthBody]:
    def of(month: str, event: str) -> Totals:
        return totals_body(t for t in totals if (t.month, t.event) == (month, event))

    return [
        MonthBody(month=month, detected=of(month, "detected"), approved=of(month, "approved"))
        for month in dict.fromkeys(total.month for total in totals)
    ]


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
