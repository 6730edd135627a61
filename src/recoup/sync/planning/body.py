"""The JSON of a plan as stored and shown, and back as far as a later attempt needs it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from recoup.body import CamelModel, Timestamp
from recoup.clock import parse_rfc3339
from recoup.sync.planning.plan import Plan, Revision
from recoup.sync.planning.timeline import PlanStep, StepSpan

Body = dict[str, Any]
"""A step or a revision as it is stored: the document of its body."""


class StepBody(CamelModel):
    stream: str
    scope: str = Field(description="A marketplace, or empty for the whole region.")
    source: Literal["api", "report"]
    since: Timestamp | None = Field(alias="from", description="Null: all that there is now.")
    until: Timestamp | None = Field(alias="to")
    calls: dict[str, int] = Field(description="Expected calls, by operation.")
    rows: int = Field(description="Expected rows; once it has ended, those that were read.")
    predicted_seconds: float
    actual_seconds: float | None
    given_up: bool = Field(description="Ended early: the rest came from the other source.")
    reason: str


class RevisionBody(CamelModel):
    at: Timestamp
    stream: str | None
    reason: str
    predicted_seconds: float = Field(description="Of the whole sync, from its plan on.")


class PlanBody(CamelModel):
    steps: list[StepBody]
    predicted_seconds: float = Field(description="As first planned.")
    actual_seconds: float | None
    revisions: list[RevisionBody]


@dataclass(frozen=True, slots=True)
class PlanRow:
    """The stored plan of a sync.

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
    """The plan to store, with the steps and forecasts of the `earlier` attempts."""
    steps = [step_body(*pair).document() for pair in zip(plan.steps, plan.foreseen, strict=True)]
    revisions = [revision_body(revision, planned_at).document() for revision in plan.revisions]
    return PlanRow(
        planned_at=planned_at,
        predicted_seconds=earlier.predicted_seconds if earlier else plan.predicted_seconds,
        steps=(*(earlier.ended() if earlier else ()), *steps),
        revisions=(*(earlier.revisions if earlier else ()), *revisions),
    )


def plan_body(row: PlanRow, *, completed_at: datetime | None) -> PlanBody:
    """The `plan` in the status body of a sync."""
    actual = None if completed_at is None else (completed_at - row.planned_at).total_seconds()
    return PlanBody(
        steps=[StepBody.model_validate(step) for step in row.steps],
        predicted_seconds=round(row.predicted_seconds, 1),
        actual_seconds=None if actual is None else round(max(0.0, actual), 1),
        revisions=[RevisionBody.model_validate(revision) for revision in row.revisions],
    )


def next_plan_body(plan: Plan) -> PlanBody:
    """A plan that no sync follows yet."""
    steps = [step_body(*pair) for pair in zip(plan.steps, plan.foreseen, strict=True)]
    return PlanBody(
        steps=steps,
        predicted_seconds=round(plan.predicted_seconds, 1),
        actual_seconds=None,
        revisions=[],
    )


def step_body(step: PlanStep, foreseen: StepSpan) -> StepBody:
    actual = None
    if step.ended is not None:
        actual = round(step.ended - (step.begun if step.begun is not None else step.ended), 1)
    told = {
        "stream": step.stream,
        "scope": step.scope,
        "source": step.channel.value,
        "from": None if step.window is None else step.window.since,
        "to": None if step.window is None else step.window.until,
        "calls": {name: n for name, n in sorted(step.calls.items()) if n},
        "rows": step.read if step.ended is not None else round(step.rows),
        "predictedSeconds": round(foreseen.seconds, 1),
        "actualSeconds": actual,
        "givenUp": step.given_up,
        "reason": step.reason,
    }
    return StepBody.model_validate(told)


def revision_body(revision: Revision, planned_at: datetime) -> RevisionBody:
    return RevisionBody(
        at=planned_at + timedelta(seconds=revision.at),
        stream=revision.stream or None,
        reason=revision.reason,
        predicted_seconds=round(revision.predicted_seconds, 1),
    )


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
