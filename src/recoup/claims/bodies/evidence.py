"""What proves a claim, as the API describes it. Pure.

Evidence is sent as the rule stored it, word for word: these models describe it and do not read it, so
nothing is lost of claims that an earlier version of a rule has found.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from recoup.body import CamelModel

Cell = str | int | float | bool | None
"""A value of a source row: text, dates and decimals as text, numbers, yes or no, or not known."""


class EvidenceRow(BaseModel):
    """A row that Amazon sent, where to find it, and the values of it that count, under their own names."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Cell] = Field(init=False)

    table: str = Field(description="The table of recoup that holds it, such as `ledger`.")
    source: str | None = Field(
        default=None,
        description="The report with the ids of its request and file, or the request of the API.",
    )
    source_line: int | None = Field(default=None, description="Its line in the file.")


class MedianMoney(BaseModel):
    """What Amazon usually pays for the product, for a claim whose worth is not known."""

    amount: str = Field(description="A decimal, for one unit.")
    currency: str = Field(description="Currency of the amount, ISO 4217.")
    payments: int = Field(description="Number of payments that it is the median of.")


class EvidenceNumbers(BaseModel):
    """By name; each rule has its own names. Amounts are in the currency of the claim, null is not known."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Cell] = Field(init=False)

    median_paid_per_unit: MedianMoney | None = Field(
        default=None, description="What Amazon usually pays for one; it is no amount of the claim."
    )


class SettledEntry(CamelModel):
    """What took units off the event."""

    by: str = Field(description="`payment`, `find`, `case` ...")
    reference: Any = Field(description="The key of the source row.")
    units: int | None = Field(description="Units that it took off; null: not known.")
    why: str = Field(description="Why it belongs to this event.")


class Evidence(BaseModel):
    """What a rule has seen: whoever opens its rows can follow each number."""

    model_config = ConfigDict(extra="allow")

    rows: list[EvidenceRow] = Field(description="The source rows, the deciding ones first.")
    numbers: EvidenceNumbers = Field(description="What was counted and compared.")
    notes: list[str] = Field(description="What a person should know or check.")
    settled: list[SettledEntry] | None = Field(
        default=None, description="What took units off the event; only from some rules."
    )
    possible_payments: list[EvidenceRow] | None = Field(
        default=None,
        description="reimbursement_underpaid: rows of payments that may be for the same loss.",
    )


class _DescribedAs:
    """A value that has the schema of a model, and is neither read nor written by it."""

    def __init__(self, model: type[BaseModel]) -> None:
        self._model = model

    def __get_pydantic_core_schema__(
        self, _source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            lambda value, _read: value,
            handler.generate_schema(self._model),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value),
        )


EvidenceDocument = Annotated[dict[str, Any], _DescribedAs(Evidence)]
"""The evidence of a claim as it was stored."""

EvidenceRowDocument = Annotated[dict[str, Any], _DescribedAs(EvidenceRow)]
"""A source row as it was stored."""
