"""What the routes of the recoveries take, and their pages."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from recoup.api.data_bodies import Page
from recoup.api.parameters import (
    TEXT_PATTERN,
    Blank,
    Cursor,
    Identifier,
    OptionalIdentifier,
    OptionalInstant,
    RequestModel,
)
from recoup.body import CamelModel, Share
from recoup.claims.bodies.candidate import Candidate
from recoup.claims.bodies.claim import ClaimList
from recoup.claims.lifecycle import Review, Standing, Status, WindowState
from recoup.claims.reading.sort import Sort
from recoup.claims.rule import ClaimType

OptionalDay = Annotated[date | None, Blank]


class SelectionQuery(CamelModel):
    """Which claims; all conditions must hold."""

    connection_id: OptionalIdentifier = None
    status: Annotated[Status | None, Blank] = None
    type: Annotated[ClaimType | None, Blank] = None
    window_state: Annotated[WindowState | None, Blank] = None
    min_confidence: Annotated[Share | None, Blank] = None
    expiring_within_days: Annotated[
        Annotated[int, Field(ge=0, le=3650)] | None,
        Blank,
        Field(description="Maximum number of days until the last safe day."),
    ] = None
    standing: Annotated[
        Standing | None,
        Blank,
        Field(description="Combines status, window and confidence of a claim."),
    ] = None
    owed: Annotated[
        bool | None,
        Blank,
        Field(
            description="true: only claims that are owed (detected, open for filing today or later, confidence 0.50 or more). false: all others."
        ),
    ] = None
    review: Annotated[Review | None, Blank] = None
    currency: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None,
        Blank,
        Field(description="Only claims with a known amount in this currency."),
    ] = None
    valued: Annotated[bool | None, Blank, Field(description="Whether the amount is known.")] = None
    sync_id: OptionalIdentifier = Field(
        default=None, description="Id of the sync that first found the claim."
    )
    q: OptionalIdentifier = Field(
        default=None,
        description="Beginning of an order id, SKU, FNSKU, ASIN or case id, as written or in capitals.",
    )
    discarded: Annotated[
        bool | None, Blank, Field(description="Whether the claim is dismissed or withdrawn.")
    ] = None
    detected_from: OptionalInstant = Field(default=None, description="Found at or after.")
    detected_to: OptionalInstant = Field(default=None, description="Found before.")
    status_from: OptionalInstant = Field(
        default=None, description="The present status was set at or after."
    )
    status_to: OptionalInstant = Field(
        default=None, description="The present status was set before."
    )
    filed_from: OptionalInstant = Field(default=None, description="Filed at or after.")
    filed_to: OptionalInstant = Field(default=None, description="Filed before.")
    sort: Sort = Sort.DETECTED_DOWN


class ClaimQuery(SelectionQuery):
    limit: int = Field(default=100, ge=1, le=500)
    cursor: Annotated[
        Annotated[str, StringConstraints(max_length=4000)] | None,
        Blank,
        Field(description="nextCursor of the previous page, with the same filters and sort."),
    ] = None
    evidence: bool = Field(
        default=True, description="false: the claims come without their evidence, which is long."
    )


class ClaimPage(ClaimList, Page):
    pass


class DetectRequest(RequestModel):
    connection_id: OptionalIdentifier = Field(
        default=None, description="Required only if there are several Amazon connections."
    )


class DetectedBody(CamelModel):
    """Claims whose state the detection changed; amounts are not counted."""

    connection_id: str
    new: int
    reopened: int
    withdrawn: int
    approved: int


class DecisionBody(RequestModel):
    status: Status | None = None
    case_id: Identifier | None = None
    note: Annotated[str, StringConstraints(max_length=2000, pattern=TEXT_PATTERN)] | None = None
    arrived: bool | None = Field(
        default=None, strict=True, description="For a removal parcel: whether it arrived."
    )


class ExplainQuery(CamelModel):
    connection_id: OptionalIdentifier = None
    fnsku: OptionalIdentifier = None
    order_id: OptionalIdentifier = None
    on: OptionalDay = Field(default=None, alias="date", description="The day of the event.")
    cursor: Cursor = None


class Explanation(Page):
    items: list[Candidate]
    has_more: bool = Field(description="true if there are older events; use nextCursor.")
