"""All reimbursements of a seller by time: for the plots and for ordinary orders."""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.world.cases import LONGEST_AFTER, LONGEST_BEFORE, Case
from recoup.sandbox.world.plot import Scripts
from recoup.sandbox.world.records import Payment
from recoup.sandbox.world.returns import ReturnBook

_IN_A_PERIOD = 10**6
"""A case is found by its period times this plus its place in the period."""
_ANSWERS = 10**15
"""Places of payments that answer a client's own case begin here."""
ANSWER_NUMBERS = 8 * 10**10
"""Their numbers begin here."""


class PaymentBook:
    """Finds payments by time, by the place of their case, or by their order.

    All follow from the key except `answers`: what the sandbox was told to pay for a client's own
    case, or to take back of it (recoup.sandbox.control_payments).
    """

    def __init__(self, scripts: Scripts, returns: ReturnBook, start: int, span: int) -> None:
        self.answers: list[Payment] = []
        self._scripts = scripts
        self._returns = returns
        self._start = start
        self._span = span

    def paid(self, since: int, until: int) -> Iterator[Payment]:
        """Everything approved in [since, until), in cash or in units."""
        for script in self._scripts.around(since, until):
            for payment in script.payments:
                if since <= payment.approved < until:
                    yield payment
        for _, payment in self._returns.payments(since, until):
            yield payment
        for payment in self.answers:
            if since <= payment.approved < until:
                yield payment

    def places(self, since: int, until: int, first: int) -> Iterator[int]:
        """The places of the cases that may be paid in [since, until), from one place on."""
        low, high = since - LONGEST_AFTER, until + LONGEST_BEFORE
        for period in range(
            max(0, (low - self._start) // self._span),
            max(0, (high - self._start) // self._span) + 1,
        ):
            for number, case in enumerate(self._scripts.cast.cases(period)):
                place = period * _IN_A_PERIOD + number
                if place >= first and low <= case.anchor < high:
                    yield place
        for number, payment in enumerate(self.answers):
            if _ANSWERS + number >= first and since <= payment.approved < until:
                yield _ANSWERS + number

    def of_place(self, place: int) -> tuple[Payment, ...]:
        """The payments of the case at a place."""
        if place >= _ANSWERS:
            return (self.answers[place - _ANSWERS],)
        return self._scripts.of(self._case(place)).payments

    def of_order(self, index: int) -> Payment | None:
        return self._returns.find_payment(index)

    def _case(self, place: int) -> Case:
        period, number = divmod(place, _IN_A_PERIOD)
        return self._scripts.cast.cases(period)[number]
