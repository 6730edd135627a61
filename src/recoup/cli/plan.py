"""A plan as a table: what is read from where, and how long that takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recoup.cli.output import align


def plan_table(plan: Mapping[str, Any]) -> list[str]:
    """A line per stream, scope and source, in the plan's order, and the whole below."""
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for step in plan["steps"]:
        name = (step["stream"], step["scope"], step["source"])
        groups.setdefault(name, []).append(step)
    if not groups:
        return ["Nothing is to be read now."]
    rows = [[*name, *_sums(steps)] for name, steps in groups.items()]
    header = ("stream", "marketplace", "source", "from", "to", "calls", "rows", "seconds", "why")
    whole = f"In all {_calls(plan['steps']):,} calls, about {plan['predictedSeconds']:,.0f} s."
    return [*align(header, rows), "", whole]


def _sums(steps: list[Mapping[str, Any]]) -> list[Any]:
    """A group's times, calls and rows; its steps run one after another or side by side."""
    since, until = steps[0]["from"], steps[-1]["to"]
    return [
        since and since[:10],
        until and until[:10],
        _calls(steps),
        sum(step["rows"] for step in steps),
        max(step["predictedSeconds"] for step in steps),
        steps[0]["reason"],
    ]


def _calls(steps: list[Mapping[str, Any]]) -> int:
    return sum(sum(step["calls"].values()) for step in steps)
