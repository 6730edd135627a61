"""What a sandbox is started with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum


class FaultKind(Enum):
    """The ways in which the sandbox can fail on purpose."""

    THROTTLED = "429"
    INTERNAL = "500"
    UNAVAILABLE = "503"
    RESET = "reset"
    """The connection breaks without an answer."""
    STALL = "stall"
    """No answer comes until the client gives up."""
    SLOW = "slow"
    """The right answer, half a second late."""
    MALFORMED = "malformed"
    """Status 200 with JSON that breaks off."""
    EXPIRED_TOKEN = "expired-token"  # noqa: S105 - the name of a fault, no secret


@dataclass(frozen=True)
class Fault:
    """One kind of failure and the share of calls it hits (0 to 1)."""

    kind: FaultKind
    rate: float

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.rate:g}"


def parse_fault(text: str) -> Fault:
    """The fault that `KIND:RATE` names. Raises ValueError with one line that says what is wrong."""
    name, colon, number = text.rpartition(":")
    kinds = {kind.value: kind for kind in FaultKind}
    if not colon or name not in kinds:
        raise ValueError(f"fault {text!r}: expected KIND:RATE with KIND one of {', '.join(kinds)}")
    try:
        rate = float(number)
    except ValueError:
        raise ValueError(f"fault {text!r}: the rate must be a number from 0 to 1") from None
    if not 0 <= rate <= 1:
        raise ValueError(f"fault {text!r}: the rate must be a number from 0 to 1")
    return Fault(kinds[name], rate)


@dataclass(frozen=True)
class SandboxConfig:
    """Everything that decides what the sandbox answers.

    `orders` is the number created in the 360 days before `today` (None: the real date).
    `speed` multiplies the official refill rates of the limits. Raises ValueError when a value
    makes no sense.
    """

    seed: int = 1
    orders: int = 2000
    today: date | None = None
    speed: float = 1.0
    limits: bool = True
    faults: tuple[Fault, ...] = ()
    client_id: str = "amzn1.application-oa2-client.test"
    client_secret: str = "test-secret"  # noqa: S105 - what the sandbox accepts by default
    refresh_token: str = "Atzr|test"  # noqa: S105 - what the sandbox accepts by default

    def __post_init__(self) -> None:
        if self.orders < 0:
            raise ValueError(f"orders must be 0 or more, not {self.orders}")
        if self.speed <= 0:
            raise ValueError(f"speed must be above 0, not {self.speed:g}")
