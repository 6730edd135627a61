"""The kinds of values that answers hold (contract, section 3): times as text, money as decimals."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema

from recoup.api.parameters import CamelModel
from recoup.clock import to_rfc3339

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


class Money(CamelModel):
    amount: Amount
    currency: str


def money(amount: Decimal | None, currency: str | None) -> Money | None:
    """None where Amazon named no amount."""
    if amount is None or currency is None:
        return None
    return Money(amount=amount, currency=currency)
