"""Texts for Amazon, ready to paste: the reply, the appeal or the reminder that a claim needs next. Pure.

Each is in the seller's words, in one definition for the API, the command line and the dashboard. It
names what the claim's own rows show, and asks for the record that would show otherwise. What only the
seller can know (an invoice, a delivery) is listed under `attach` and is not stated as a fact.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import Field

from recoup.body import CamelModel
from recoup.claims.answers import Reason
from recoup.claims.bodies.totals import plain_money
from recoup.claims.reading.answered import PaymentRow
from recoup.claims.reading.past import AllocationRow
from recoup.claims.reading.row import ClaimRow
from recoup.claims.rule import OF_MONEY, ClaimType
from recoup.claims.stages import NextStep, Stage

MOST_CHARACTERS = 2000
"""Ours (docs/filing.md#answers): whoever answers a case reads no more."""
_OF_THE_LEDGER = frozenset(
    {
        ClaimType.LOST_IN_WAREHOUSE,
        ClaimType.DAMAGED_IN_WAREHOUSE,
        ClaimType.DISPOSED_WITHOUT_PERMISSION,
        ClaimType.RETURN_NOT_RESTOCKED,
    }
)


class TextKind(enum.StrEnum):
    """The occasion of a text."""

    REPLY = "reply"
    APPEAL = "appeal"
    CHASE = "chase"
    REST = "rest"
    REVERSAL = "reversal"


class ReadyText(CamelModel):
    kind: TextKind
    reason: Reason | None = Field(description="The reason of Amazon's that it answers.")
    title: str
    text: str = Field(description="To paste into the case; at most 2,000 characters.")
    attach: list[str] = Field(description="What to attach before it is sent.")


@dataclass(frozen=True, slots=True)
class KnownClaim:
    """What may be stated: the claim, what the reports show as paid, and what settled other units."""

    row: ClaimRow
    payments: Sequence[PaymentRow]
    allocations: Sequence[AllocationRow]

    @property
    def units(self) -> str:
        return f"{self.row.quantity} unit{'' if self.row.quantity == 1 else 's'}"

    def settled_by(self, kind: str) -> int:
        return sum(one.units for one in self.allocations if one.by == kind)


@dataclass(frozen=True, slots=True)
class _Wording:
    title: str
    says: Callable[[KnownClaim], str]
    attach: tuple[str, ...] = ()


def _already_reimbursed(known: KnownClaim) -> str:
    paid = [one for one in known.payments if one.amount > 0]
    if not paid:
        return (
            "My reimbursements report shows no payment for these units. Please send the reimbursement "
            "id and the date of approval, or pay the claim."
        )
    ids = ", ".join(dict.fromkeys(one.reimbursement_id for one in paid[:5]))
    return (
        f"My reimbursements report shows {ids}. I have taken that into account: the claim is for what "
        "is still open. If another reimbursement covers it, please send its id and date of approval."
    )


def _units_found(known: KnownClaim) -> str:
    found = known.settled_by("find")
    asks = (
        "Please send the date, the fulfillment center and the reference id of the ledger row that "
        "returned these units to my stock, or pay the claim."
    )
    if found:
        return (
            f"The inventory ledger shows {_count(found)} found for this event. I have deducted them: "
            f"the claim is for the units that are still open. {asks}"
        )
    if known.row.type in _OF_THE_LEDGER:
        return f"In my inventory ledger no row returns these units to my stock. {asks}"
    return asks


def _reversed(known: KnownClaim) -> str:
    taken = [one for one in known.payments if one.amount < 0 or one.units < 0]
    ids = ", ".join(dict.fromkeys(one.reimbursement_id for one in taken[-5:]))
    shown = f"My reimbursements report shows the reversal {ids}. " if ids else ""
    return (
        f"{shown}Please send the reason, and the date and reference id of the ledger row that returned the "
        "units to my stock. If the units did not come back, please pay the reimbursement again."
    )


_WORDINGS: Mapping[Reason, _Wording] = {
    Reason.INVOICE_MISSING: _Wording(
        "Proof of ownership or invoice",
        lambda _: (
            "The invoice for this product is attached. The lines for this product are marked."
        ),
        (
            "Invoice from the maker or supplier, dated before the event, for at least the claimed units",
            "If the invoice uses another name for the product: a list that matches it with the SKU",
        ),
    ),
    Reason.DELIVERY_PROOF_MISSING: _Wording(
        "Proof of delivery",
        lambda _: "The carrier's proof of delivery and the packing list are attached.",
        (
            "Proof of delivery: signed delivery receipt or bill of lading, with date and carton count",
            "Packing list or invoice that shows the units of each carton",
        ),
    ),
    Reason.ALREADY_REIMBURSED: _Wording("Already reimbursed", _already_reimbursed),
    Reason.UNITS_FOUND: _Wording("Units were found", _units_found),
    Reason.UNITS_RECEIVED: _Wording(
        "Units were received as shipped",
        lambda _: (
            "Please send the receiving record: for each carton the date, the fulfillment center, "
            "the FNSKU and the number of units. Please count the cartons again if the record is incomplete."
        ),
        ("Packing list with the units of each carton", "Proof of delivery, if you have it"),
    ),
    Reason.RETURN_RECEIVED: _Wording(
        "Return was received",
        lambda _: (
            "Please send the date on which the return was received, its license plate number, and "
            "its disposition. If no such record exists, please pay the claim."
        ),
    ),
    Reason.NOT_LIABLE: _Wording(
        "Amazon says it is not responsible",
        lambda _: (
            "Please send the record that shows who damaged or lost the units: the inspection, its "
            "date and the fulfillment center. If no such record exists, please review the decision."
        ),
    ),
    Reason.NOT_ELIGIBLE: _Wording(
        "Not eligible under the policy",
        lambda _: (
            "Please name the section of the FBA inventory reimbursement policy that excludes these "
            "units, and the record on which the decision rests. Otherwise please review the decision."
        ),
    ),
    Reason.TOO_EARLY: _Wording("Filed too early", lambda known: _early(known.row)),
    Reason.TOO_LATE: _Wording("Filed too late", lambda known: _late(known.row)),
    Reason.VALUE_DISPUTED: _Wording(
        "Value of the units",
        lambda _: (
            "The purchase cost for this product is on the attached invoice. Please compare it with "
            "the value that you used, and send the calculation of your amount."
        ),
        ("Invoice that shows the cost of a unit, dated before the event",),
    ),
    Reason.DUPLICATE: _Wording(
        "Duplicate of another case",
        lambda _: (
            "Please send the id of the other case and its result. If it is about other units or "
            "another date, please review this case on its own."
        ),
    ),
    Reason.PAYMENT_REVERSED: _Wording("Payment was taken back", _reversed),
    Reason.OTHER: _Wording(
        "Any other reason",
        lambda _: (
            "Please send the records on which the decision rests, with their dates and reference "
            "ids, and review the case against them."
        ),
    ),
}


def ready_texts(known: KnownClaim, action: NextStep) -> list[ReadyText]:
    """The text for the next action of a claim; none where nothing is to be written."""
    reason = known.row.answer_reason or Reason.OTHER
    wording = _WORDINGS[reason]
    match action:
        case NextStep.REPLY:
            opening = "thank you for your answer. Here is what you asked for."
            return [_text(known, TextKind.REPLY, wording, opening, reason)]
        case NextStep.APPEAL:
            opening = "I ask you to review your decision in this case."
            return [_text(known, TextKind.APPEAL, wording, opening, reason)]
        case NextStep.CHASE:
            chase = _Wording(
                "Reminder", lambda _: "Please tell me the result, or what you still need."
            )
            opening = f"I filed this case{_on(known.row.filed_on)} and have no decision yet."
            if known.row.stage is Stage.APPEALED:
                opening = "I asked you to review this case and have no decision yet."
            return [_text(known, TextKind.CHASE, chase, opening)]
        case NextStep.CLAIM_REST:
            rest = _Wording("The rest of the claim", _rest)
            return [_text(known, TextKind.REST, rest, "thank you for the payment in this case.")]
        case NextStep.DISPUTE_REVERSAL:
            wording = _WORDINGS[Reason.PAYMENT_REVERSED]
            opening = "a reimbursement for this case was taken back."
            return [_text(known, TextKind.REVERSAL, wording, opening, Reason.PAYMENT_REVERSED)]
    return []


def _text(
    known: KnownClaim, kind: TextKind, wording: _Wording, opening: str, reason: Reason | None = None
) -> ReadyText:
    paragraphs = ("Hello,", opening, _about(known), wording.says(known), "Thank you.")
    return ReadyText(
        kind=kind,
        reason=reason,
        title=wording.title,
        text="\n\n".join(paragraphs),
        attach=list(wording.attach),
    )


def _about(known: KnownClaim) -> str:
    """The codes that Amazon's people need; no value here is longer than a code."""
    row = known.row
    facts = (
        ("Order", row.order_id),
        ("Shipment", row.key.get("shipmentId")),
        ("Removal order", row.key.get("removalOrderId")),
        ("SKU", row.sku),
        ("FNSKU", row.fnsku),
        ("ASIN", row.asin),
        ("Units", str(row.quantity)),
        ("Date of the event", _day(row.event_on)),
    )
    return "\n".join(f"{name}: {value}" for name, value in facts if value)


def _rest(known: KnownClaim) -> str:
    row = known.row
    paid = plain_money(row.paid_amount, row.paid_currency)
    shown = f"My reimbursements report shows {paid} for this case. " if paid else ""
    # What only a person has entered is not counted off the claim yet, and money is not counted in units.
    is_counted = paid is not None and row.type not in OF_MONEY
    rest = f"{known.units} of this case {'is' if row.quantity == 1 else 'are'}"
    return (
        f"{shown}{rest if is_counted else 'Part of this case is'} still open. Please pay "
        "the rest, or send the calculation and the record that settles it."
    )


def _early(row: ClaimRow) -> str:
    if row.fileable_from is None:
        return "Please tell me from which day you accept the claim, and which date you count from."
    return (
        f"By your policy I count the window from {_day(row.fileable_from)}. Please review the case now, or "
        "tell me from which day you accept it."
    )


def _late(row: ClaimRow) -> str:
    filed = f" I filed the case{_on(row.filed_on)}." if row.filed_on else ""
    return (
        f"The event is dated {_day(row.event_on)}.{filed} Please tell me which date you counted from, and "
        "review the case if it was filed within your policy's window."
    )


def _on(day: date | None) -> str:
    return f" on {_day(day)}" if day else ""


def _day(day: date) -> str:
    """`3 November 2026`."""
    return f"{day.day} {day:%B} {day.year}"


def _count(units: int) -> str:
    return f"{units} unit{'' if units == 1 else 's'}"
