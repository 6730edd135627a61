"""Counts of calls, refusals and faults per operation."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from recoup.sandbox.answers import Json
from recoup.sandbox.config import FaultKind


@dataclass
class CallCount:
    """The calls of one operation with a valid token, including those below.

    `accepted` counts those that were carried out, whether or not their answer arrived.
    `throttled` counts refusals by the token bucket alone; a planned 429 is a fault. `beyond`
    counts the calls for which the bucket held nothing, refused or (without limits) not.
    """

    calls: int = 0
    accepted: int = 0
    throttled: int = 0
    beyond: int = 0
    faults: Counter[FaultKind] = field(default_factory=Counter)

    def add(self, other: CallCount) -> None:
        self.calls += other.calls
        self.accepted += other.accepted
        self.throttled += other.throttled
        self.beyond += other.beyond
        self.faults.update(other.faults)

    def to_json(self) -> Json:
        faults: Json = {kind.value: count for kind, count in self.faults.items()}
        return {
            "calls": self.calls,
            "accepted": self.accepted,
            "throttled": self.throttled,
            "bucketExceeded": self.beyond > 0,
            "faults": faults,
        }


def calls_to_json(counts: dict[str, CallCount]) -> Json:
    return {operation: count.to_json() for operation, count in sorted(counts.items())}
