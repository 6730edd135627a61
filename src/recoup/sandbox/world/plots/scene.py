"""Tools for plots: one case, its product or order, and days around its anchor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from recoup.sandbox.world.cases import KINDS, Case, window_of
from recoup.sandbox.world.catalogue import Product
from recoup.sandbox.world.dice import Dice, letters
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.orders import LinePlan, OrderBook, OrderPlan
from recoup.sandbox.world.profile import Profile
from recoup.sandbox.world.records import (
    ADJUSTMENTS,
    SELLABLE,
    Fact,
    Movement,
    Payment,
    RemovalOrder,
    ReturnedUnit,
)

PAYMENTS_PER_CASE = 8
_REFERENCES = 10**13


@dataclass(frozen=True)
class Stage:
    """The world that all cases share."""

    key: bytes
    profile: Profile
    products: Sequence[Product]
    orders: OrderBook

    def charge_time(self, index: int) -> Instant:
        """When the fees of a shipped order were posted."""
        return self.orders.posting(index, self.orders.plan(index).shipped)[0]


@dataclass(frozen=True)
class Scene:
    """One case on the stage."""

    stage: Stage
    case: Case

    @property
    def trap(self) -> str | None:
        return self.case.trap

    @cached_property
    def product_index(self) -> int:
        return self.case.product if self.case.order is None else self.order.lines[0][0]

    @property
    def product(self) -> Product:
        """The product of the order, if the case has one."""
        return self.stage.products[self.product_index]

    @cached_property
    def order(self) -> OrderPlan:
        assert self.case.order is not None
        return self.stage.orders.plan(self.case.order)

    @cached_property
    def line(self) -> LinePlan:
        """The only line of the case's order."""
        return self.stage.orders.item(self.order, 0)

    def dice(self, kind: str) -> Dice:
        return Dice(self.stage.key, f"plot-{kind}", self.case.uid)

    def at(self, days: int, seconds: int = 0) -> Instant:
        """The time this many days after the anchor (before it, if negative)."""
        return Instant(self.case.anchor + days * DAY + seconds)

    def text(self, kind: str, length: int) -> str:
        """An opaque id of capital letters and digits."""
        return letters(self.stage.key, f"plot-{kind}", self.case.uid, length)

    def reference(self, ordinal: int) -> str:
        """A transaction id of the ledger: those of a pair are close numbers."""
        base = _REFERENCES + self.dice("reference").roll(8 * _REFERENCES)
        return str(base + 17 * ordinal)

    def adjust(
        self,
        at: Instant,
        quantity: int,
        reason: str,
        *,
        slot: int = 0,
        disposition: str = SELLABLE,
        ordinal: int = 0,
        open_units: int = 0,
        stays: bool = True,
    ) -> Movement:
        """An adjustment of the case's product; `open_units` of it are not reconciled."""
        return Movement(
            at, self.case.product, slot, disposition, quantity, ADJUSTMENTS,
            self.reference(ordinal), reason, abs(quantity) - open_units, open_units, stays,
        )  # fmt: skip

    def pay(
        self,
        ordinal: int,
        at: Instant,
        reason: str,
        cash: int,
        *,
        stock: int = 0,
        percent: int = 100,
        unit_cents: int | None = None,
        original: Payment | None = None,
    ) -> Payment:
        """A reimbursement; per unit a percentage of the sourcing cost, unless an amount is set."""
        cents = self.product.cost_cents * percent // 100 if unit_cents is None else unit_cents
        by_hand = self.dice(f"by-hand-{ordinal}").happens(200)
        return Payment(
            number=self.case.uid * PAYMENTS_PER_CASE + ordinal,
            approved=at,
            product=self.product_index,
            reason=reason,
            cash=cash,
            stock=stock,
            unit_cents=cents,
            order=self.case.order,
            original=original,
            case_id=str(10**10 + self.dice("case-id").roll(10**10)) if by_hand else "",
        )

    def returned(
        self,
        days: int,
        disposition: str,
        *,
        status: str = "Unit returned to inventory",
        restocked_after: int | None = 0,
        reason: str = "UNWANTED_ITEM",
        product: int | None = None,
    ) -> ReturnedUnit:
        """A unit of the case's order that came back so many days after the anchor.

        `restocked_after` are the days until the ledger counts it; None: it never does.
        """
        at = self.at(days)
        assert self.case.order is not None
        return ReturnedUnit(
            at=at,
            order=self.case.order,
            product=self.product_index if product is None else product,
            slot=0,
            disposition=disposition,
            reason=reason,
            status=status,
            lpn=f"LPNRR{self.text('lpn', 9)}",
            restocked=None if restocked_after is None else Instant(at + restocked_after * DAY),
        )

    def fact(
        self,
        key: Mapping[str, str],
        quantity: int,
        *,
        event: Instant | None = None,
        amount_cents: int | None = None,
        basis: str = "sourcing cost",
    ) -> Fact:
        """The truth; the window counts from the event, which is the anchor by default."""
        profile, kind = self.stage.profile, KINDS[self.case.claim_type]
        event_date = profile.local_date(self.case.anchor if event is None else event)
        if self.trap is not None:
            return Fact(key, quantity, event_date, None, None)
        opens, closes = window_of(self.case.claim_type, profile)
        if kind.family == "inbound" and kind.closes is None:
            closing = add_months(event_date, profile.inbound_months)
        else:
            closing = event_date + timedelta(days=closes)
        return Fact(
            key=key,
            quantity=quantity,
            event_date=event_date,
            fileable_from=event_date + timedelta(days=opens),
            # The last safe day: the window's end counts as outside (docs/decisions.md#last-safe-day).
            deadline=closing - timedelta(days=1),
            amount_cents=amount_cents,
            basis=basis,
        )

    def order_key(self) -> dict[str, str]:
        """Order and SKU."""
        order_id = self.stage.orders.order_id(self.order.number)
        return {"orderId": order_id, "sku": self.product.sku}

    def stock_key(self) -> dict[str, str]:
        """FNSKU and date."""
        day = self.stage.profile.local_date(self.case.anchor)
        return {"fnsku": self.product.fnsku, "sku": self.product.sku, "date": day.isoformat()}

    def removal_key(self, removal: RemovalOrder) -> dict[str, str]:
        return {"removalOrderId": removal.removal_id, "sku": self.product.sku}

    def unit_value(self) -> int:
        """Cents per unit after Amazon's fees: the amount owed for a sold unit."""
        unit, product = self.line.unit, self.product
        return unit - product.commission_cents(unit) - product.fee_cents


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    years, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return day.replace(year=day.year + years, month=month + 1, day=min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
