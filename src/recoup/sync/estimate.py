"""How long the rest takes, by the pages left and the calls that Amazon still allows. Pure."""

from __future__ import annotations

import math


def pages_left(*, pages: int, fraction: float) -> float:
    """By the pages it took to get this far; 1 before the first one."""
    if fraction >= 1:
        return 0
    if pages == 0 or fraction <= 0:
        return 1
    return math.ceil(pages * (1 - fraction) / fraction)


def seconds_left(
    *, pages: float, rate: float, tokens: float, seconds_per_page: float, waiting_seconds: float
) -> float:
    """At least the answers' own time, and at least what the bucket makes us wait.

    rate: calls per second; tokens: calls allowed at once now (docs/amazon.md #limits);
    waiting_seconds: what is left of a wait that is under way, after which one page is free.
    """
    if waiting_seconds > 0:
        limited = waiting_seconds + max(0.0, pages - 1) / rate
    else:
        limited = max(0.0, pages - tokens) / rate
    return max(pages * seconds_per_page, limited)
