"""The plan of a sync: what is read from where, in which order, and how long that takes. Pure.

Made from what is missing and what is known (`plan_sync`), and revised when a page count, a report's
time or a rate turns out differently (recoup.sync.revise). How it is arrived at:
docs/architecture.md, "The plan".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from recoup.sync.bounds import lower_bound, total_calls
from recoup.sync.choice import Missing, choose
from recoup.sync.forecast import Known
from recoup.sync.timeline import Span, Step, end_of, lay_out

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
    """The steps, and how long each was foreseen to take when it was planned, in order.

    `predicted_seconds`: the whole sync as first planned. `known` is kept up to date.
    """

    missing: tuple[Missing, ...]
    known: Known
    steps: tuple[Step, ...]
    foreseen: tuple[Span, ...]
    predicted_seconds: float
    revisions: tuple[Revision, ...] = ()

    def calls(self) -> Counter[str]:
        """How often each operation is called, over all steps."""
        return total_calls(step.calls for step in self.steps)

    def bound_seconds(self) -> float:
        """What the buckets alone impose on the calls of the plan (recoup.sync.bounds)."""
        return lower_bound(self.calls(), self.known.usage)


def plan_sync(missing: Sequence[Missing], known: Known) -> Plan:
    """The plan with the shortest predicted time: the critical path over buckets and reports."""
    chosen: dict[int, tuple[Step, ...]] = {}
    for _ in range(_ROUNDS):
        for number, part in enumerate(missing):
            others = [s for n, steps in chosen.items() if n != number for s in steps]
            chosen[number] = choose(part, others, known)
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
    """How long the rest takes, by what has been seen so far. `known.usage` is as of `now`."""
    return max(0.0, end_of(lay_out(plan.steps, plan.known, now=now)) - now)


def with_steps(plan: Plan, steps: Sequence[Step], *, now: float) -> Plan:
    """The plan with these steps; those that are new are foreseen as of now."""
    spans = lay_out(steps, plan.known, now=now)
    before = dict(zip(map(_name, plan.steps), plan.foreseen, strict=True))
    foreseen = tuple(before.get(_name(step), span) for step, span in zip(steps, spans, strict=True))
    return replace(plan, steps=tuple(steps), foreseen=foreseen)


def _name(step: Step) -> tuple[object, ...]:
    return step.stream, step.scope, step.source, step.window
