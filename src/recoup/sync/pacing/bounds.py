"""The waiting that Amazon's buckets impose on any client. Pure.

The formula, for n calls of one operation: t = max(0, n - tokens) / rate. Calls of one operation
add up, whoever makes them; different operations have different buckets, which overlap. So a sync
takes no less than the longest of these times (docs/amazon.md#limits).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from recoup.spapi.operation import UsagePlan

Calls = Mapping[str, int]
"""How often each operation is called, by its name."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The known state of a bucket: calls per second, and the calls left right now.

    `tokens` below one: the next call must wait; below zero: also the waits that come before it.
    """

    rate: float
    tokens: float


def full(plan: UsagePlan) -> Usage:
    """The documented plan with a full bucket."""
    return Usage(plan.rate, float(plan.burst))


def seconds_until(calls: float, usage: Usage) -> float:
    """Seconds until the last of a number of calls is allowed."""
    return max(0.0, calls - usage.tokens) / usage.rate


def lower_bound(calls: Calls, usage: Mapping[str, Usage]) -> float:
    """Seconds that the buckets impose on all these calls, made side by side."""
    return max((seconds_until(n, usage[name]) for name, n in calls.items()), default=0.0)


def total_calls(parts: Iterable[Calls]) -> Counter[str]:
    """The sum of all parts, by operation."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return total
