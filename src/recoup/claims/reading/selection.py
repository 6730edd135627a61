"""Which claims are asked for, and the values that a statement about them takes."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from recoup.claims.lifecycle import Review, Standing, Status, WindowState
from recoup.claims.reading.day import day_values
from recoup.claims.rule import ClaimType
from recoup.claims.stages import Stage
from recoup.ids import ConnectionId, WorkspaceId


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open time; None: without an end on this side."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def ends(self) -> tuple[datetime | None, datetime | None]:
        return self.since, self.until


ALWAYS = Period()


@dataclass(frozen=True, slots=True)
class ClaimSelection:
    """A selection of a user's claims. `now` determines the date in each marketplace."""

    workspace_id: WorkspaceId
    now: datetime
    connection_id: ConnectionId | None = None
    status: Status | None = None
    type: ClaimType | None = None
    window_state: WindowState | None = None
    min_confidence: Decimal | None = None
    expiring_within_days: int | None = None
    standing: Standing | None = None
    owed: bool | None = None
    review: Review | None = None
    currency: str | None = None
    """Those with a known amount in it."""
    valued: bool | None = None
    """Whether the amount is known."""
    sync_id: str | None = None
    """Id of the sync that first found the claim."""
    search: str | None = None
    """How an order id, SKU, FNSKU, ASIN or case id begins."""
    discarded: bool | None = None
    """Whether it is dismissed or withdrawn."""
    detected: Period = ALWAYS
    """When the claim was found."""
    status_set: Period = ALWAYS
    """When it got its status."""
    filed: Period = ALWAYS
    stage: Stage | None = None
    """As it is shown, with what follows from the day."""
    recovered: bool | None = None
    """Whether the reimbursements report shows a payment for a case of the seller's."""
    paid_by_itself: bool | None = None
    """Whether it shows one without."""
    paid: Period = ALWAYS
    """When such a payment was approved."""
    paid_currency: str | None = None
    """The currency of such a payment, which has an amount."""


def values_of(selection: ClaimSelection) -> dict[str, Any]:
    """The values of the parameters of `claims.conditions`; a filter that is not set has none."""
    found = dict(day_values(selection.now))
    for one in fields(selection):
        value = getattr(selection, one.name)
        if isinstance(value, Period):
            ends = end_names(one.name)
            found |= {name: end for name, end in zip(ends, value.ends, strict=True) if end}
        elif value is not None:
            found[one.name] = str(value) if isinstance(value, str) else value
    return found


def shape_of(selection: ClaimSelection) -> Hashable:
    """Selections of one shape have the same `claims.conditions`, whatever the values of their parameters."""
    return (
        frozenset(values_of(selection)),
        selection.window_state,
        selection.owed,
        selection.valued,
        selection.discarded,
        selection.recovered,
        selection.paid_by_itself,
    )


def end_names(period: str) -> tuple[str, str]:
    """Of the parameters of its ends."""
    return f"{period}_since", f"{period}_until"
