"""What the routes of the recoveries take, and their pages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field, StringConstraints, field_validator, model_validator

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
from recoup.claims.answers import Reason
from recoup.claims.bodies.candidate import Candidate
from recoup.claims.bodies.claim import ClaimList
from recoup.claims.lifecycle import Review, Standing, Status, WindowState
from recoup.claims.reading.decisions import AmazonAnswer, Decision
from recoup.claims.reading.sort import Sort
from recoup.claims.rule import ClaimType
from recoup.claims.stages import Stage

OptionalDay = Annotated[date | None, Blank]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000, pattern=TEXT_PATTERN),
]


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
        description="Beginning of an order id, SKU, FNSKU, ASIN or case id. Case does not matter for a SKU; the others are searched as written and in capitals.",
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
    stage: Annotated[
        Stage | None,
        Blank,
        Field(description="As it is shown: `ready` and `waiting` follow from the day as well."),
    ] = None
    recovered: Annotated[
        bool | None,
        Blank,
        Field(description="Whether the reimbursements report shows a payment for a case of yours."),
    ] = None
    paid_by_itself: Annotated[
        bool | None, Blank, Field(description="Whether it shows one without a case.")
    ] = None
    paid_currency: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None,
        Blank,
        Field(description="Such a payment was made in this currency."),
    ] = None
    paid_from: OptionalInstant = Field(
        default=None, description="Such a payment was approved at or after."
    )
    paid_to: OptionalInstant = Field(
        default=None, description="Such a payment was approved before."
    )
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


class PaidBody(RequestModel):
    """An amount of money that a person enters."""

    amount: Annotated[
        str, StringConstraints(pattern=r"^\d{1,12}(\.\d{1,4})?$"), Field(description="`12.34`")
    ]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

    @field_validator("amount")
    @classmethod
    def _is_something(cls, value: str) -> str:
        if not Decimal(value):
            raise ValueError("must be more than 0")
        return value


class AnswerBody(RequestModel):
    """What Amazon answered. It has a text, an amount or a number of units."""

    text: Text | None = Field(default=None, description="Word for word.")
    received_on: date | None = Field(default=None, description="By default today, UTC.")
    reason: Reason | None = Field(default=None, description="Why it was denied or what is missing.")
    amount: PaidBody | None = Field(default=None, description="What Amazon says it paid.")
    units: int | None = Field(default=None, ge=1, le=1_000_000, strict=True)

    @model_validator(mode="after")
    def _says_something(self) -> AnswerBody:
        if self.text is None and self.amount is None and self.units is None:
            raise ValueError("must have a text, an amount or units")
        return self

    def answer(self, today: date) -> AmazonAnswer:
        return AmazonAnswer(
            received_on=self.received_on or today,
            text=self.text,
            reason=self.reason,
            amount=None if self.amount is None else Decimal(self.amount.amount),
            currency=None if self.amount is None else self.amount.currency,
            units=self.units,
        )


class DecisionBody(RequestModel):
    status: Status | None = None
    case_id: Identifier | None = None
    note: Annotated[str, StringConstraints(max_length=2000, pattern=TEXT_PATTERN)] | None = None
    arrived: bool | None = Field(
        default=None, strict=True, description="For a removal parcel: whether it arrived."
    )
    stage: Stage | None = Field(default=None, description="One of allowedStages.")
    hold_reason: Annotated[Text, StringConstraints(max_length=500)] | None = Field(
        default=None, description="Needed by `on_hold`: what the claim is waiting for."
    )
    filed_on: date | None = Field(
        default=None, description="The day of filing, if it was not today."
    )
    response: AnswerBody | None = Field(
        default=None, description="Needed by `paid_in_part`, with an amount or units."
    )

    def decision(self, today: date) -> Decision:
        return Decision(
            status=self.status,
            case_id=self.case_id,
            note=self.note,
            arrived=self.arrived,
            stage=self.stage,
            hold_reason=self.hold_reason,
            filed_on=self.filed_on,
            answer=None if self.response is None else self.response.answer(today),
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
