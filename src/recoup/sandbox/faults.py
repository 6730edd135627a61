"""Which call fails how: drawn from the seed and the number of the call."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from recoup.sandbox.config import Fault, FaultKind
from recoup.sandbox.world.dice import Dice

_FINE = 1_000_000

LWA_FAULTS = frozenset(FaultKind) - {FaultKind.MALFORMED, FaultKind.EXPIRED_TOKEN}
"""What can happen to the token endpoint."""


@dataclass(frozen=True)
class DrawnFault:
    """The fault of one call. `variant` picks between two forms where a kind has them."""

    kind: FaultKind
    variant: bool


def draw_fault(
    key: bytes, number: int, faults: tuple[Fault, ...], allowed: Collection[FaultKind]
) -> DrawnFault | None:
    """The fault of the call with this number, the first of the list that the dice give."""
    for place, fault in enumerate(faults):
        dice = Dice(key, "fault", number, place)
        if fault.kind in allowed and dice.roll(_FINE) < fault.rate * _FINE:
            return DrawnFault(fault.kind, variant=dice.happens(500))
    return None
