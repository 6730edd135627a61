"""A plan as a table: the source of each stream, and the time it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup.cli.output import align

if TYPE_CHECKING:
    from recoup.sync.planning.body import PlanBody, StepBody


def plan_table(plan: PlanBody) -> list[str]:
    """One line per stream, scope and source, in the plan's order, and the total below."""
    from recoup.streams.sales_channels import marketplace_name

    groups: dict[tuple[str, str, str], list[StepBody]] = {}
    for step in plan.steps:
        name = (step.stream, marketplace_name(step.scope), step.source)
        groups.setdefault(name, []).append(step)
    if not groups:
        return ["There is nothing to read now."]
    rows = [[*name, *_sums(steps)] for name, steps in groups.items()]
    header = ("stream", "marketplace", "source", "from", "to", "calls", "rows", "seconds", "why")
    whole = f"In all {_calls(plan.steps):,} calls, about {plan.predicted_seconds:,.0f} s."
    return [*align(header, rows), "", whole]


def _sums(steps: list[StepBody]) -> list[object]:
    """A group's times, calls and rows; its steps run one after another or side by side."""
    since, until = steps[0].since, steps[-1].until
    return [
        since and f"{since:%Y-%m-%d}",
        until and f"{until:%Y-%m-%d}",
        _calls(steps),
        sum(step.rows for step in steps),
        max(step.predicted_seconds for step in steps),
        steps[0].reason,
    ]


def _calls(steps: list[StepBody]) -> int:
    return sum(sum(step.calls.values()) for step in steps)
