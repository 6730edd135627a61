"""What claims are worth, as the API tells it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from recoup.claims.claim_body import totals_body
from recoup.claims.metrics_queries import (
    RECOVERABLE,
    MonthTotal,
    Outcome,
    OutcomeCount,
    Stage,
    StageTotal,
)
from recoup.claims.queries import Total

_CONFIRMED = (Outcome.APPROVED, Outcome.PAID)
_REFUTED = (Outcome.REJECTED, Outcome.FOUND)


def summary_body(totals: Sequence[StageTotal]) -> dict[str, Any]:
    """GET /api/v1/integrations/amazon/recoveries.

    The claims that count are pending, filed or approved; the first two fields are those of the
    currency with the most of them.
    """
    owed = [total for total in totals if total.stage in RECOVERABLE]
    whole = totals_body(_merged(owed))
    first = next(iter(whole["byCurrency"]), {"amount": "0", "currency": None})
    types = sorted({total.type for total in owed})
    return {
        "totalAmount": first["amount"],
        "currency": first["currency"],
        **whole,
        "byType": [
            {"type": name, **totals_body(_merged(t for t in owed if t.type == name))}
            for name in types
        ],
        "toReviewCount": _count(totals, Stage.TO_REVIEW),
        "expiredCount": _count(totals, Stage.EXPIRED),
    }


def metrics_body(
    stages: Sequence[StageTotal], months: Sequence[MonthTotal], outcomes: Sequence[OutcomeCount]
) -> dict[str, Any]:
    """GET /api/metrics/recoveries. A rate is null where nothing has been decided yet."""
    by_stage = {
        stage.value: totals_body(_merged(t for t in stages if t.stage is stage)) for stage in Stage
    }
    approved, rejected = _count(stages, Stage.APPROVED), _count(stages, Stage.REJECTED)
    return {
        **by_stage,
        "successRate": _share(approved, rejected),
        "byMonth": _months(months),
        "calibration": _calibration(outcomes),
    }


def _months(totals: Sequence[MonthTotal]) -> list[dict[str, Any]]:
    names = list(dict.fromkeys(total.month for total in totals))
    return [
        {
            "month": name,
            **{
                event: totals_body(
                    Total(t.currency, t.amount, t.claim_count)
                    for t in totals
                    if (t.month, t.event) == (name, event)
                )
                for event in ("detected", "approved")
            },
        }
        for name in names
    ]


def _calibration(counts: Sequence[OutcomeCount]) -> list[dict[str, Any]]:
    """A line per rule and band: how often it was right, among what was decided."""
    groups: dict[tuple[str, str], dict[Outcome, int]] = defaultdict(dict)
    for count in counts:
        groups[count.type, count.band.value][count.outcome] = count.claim_count
    return [
        {
            "type": claim_type,
            "band": band,
            **{outcome.value: found.get(outcome, 0) for outcome in Outcome},
            "confirmedRate": _share(
                sum(found.get(outcome, 0) for outcome in _CONFIRMED),
                sum(found.get(outcome, 0) for outcome in _REFUTED),
            ),
        }
        for (claim_type, band), found in groups.items()
    ]


def _merged(totals: Iterable[StageTotal]) -> list[Total]:
    """One total per currency, most claims first."""
    amounts: dict[str | None, Decimal | None] = {}
    counts: dict[str | None, int] = defaultdict(int)
    for total in totals:
        known = amounts.get(total.currency)
        amounts[total.currency] = total.amount if known is None else known + (total.amount or 0)
        counts[total.currency] += total.claim_count
    currencies = sorted(counts, key=lambda currency: (-counts[currency], currency or ""))
    return [Total(currency, amounts[currency], counts[currency]) for currency in currencies]


def _count(totals: Sequence[StageTotal], stage: Stage) -> int:
    return sum(total.claim_count for total in totals if total.stage is stage)


def _share(right: int, wrong: int) -> float | None:
    return round(right / (right + wrong), 4) if right + wrong else None
