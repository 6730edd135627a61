"""The configuration of a sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path

from recoup.sandbox.oddities import parse_oddities
from recoup.sandbox.world.cases import WantedClaim, parse_wanted_claim


class FaultKind(Enum):
    """The ways in which the sandbox can fail deliberately."""

    THROTTLED = "429"
    INTERNAL = "500"
    UNAVAILABLE = "503"
    RESET = "reset"
    """The connection breaks without an answer."""
    STALL = "stall"
    """No answer until the client times out."""
    SLOW = "slow"
    """The correct answer, half a second late."""
    MALFORMED = "malformed"
    """Status 200 with truncated JSON."""
    TRUNCATED_GZIP = "truncated-gzip"
    """The compressed data of a report's file is truncated."""
    EXPIRED_TOKEN = "expired-token"  # noqa: S105 - the name of a fault, no secret
    LOST_REPORT = "lost-report"
    """A report is accepted; afterwards half of these are unknown and half are never done."""
    FATAL = "fatal"
    """A report ends FATAL with a document that states it."""
    DUPLICATE_PAGE = "duplicate-page"
    """A page is returned twice: its token leads to itself, once."""
    EMPTY_PAGE = "empty-page-with-token"
    """A page without rows is returned before the correct one."""


@dataclass(frozen=True)
class Fault:
    """One kind of failure: the share of calls it affects (0 to 1), or one call of one operation.

    `number` counts the calls of `operation` from 1, from the moment the fault was set.
    """

    kind: FaultKind
    rate: float = 0.0
    operation: str | None = None
    number: int = 0

    def __str__(self) -> str:
        if self.operation is None:
            return f"{self.kind.value}:{self.rate:g}"
        return f"{self.kind.value}@{self.operation}:{self.number}"


def parse_fault(text: str) -> Fault:
    """The fault that `KIND:RATE` or `KIND@OPERATION:N` names.

    Raises ValueError with one line that says what is wrong.
    """
    target, colon, number = text.rpartition(":")
    name, at, operation = target.partition("@")
    kinds = {kind.value: kind for kind in FaultKind}
    if not colon or name not in kinds or (at and not operation):
        raise ValueError(
            f"fault {text!r}: expected KIND:RATE or KIND@OPERATION:N with KIND one of "
            f"{', '.join(kinds)}"
        )
    if at:
        if not (number.isascii() and number.isdecimal() and int(number) > 0):
            raise ValueError(f"fault {text!r}: the number of the call must be 1 or more")
        return Fault(kinds[name], operation=operation, number=int(number))
    try:
        rate = float(number)
    except ValueError:
        raise ValueError(f"fault {text!r}: the rate must be a number from 0 to 1") from None
    if not 0 <= rate <= 1:
        raise ValueError(f"fault {text!r}: the rate must be a number from 0 to 1")
    return Fault(kinds[name], rate)


@dataclass(frozen=True)
class SandboxConfig:
    """All settings that determine the sandbox's answers.

    `orders` is the number created in the 360 days before `today` (None: the real date).
    `profile` names the seller's home: us, uk or eu. `speed` multiplies the official refill rates
    of the limits, and makes reports that much faster. What clients made (reports, schedules)
    is kept in `state_dir`, else in memory only. `odd` are the kinds of oddities, or `all`. `claims` are
    the claims to plant (TYPE or TYPE:PHASE), instead of some of every type and look-alikes. Raises
    ValueError when a value makes no sense.
    """

    seed: int = 1
    orders: int = 2000
    profile: str = "us"
    today: date | None = None
    speed: float = 1.0
    limits: bool = True
    faults: tuple[Fault, ...] = ()
    state_dir: Path | None = None
    odd: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    client_id: str = "amzn1.application-oa2-client.test"
    client_secret: str = "test-secret"  # noqa: S105 - what the sandbox accepts by default
    refresh_token: str = "Atzr|test"  # noqa: S105 - what the sandbox accepts by default

    def __post_init__(self) -> None:
        if self.orders < 0:
            raise ValueError(f"orders must be 0 or more, not {self.orders}")
        if self.speed <= 0:
            raise ValueError(f"speed must be above 0, not {self.speed:g}")
        object.__setattr__(self, "odd", parse_oddities(tuple(self.odd)))
        self.wanted_claims  # noqa: B018 - raises for what is no claim
        if self.profile not in PROFILES:
            raise ValueError(f"profile must be one of {', '.join(PROFILES)}, not {self.profile!r}")

    @property
    def wanted_claims(self) -> tuple[WantedClaim, ...] | None:
        """None: some of every type."""
        return tuple(parse_wanted_claim(text) for text in self.claims) or None


PROFILES = ("us", "uk", "eu")
