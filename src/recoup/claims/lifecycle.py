"""What may become of a claim, and how it is shown. Pure."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from recoup.errors import ImpossibleStepError


class Status(enum.StrEnum):
    """What a person, a payment or a later find made of a claim."""

    DETECTED = "detected"
    FILED = "filed"
    APPROVED = "approved"
    REJECTED = "rejected"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"


class WindowState(enum.StrEnum):
    """Whether Amazon takes the claim today."""

    WAIT = "wait"
    OPEN = "open"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class Review(enum.StrEnum):
    """How much a person should look before filing."""

    AUTO = "auto"
    PROMPT = "prompt"
    MANUAL = "manual"


AUTO_FROM = Decimal("0.85")
PROMPT_FROM = Decimal("0.50")

# A person's steps. Rejected to filed is an appeal; dismissed to detected takes a mistake back.
# Withdrawn belongs to detection: it comes back by itself when the reason goes.
_STEPS: Mapping[Status, tuple[Status, ...]] = {
    Status.DETECTED: (Status.FILED, Status.DISMISSED),
    Status.FILED: (Status.APPROVED, Status.REJECTED, Status.DISMISSED),
    Status.APPROVED: (),
    Status.REJECTED: (Status.FILED, Status.DISMISSED),
    Status.DISMISSED: (Status.DETECTED,),
    Status.WITHDRAWN: (),
}


def possible_steps(status: Status) -> tuple[Status, ...]:
    """The statuses that a person may give a claim next."""
    return _STEPS[status]


def require_step(current: Status, wanted: Status) -> None:
    """Nothing for a status that the claim has already. Raises ImpossibleStepError."""
    possible = possible_steps(current)
    if wanted != current and wanted not in possible:
        raise ImpossibleStepError(current, wanted, tuple(possible))


def window_state(fileable_from: date | None, deadline: date | None, today: date) -> WindowState:
    """`today` is the marketplace's. Without a deadline nothing is said, least of all `expired`."""
    if deadline is None:
        return WindowState.UNKNOWN
    if today > deadline:
        return WindowState.EXPIRED
    if fileable_from is not None and today < fileable_from:
        return WindowState.WAIT
    return WindowState.OPEN


def days_left(deadline: date | None, today: date) -> int | None:
    """0 on the last safe day, negative after it; None where no deadline is known."""
    return None if deadline is None else (deadline - today).days


def review_of(confidence: Decimal) -> Review:
    if confidence >= AUTO_FROM:
        return Review.AUTO
    return Review.PROMPT if confidence >= PROMPT_FROM else Review.MANUAL
