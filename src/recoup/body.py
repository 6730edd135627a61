"""What the bodies of answers are made of: one definition each, from which JSON, the API's
description and the columns of a spreadsheet are derived.

Times are text (RFC 3339), money is a decimal text with its currency.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from recoup.clock import to_rfc3339


class CamelModel(BaseModel):
    """Python names here, camelCase keys outside."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    def document(self, *, only_set: bool = False) -> dict[str, Any]:
        """The body as JSON; with `only_set` without the fields that were left to their default."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=only_set)


Timestamp = Annotated[
    datetime,
    PlainSerializer(to_rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Amount = Annotated[
    Decimal,
    PlainSerializer(lambda amount: format(amount, "f"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}),
]
Share = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1, such as a confidence."""


class Money(CamelModel):
    amount: Amount
    currency: str

    def __str__(self) -> str:
        """`12.30 USD`."""
        return f"{self.amount:f} {self.currency}"


def money(amount: Decimal | None, currency: str | None) -> Money | None:
    """None where no amount is known."""
    if amount is None or currency is None:
        return None
    return Money(amount=amount, currency=currency)


@dataclass(frozen=True, slots=True)
class Columns:
    """How a spreadsheet shows a field that is not one cell under the field's own name."""

    names: tuple[str, ...]
    cells: Callable[[Any], Sequence[object]]


NO_COLUMN = Columns((), lambda _value: ())
"""The field is left out of a spreadsheet."""


def _money_cells(value: Money | None) -> Sequence[object]:
    return (None, None) if value is None else (value.amount, value.currency)


MONEY_COLUMNS = Columns(("amount", "currency"), _money_cells)


def money_columns(what: str) -> Columns:
    """The columns of another amount: `paidAmount`, `paidCurrency`."""
    return Columns((f"{what}Amount", f"{what}Currency"), _money_cells)
