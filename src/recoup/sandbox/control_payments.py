"""POST /_sandbox/payments: Amazon's answer to a client's own case, as a payment or as its reversal.

Cases have no API at Amazon: what a client sees of an answer is a row of the reimbursements report and
the transaction and settlement line of the same money. All three come from the payment added here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation

from recoup.sandbox.answers import Json
from recoup.sandbox.sellers import Seller
from recoup.sandbox.world.instants import HOUR, Instant, to_instant, to_text
from recoup.sandbox.world.payments import ANSWER_NUMBERS
from recoup.sandbox.world.plots.payments import REVERSAL_REASON, reimbursement_id
from recoup.sandbox.world.records import Payment
from recoup.sandbox.world.seller import SellerWorld

_FIELDS = "caseId, sku, orderId, units, amount, reason, approvedAt, reverses"


def add_payment(seller: Seller, body: Mapping[str, object], edge: Instant) -> Json:
    """Adds it to the seller's world. Raises ValueError with what to change."""
    unknown = body.keys() - set(_FIELDS.split(", "))
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {_FIELDS}")
    answers = seller.world.payments.answers
    number = ANSWER_NUMBERS + len(answers)
    approved = _approved(body.get("approvedAt"), edge)
    if body.get("reverses") is not None:
        payment = _reversal(seller.world, number, body, approved)
    else:
        payment = _payment(seller.world, number, body, approved, edge)
    answers.append(payment)
    # Sums that were counted before it.
    seller.totals.clear()
    seller.group_totals.clear()
    return {
        "reimbursementId": reimbursement_id(number),
        "approvedAt": to_text(approved),
        "amount": str(Decimal(payment.total_cents) / 100),
        "currency": seller.world.home.currency,
        "units": payment.cash,
    }


def _payment(
    world: SellerWorld, number: int, body: Mapping[str, object], approved: Instant, edge: Instant
) -> Payment:
    units = _units(body.get("units", 1))
    return Payment(
        number=number,
        approved=approved,
        product=_product(world, body.get("sku")),
        reason=str(body.get("reason", "Lost_Warehouse")),
        cash=units,
        stock=0,
        unit_cents=_cents_per_unit(body.get("amount"), units),
        order=_order(world, body.get("orderId"), edge),
        case_id=str(body.get("caseId", "")),
    )


def _reversal(
    world: SellerWorld, number: int, body: Mapping[str, object], approved: Instant
) -> Payment:
    """Takes back units of a payment that was added here, by default all of them."""
    reverses = str(body["reverses"])
    answers = world.payments.answers
    paid = next((one for one in answers if reimbursement_id(one.number) == reverses), None)
    if paid is None:
        raise ValueError(f"no payment that was added here has the reimbursement id {reverses}")
    units = _units(body.get("units", paid.cash))
    if units > paid.cash or approved < paid.approved:
        raise ValueError("a reversal takes back at most what was paid, and later")
    return Payment(
        number=number,
        approved=approved,
        product=paid.product,
        reason=REVERSAL_REASON,
        cash=-units,
        stock=0,
        unit_cents=paid.unit_cents,
        order=paid.order,
        original=paid,
    )


def _approved(value: object, edge: Instant) -> Instant:
    """By default an hour before events end, so that the next report shows it."""
    if value is None:
        return Instant(edge - HOUR)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("approvedAt must be a time such as 2026-11-15T12:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError("approvedAt must have an offset, such as Z")
    return to_instant(moment)


def _units(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 10_000:
        raise ValueError("units must be a number from 1 to 10000")
    return value


def _cents_per_unit(value: object, units: int) -> int:
    """The report's total is its amount per unit times the units."""
    try:
        cents = Decimal(str(value)) * 100
    except InvalidOperation:
        raise ValueError('amount must be the total as text, such as "12.34"') from None
    if cents != int(cents) or cents <= 0 or cents % units:
        raise ValueError("amount must be whole cents, and the same for each unit")
    return int(cents) // units


def _product(world: SellerWorld, sku: object) -> int:
    found = next((n for n, one in enumerate(world.products) if one.sku == sku), None)
    if found is None:
        raise ValueError(f"sku must be one of the seller's, not {sku!r}")
    return found


def _order(world: SellerWorld, order_id: object, edge: Instant) -> int | None:
    if order_id is None:
        return None
    found = world.orders.find_index(str(order_id), edge)
    if found is None:
        raise ValueError(f"orderId must be one of the seller's, not {order_id!r}")
    return found
