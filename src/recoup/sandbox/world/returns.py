"""Units that buyers return, and Amazon's payments for those that they keep."""

from __future__ import annotations

from collections.abc import Iterator

from recoup.sandbox.world.catalogue import base36
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.orders import MAX_REFUND_DELAY, LinePlan, RefundPlan
from recoup.sandbox.world.plot import Scripts
from recoup.sandbox.world.plots.buyers import RETURN_REASON
from recoup.sandbox.world.plots.scene import Stage
from recoup.sandbox.world.records import (
    CUSTOMER_DAMAGED,
    DEFECTIVE,
    SELLABLE,
    Payment,
    ReturnedUnit,
)

LATEST_RETURN = 35 * DAY
"""No unit except planted ones comes back later than this after its refund."""
LATEST_PAYMENT = 64 * DAY
"""No unit that stays away is paid later than this after its refund."""
_ORDER_PAYMENTS = 5 * 10**10
"""Numbers of payments that belong to ordinary orders begin here."""
_KEPT_BELOW = 31  # of 256: 12 % of the refunded units stay with the buyer
_STATES = (SELLABLE,) * 8 + (CUSTOMER_DAMAGED, DEFECTIVE)
_REASONS = ("UNWANTED_ITEM", "DEFECTIVE", "NOT_AS_DESCRIBED", "ORDERED_WRONG_ITEM")
# The curly quote exists in cp1252 and in UTF-8 under different bytes (docs/amazon.md#report-columns).
_COMMENTS = ("", "", "", "", "Doesn\u2019t fit", 'said "too small"', "zu groß")


class ReturnBook:
    """The returned units of ordinary and planted orders, by time."""

    def __init__(self, stage: Stage, scripts: Scripts) -> None:
        self._stage = stage
        self._scripts = scripts

    def returned(self, since: int, until: int) -> Iterator[ReturnedUnit]:
        """The units that came back in [since, until)."""
        for unit in self._units(since, until):
            if since <= unit.at < until:
                yield unit
        for script in self._scripts.around(since, until):
            for unit in script.returned:
                if since <= unit.at < until:
                    yield unit

    def restocked(self, since: int, until: int) -> Iterator[ReturnedUnit]:
        """The units that the ledger counts in [since, until)."""
        for unit in self._units(since, until):
            if since <= unit.at < until:
                yield unit
        for script in self._scripts.around(since, until):
            for unit in script.returned:
                if unit.restocked is not None and since <= unit.restocked < until:
                    yield unit

    def payments(self, since: int, until: int) -> Iterator[tuple[int, Payment]]:
        """Amazon's payments in [since, until) for units that ordinary buyers kept, by order."""
        orders = self._stage.orders
        window = orders.timeline.window(
            Instant(since - MAX_REFUND_DELAY - LATEST_PAYMENT), Instant(until)
        )
        for index in orders.refunded_in(window):
            payment = self.find_payment(index)
            if payment is not None and since <= payment.approved < until:
                yield index, payment

    def find_payment(self, index: int) -> Payment | None:
        """Amazon's payment for the units of an ordinary order that were never returned."""
        words = self._stage.orders.lot(index)
        if words[4] >= _KEPT_BELOW:
            return None
        found = self._ordinary_refund(index)
        if found is None:
            return None
        refund, line = found
        product = self._stage.products[line.product]
        unit = line.unit - line.discount // line.quantity
        days = self._stage.profile.returns_open * DAY
        return Payment(
            number=_ORDER_PAYMENTS + index,
            approved=Instant(refund.posted + days + words[5] * DAY // 64),
            product=product.index,
            reason=RETURN_REASON,
            cash=refund.quantity,
            stock=0,
            unit_cents=unit - product.commission_cents(unit) - product.fee_cents,
            order=index,
        )

    def of_order(self, index: int) -> tuple[ReturnedUnit, ...]:
        """The units that an ordinary buyer returns."""
        kept, days, state, where, words = self._stage.orders.lot(index)[4:]
        if kept < _KEPT_BELOW:
            return ()
        found = self._ordinary_refund(index)
        if found is None:
            return ()
        refund, line = found
        at = Instant(refund.posted + _journey(days))
        return tuple(
            ReturnedUnit(
                at=Instant(at + number),
                order=index,
                product=line.product,
                slot=where % 3,
                disposition=_STATES[(state + number) % len(_STATES)],
                reason=_REASONS[words % len(_REASONS)],
                status="Unit returned to inventory",
                lpn=f"LPNHE{base36(index * 4 + number, 9)}",
                restocked=Instant(at + number),
                comment=_COMMENTS[words // 4 % len(_COMMENTS)],
            )
            for number in range(refund.quantity)
        )

    def _units(self, since: int, until: int) -> Iterator[ReturnedUnit]:
        """All units of ordinary buyers that come back in [since, until), and some others."""
        times = self._stage.orders.timeline
        if times.count == 0:
            return
        slot = times.span_seconds // times.count + 1
        window = times.window(Instant(since - MAX_REFUND_DELAY - LATEST_RETURN), Instant(until))
        for index, words in self._stage.orders.lots(window):
            if words[4] < _KEPT_BELOW:
                continue
            # Most orders are passed over by a rough time, without asking what they were.
            earliest = times.start + index * times.span_seconds // times.count
            earliest += 2 * DAY + (words[3] * (29 * DAY) >> 32) + _journey(words[5])
            if since - 10 * DAY - slot <= earliest < until:
                yield from self.of_order(index)

    def _ordinary_refund(self, index: int) -> tuple[RefundPlan, LinePlan] | None:
        """The refund of an order that Amazon ships and that no plot needs, and what it is for."""
        orders = self._stage.orders
        if orders.find_role(index) is not None:
            return None
        plan = orders.plan(index)
        refunds = orders.refunds(index, plan)
        if not refunds or not plan.by_amazon:
            return None
        return refunds[0], orders.item(plan, refunds[0].line)


def _journey(byte: int) -> int:
    """Seconds from a refund until the unit is back."""
    return 3 * DAY + byte * (LATEST_RETURN - 4 * DAY) // 256
