"""A plan as it is stored and shown: in JSON, and back as far as a later attempt needs it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from recoup.clock import parse_rfc3339, to_rfc3339
from recoup.sync.plan import Plan, Revision
from recoup.sync.timeline import Span, Step

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlanRow:
    """What is stored of a sync's plan.

    planned_at: when the first attempt planned; seconds of steps and revisions count from there.
    """

    planned_at: datetime
    predicted_seconds: float
    steps: tuple[Body, ...]
    revisions: tuple[Body, ...]

    def ended(self) -> tuple[Body, ...]:
        """The steps that earlier attempts have done."""
        return tuple(step for step in self.steps if step["actualSeconds"] is not None)


def plan_row(plan: Plan, planned_at: datetime, earlier: PlanRow | None = None) -> PlanRow:
    """The plan to store, with what `earlier` attempts have done and foretold."""
    steps = [step_body(*pair) for pair in zip(plan.steps, plan.foreseen, strict=True)]
    revisions = [revision_body(revision, planned_at) for revision in plan.revisions]
    return PlanRow(
        planned_at=planned_at,
        predicted_seconds=earlier.predicted_seconds if earlier else plan.predicted_seconds,
        steps=(*(earlier.ended() if earlier else ()), *steps),
        revisions=(*(earlier.revisions if earlier else ()), *revisions),
    )


def plan_body(row: PlanRow, *, completed_at: datetime | None) -> Body:
    """`plan` in the status body of a sync."""
    actual = None if completed_at is None else (completed_at - row.planned_at).total_seconds()
    return {
        "steps": list(row.steps),
        "predictedSeconds": round(row.predicted_seconds, 1),
        "actualSeconds": None if actual is None else round(max(0.0, actual), 1),
        "revisions": list(row.revisions),
    }


def next_plan_body(plan: Plan) -> Body:
    """A plan that nobody follows yet."""
    steps = [step_body(*pair) for pair in zip(plan.steps, plan.foreseen, strict=True)]
    return {
        "steps": steps,
        "predictedSeconds": round(plan.predicted_seconds, 1),
        "actualSeconds": None,
        "revisions": [],
    }


def step_body(step: Step, foreseen: Span) -> Body:
    actual = None
    if step.ended is not None:
        actual = round(step.ended - (step.begun if step.begun is not None else step.ended), 1)
    return {
        "stream": step.stream,
        "scope": step.scope,
        "source": step.source.value,
        "from": None if step.window is None else to_rfc3339(step.window.since),
        "to": None if step.window is None else to_rfc3339(step.window.until),
        "calls": {name: n for name, n in sorted(step.calls.items()) if n},
        "rows": step.read if step.ended is not None else round(step.rows),
        "predictedSeconds": round(foreseen.seconds, 1),
        "actualSeconds": actual,
        "givenUp": step.given_up,
        "reason": step.reason,
    }


def revision_body(revision: Revision, planned_at: datetime) -> Body:
    return {
        "at": to_rfc3339(planned_at + timedelta(seconds=revision.at)),
        "stream": revision.stream or None,
        "reason": revision.reason,
        "predictedSeconds": round(revision.predicted_seconds, 1),
    }


def densities(
    plans: Sequence[PlanRow],
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Rows a day by stream, and the rows of what has no window; of several plans the first counts."""
    per_day: dict[str, float] = {}
    whole: dict[str, float] = {}
    for row in reversed(plans):
        rows: dict[str, float] = {}
        days: dict[str, float] = {}
        for step in row.ended():
            name = step["stream"]
            if step["givenUp"]:
                continue
            if step["from"] is None:
                whole[name] = step["rows"]
                continue
            span = parse_rfc3339(step["to"]) - parse_rfc3339(step["from"])
            rows[name] = rows.get(name, 0.0) + step["rows"]
            days[name] = days.get(name, 0.0) + span / timedelta(days=1)
        per_day |= {name: rows[name] / days[name] for name in rows if days[name] > 0}
    return per_day, whole
