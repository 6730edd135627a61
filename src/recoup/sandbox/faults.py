"""The fault of each call: drawn from the seed and the number of the call, or planned."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from recoup.sandbox.config import Fault, FaultKind
from recoup.sandbox.world.dice import Dice

_FINE = 1_000_000

_ANYWHERE = frozenset(
    {
        FaultKind.INTERNAL,
        FaultKind.UNAVAILABLE,
        FaultKind.RESET,
        FaultKind.STALL,
        FaultKind.SLOW,
    }
)
PAGE_FAULTS = frozenset({FaultKind.DUPLICATE_PAGE, FaultKind.EMPTY_PAGE})
REPORT_FAULTS = frozenset({FaultKind.LOST_REPORT, FaultKind.FATAL})
LWA_FAULTS = _ANYWHERE | {FaultKind.THROTTLED}
"""What can happen to the token endpoint."""
DOCUMENT_FAULTS = _ANYWHERE | {FaultKind.TRUNCATED_GZIP}
"""What can happen to the download of a report's file."""
API_FAULTS = LWA_FAULTS | {FaultKind.MALFORMED, FaultKind.EXPIRED_TOKEN}
"""What can happen to every operation."""


@dataclass(frozen=True)
class DrawnFault:
    """The fault of one call. `variant` selects between two forms if a kind has them."""

    kind: FaultKind
    variant: bool


@dataclass(frozen=True)
class Numbered:
    """A call: its number among all calls, and among those of its operation since the faults were set."""

    overall: int
    operation: str
    of_operation: int


def draw_fault(
    key: bytes, call: Numbered, faults: tuple[Fault, ...], allowed: Collection[FaultKind]
) -> DrawnFault | None:
    """The fault of a call: the first in the list that is planned for it or that chance selects."""
    for place, fault in enumerate(faults):
        if fault.kind not in allowed:
            continue
        dice = Dice(key, "fault", call.overall, place)
        if fault.operation is None:
            hit = dice.roll(_FINE) < fault.rate * _FINE
        else:
            hit = (fault.operation, fault.number) == (call.operation, call.of_operation)
        if hit:
            return DrawnFault(fault.kind, variant=dice.happens(500))
    return None
