"""The statuses of a claim, the steps between them, and how they are shown. Pure."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from recoup.errors import ImpossibleStepError


class Status(enum.StrEnum):
    """The status that a person, a payment or a later find gave a claim."""

    DETECTED = "detected"
    FILED = "filed"
    APPROVED = "approved"
    REJECTED = "rejected"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"


class WindowState(enum.StrEnum):
    """Whether Amazon accepts the claim today."""

    WAIT = "wait"
    OPEN = "open"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class Review(enum.StrEnum):
    """How carefully a person should check the claim before filing."""

    AUTO = "auto"
    PROMPT = "prompt"
    MANUAL = "manual"


class Standing(enum.StrEnum):
    """The standing of a claim, including its window and confidence: each claim has exactly one."""

    OWED = "owed"
    """Detected, open for filing today or later, and likely enough to be called money owed."""
    TO_REVIEW = "toReview"
    """The same with a confidence that only says: look at this."""
    WINDOW_UNKNOWN = "windowUnknown"
    """Detected; whether Amazon still takes it is not known, so it is neither owed nor expired."""
    EXPIRED = "expired"
    FILED = Status.FILED.value
    APPROVED = Status.APPROVED.value
    REJECTED = Status.REJECTED.value
    DISMISSED = Status.DISMISSED.value
    WITHDRAWN = Status.WITHDRAWN.value


AUTO_FROM = Decimal("0.85")
PROMPT_FROM = Decimal("0.50")

# A person's steps. Rejected to filed is an appeal; dismissed to detected takes a mistake back.
# Withdrawn belongs to detection: it comes back by itself when the reason goes.
_TABLES: Mapping[Status, tuple[Status, ...]] = {
    Status.DETECTED: (Status.FILED, Status.DISMISSED),
    Status.FILED: (Status.APPROVED, Status.REJECTED, Status.DISMISSED),
    Status.APPROVED: (),
    Status.REJECTED: (Status.FILED, Status.DISMISSED),
    Status.DISMISSED: (Status.DETECTED,),
    Status.WITHDRAWN: (),
}


def possible_steps(status: Status) -> tuple[Status, ...]:
    """The statuses to which a person may move a claim next."""
    return _TABLES[status]


def require_step(current: Status, wanted: Status) -> None:
    """Accepts the claim's current status as well. Raises ImpossibleStepError."""
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
    """0 on the last safe day, negative after it; None if no deadline is known."""
    return None if deadline is None else (deadline - today).days


def review_of(confidence: Decimal) -> Review:
    if confidence >= AUTO_FROM:
        return Review.AUTO
    return Review.PROMPT if confidence >= PROMPT_FROM else Review.MANUAL
