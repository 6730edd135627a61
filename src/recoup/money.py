"""Money: an exact amount and its currency, never a float, never two currencies in one sum."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217 code, e.g. `USD`)."""

    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        """Raises ValueError if the currencies differ: recoup never converts."""
        if self.currency != other.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

    def as_json(self) -> dict[str, str]:
        """`{"amount": "12.34", "currency": "USD"}`: a plain decimal string, no exponent."""
        return {"amount": format(self.amount, "f"), "currency": self.currency}
