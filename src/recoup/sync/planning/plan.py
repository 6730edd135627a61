"""The plan of a sync: the source of each window, the order, and the duration. Pure.

Made from what is missing and what is known (`plan_sync`), and revised when a page count, a report's
time or a rate turns out differently (recoup.sync.planning.revise). How it is arrived at:
docs/architecture.md#the-plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from recoup.sync.pacing.bounds import lower_bound, total_calls
from recoup.sync.planning.channel_choice import Missing, choose_channels
from recoup.sync.planning.forecast import Known
from recoup.sync.planning.timeline import PlanStep, StepSpan, end_of, lay_out

# The choice for one stream depends on the calls of the others; a second look settles it.
_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Revision:
    """A change of the plan: when (seconds since the sync began), of which stream, and why."""

    at: float
    stream: str
    reason: str
    predicted_seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in order, and the duration that was forecast for each.

    `predicted_seconds`: the whole sync as first planned. `known` is kept up to date.
    """

    missing: tuple[Missing, ...]
    known: Known
    steps: tuple[PlanStep, ...]
    foreseen: tuple[StepSpan, ...]
    predicted_seconds: float
    revisions: tuple[Revision, ...] = ()

    def calls(self) -> Counter[str]:
        """The number of calls per operation, over all steps."""
        return total_calls(step.calls for step in self.steps)

    def bound_seconds(self) -> float:
        """The time that the buckets alone impose on the calls (recoup.sync.pacing.bounds)."""
        return lower_bound(self.calls(), self.known.usage)


def plan_sync(missing: Sequence[Missing], known: Known) -> Plan:
    """The plan with the shortest predicted time: the critical path over buckets and reports."""
    chosen: dict[int, tuple[PlanStep, ...]] = {}
    for _ in range(_ROUNDS):
        for number, part in enumerate(missing):
            others = [s for n, steps in chosen.items() if n != number for s in steps]
            chosen[number] = choose_channels(part, others, known)
    steps = tuple(step for number in sorted(chosen) for step in chosen[number])
    spans = lay_out(steps, known)
    return Plan(
        missing=tuple(missing),
        known=known,
        steps=steps,
        foreseen=spans,
        predicted_seconds=end_of(spans),
    )


def remaining_seconds(plan: Plan, *, now: float) -> float:
    """The remaining time, based on observations so far. `known.usage` is as of `now`."""
    return max(0.0, end_of(lay_out(plan.steps, plan.known, now=now)) - now)


def with_steps(plan: Plan, steps: Sequence[PlanStep], *, now: float) -> Plan:
    """The plan with these steps; new ones are forecast as of now."""
    spans = lay_out(steps, plan.known, now=now)
    before = dict(zip(map(_name, plan.steps), plan.foreseen, strict=True))
    foreseen = tuple(before.get(_name(step), span) for step, span in zip(steps, spans, strict=True))
    return replace(plan, steps=tuple(steps), foreseen=foreseen)


def _name(step: PlanStep) -> tuple[object, ...]:
    return step.stream, step.scope, step.channel, step.window
