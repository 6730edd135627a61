"""The meaning of an ended report. Pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import timedelta

from recoup.spapi.operations.reports import ProcessingStatus
from recoup.streams._window import Window, intersect
from recoup.sync.reports.request import ReportRequest

_MOST_FATAL_REPEATS = 1
# Less likely than this is not taken for chance (ours).
_BY_CHANCE = 0.01


class Verdict(enum.Enum):
    """What to do about a report that has ended."""

    LOAD = "load"
    EMPTY = "empty"
    TOO_SOON = "too soon"
    REPEAT = "repeat"
    HALVE = "halve"
    FAIL = "fail"
    WITHHELD = "withheld"
    """CANCELLED although there should be data: Amazon does not make it, whatever the reason."""


def judge(
    status: ProcessingStatus | None, request: ReportRequest, *, similar_before: bool, halvable: bool
) -> Verdict:
    """The meaning of an ended report; `status` None: Amazon does not know it, or never makes it.

    CANCELLED says no data, or that a similar report was made too short a time before: only whether
    there was one decides (docs/amazon.md#reports).
    """
    if status is ProcessingStatus.DONE:
        return Verdict.LOAD
    if status is ProcessingStatus.CANCELLED:
        return Verdict.TOO_SOON if similar_before else Verdict.EMPTY
    if request.tries <= _MOST_FATAL_REPEATS:
        return Verdict.REPEAT
    if status is ProcessingStatus.FATAL and halvable and request.tries == _MOST_FATAL_REPEATS + 1:
        return Verdict.HALVE
    return Verdict.FAIL


def is_hard_to_believe(window: Window, told: Sequence[tuple[Window, int]]) -> bool:
    """Whether a report without rows contradicts earlier reports of these times (with their numbers
    of rows).

    That all rows of an earlier report lie in the part of it that is no longer requested happens by
    chance with the share of that part to the power of the rows.
    """
    for before, rows in told:
        common = sum((one.length for one in intersect([before], [window])), timedelta())
        if (1 - common / before.length) ** rows < _BY_CHANCE:
            return True
    return False
