"""Sums of claims per currency; currencies are never added to each other. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TypedDict

from pydantic import Field

from recoup.body import CamelModel, Money
from recoup.claims.lifecycle import Standing
from recoup.claims.reading.claims import StandingTotal, Total

_CENT = Decimal("0.01")


class CurrencyTotal(Money):
    claim_count: int


class Totals(CamelModel):
    """Totals of the whole selection. Currencies are never added."""

    claim_count: int
    unvalued_count: int = Field(description="How many of them have no known amount.")
    by_currency: list[CurrencyTotal]


class StandingTotals(Totals):
    standing: Standing


class SelectionTotals(Totals):
    owed: Totals = Field(description="Those of the selection that are owed.")
    by_standing: list[StandingTotals] = Field(description="Each claim is in one of them.")
    paid: Totals = Field(
        description="What the reimbursements report shows for them, of the kind and in the time that "
        "the filters ask for."
    )


class Sums(TypedDict):
    """The fields of `Totals`, for bodies with more fields."""

    claim_count: int
    unvalued_count: int
    by_currency: list[CurrencyTotal]


def selection_totals_body(
    totals: Sequence[StandingTotal], paid: Sequence[Total] = ()
) -> SelectionTotals:
    """Totals of all claims of a selection, of those owed, by standing, and of their payments."""
    standings = [one for one in Standing if any(t.standing is one for t in totals)]
    return SelectionTotals(
        **sums(totals),
        owed=totals_body(of_standing(totals, Standing.OWED)),
        paid=totals_body(paid),
        by_standing=[
            StandingTotals(standing=one, **sums(of_standing(totals, one))) for one in standings
        ],
    )


def totals_body(totals: Iterable[Total]) -> Totals:
    return Totals(**sums(totals))


def sums(totals: Iterable[Total]) -> Sums:
    """Per currency, most claims first. `unvalued_count` of the claims have no known amount, which is
    not an amount of zero.
    """
    amounts: dict[str, Decimal] = {}
    counts: Counter[str] = Counter()
    unvalued = 0
    for total in totals:
        if total.amount is None or total.currency is None:
            unvalued += total.claim_count
        else:
            amounts[total.currency] = amounts.get(total.currency, Decimal(0)) + total.amount
            counts[total.currency] += total.claim_count
    return {
        "claim_count": counts.total() + unvalued,
        "unvalued_count": unvalued,
        "by_currency": [
            CurrencyTotal(
                amount=plain_amount(amounts[currency]),
                currency=currency,
                claim_count=counts[currency],
            )
            for currency in sorted(counts, key=lambda currency: (-counts[currency], currency))
        ],
    }


def of_standing(totals: Iterable[StandingTotal], standing: Standing) -> list[StandingTotal]:
    return [total for total in totals if total.standing is standing]


def plain_amount(amount: Decimal) -> Decimal:
    """Removes the trailing zeros that a division in SQL leaves, but no significant digit."""
    cents = amount.quantize(_CENT)
    return cents if cents == amount else amount.normalize()


def plain_money(amount: Decimal | None, currency: str | None) -> Money | None:
    """None if no amount is known."""
    if amount is None or currency is None:
        return None
    return Money(amount=plain_amount(amount), currency=currency)
