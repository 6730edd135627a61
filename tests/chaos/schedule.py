"""Which blow falls when: from a seed, and from nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is hurt."""

    KILL_WORKER = "kill_worker"
    FREEZE_WORKER = "freeze_worker"
    KILL_API = "kill_api"
    RESTART_POSTGRES = "restart_postgres"
    KILL_POSTGRES = "kill_postgres"
    END_BACKENDS = "end_backends"
    EXHAUST_CONNECTIONS = "exhaust_connections"
    STEP_CLOCK = "step_clock"
    CUT_AMAZON = "cut_amazon"
    SILENCE_AMAZON = "silence_amazon"


@dataclass(frozen=True, slots=True)
class Blow:
    """gap_seconds: after the blow before. pick: which of several, 0 to 1. seconds: how long it lasts,
    where it lasts.
    """

    number: int
    gap_seconds: float
    kind: Kind
    pick: float
    seconds: float

    def __str__(self) -> str:
        return f"#{self.number} {self.kind} pick={self.pick:.2f} for {self.seconds:.1f} s"


_OF_POSTGRES = (Kind.RESTART_POSTGRES, Kind.KILL_POSTGRES)
_OTHERS = tuple(kind for kind in Kind if kind not in _OF_POSTGRES)
# PostgreSQL is restarted every 5 to 40 seconds: it needs some to recover in, or nothing else is tried.
_RESTART_SECONDS = (5.0, 40.0)
_GAP_SECONDS = (0.5, 5.0)
_LAST_SECONDS = (1.0, 8.0)
# Past the lease of 15 seconds, so that another worker has taken over when it wakes.
_FREEZE_SECONDS = (16.0, 25.0)


def schedule(seed: int, blows: int, *, pace: float = 1) -> Iterator[Blow]:
    """The same for the same seed; a longer one begins with the shorter one.

    pace: stretches the time between blows, for a machine so busy that nothing recovers in between.
    """
    dice = random.Random(seed)
    now, restart_at = 0.0, dice.uniform(*_RESTART_SECONDS)
    for number in range(1, blows + 1):
        gap = dice.uniform(*_GAP_SECONDS)
        now += gap
        if now >= restart_at:
            kind = dice.choice(_OF_POSTGRES)
            restart_at = now + dice.uniform(*_RESTART_SECONDS)
        else:
            kind = dice.choice(_OTHERS)
        span = _FREEZE_SECONDS if kind is Kind.FREEZE_WORKER else _LAST_SECONDS
        yield Blow(number, gap * pace, kind, dice.random(), dice.uniform(*span))
