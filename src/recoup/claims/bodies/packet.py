"""The filing packet: everything a person needs to file a claim with Amazon by hand. Pure.

There is no API to file a claim, so nothing is sent anywhere: the text is for pasting.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from recoup.body import CamelModel
from recoup.claims.bodies.claim import ClaimDetail
from recoup.claims.bodies.policy import PolicyBody
from recoup.claims.rule import ClaimType

NOT_SUBMITTED = (
    "recoup submits nothing: Amazon has no API for claims. A person files this in Seller "
    "Central, and enters the case id here."
)

_WORD_BEGINS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PLACE = ("table", "source", "source_line")
# Where a column's name says little outside its table.
_NAMES = {"what": "kind"}

# What happened, for the first sentence of the text; {units} is "1 unit" or "3 units".
_HAPPENED: Mapping[str, str] = {
    ClaimType.LOST_IN_WAREHOUSE: "{units} were recorded as lost in your fulfillment center and "
    "neither found nor reimbursed since",
    ClaimType.DAMAGED_IN_WAREHOUSE: "{units} were recorded as damaged in your fulfillment center "
    "and not reimbursed since",
    ClaimType.INBOUND_SHORTAGE: "{units} of a shipment to your fulfillment center were shipped and "
    "not received",
    ClaimType.INBOUND_DAMAGE: "{units} of a shipment arrived damaged with a carrier that works for "
    "you",
    ClaimType.CUSTOMER_RETURN_MISSING: "{units} were refunded to the customer and never came back, "
    "and I was not reimbursed",
    ClaimType.RETURN_NOT_RESTOCKED: "{units} were returned as sellable and never appeared in my "
    "stock",
    ClaimType.RETURN_DAMAGED_BY_AMAZON: "{units} came back damaged by you or your carrier, and I "
    "was not reimbursed",
    ClaimType.REFUND_OVERPAID: "more was refunded to the customer than was charged",
    ClaimType.REFUND_FEE_NOT_CREDITED: "the referral fee of a refunded order was not credited in "
    "full",
    ClaimType.REMOVAL_LOST: "{units} of a removal order were shipped to me and never arrived",
    ClaimType.REMOVAL_DISCREPANCY: "{units} of a removal order are not accounted for",
    ClaimType.DISPOSED_WITHOUT_PERMISSION: "{units} were disposed of without an order of mine",
    ClaimType.FULFILLMENT_FEE_OVERCHARGE: "the fulfillment fee was charged above what the product's "
    "size and weight call for",
    ClaimType.STORAGE_FEE_OVERCHARGE: "the storage fee was charged for more volume than was stored",
    ClaimType.INBOUND_FEE_WRONG: "an inbound defect fee was charged without a defect of mine",
    ClaimType.REIMBURSEMENT_REVERSED: "a reimbursement was taken back and the unit did not return "
    "to my stock",
    ClaimType.REIMBURSEMENT_UNDERPAID: "{units} were reimbursed below their sourcing cost",
}


class Packet(CamelModel):
    claim: ClaimDetail
    notice: str
    subject: str
    text: str = Field(description="To paste into a case in Seller Central.")
    arithmetic: list[str]
    rows: list[dict[str, Any]] = Field(description="The source rows that prove it.")
    policy: PolicyBody
    documents: list[str]


def packet_of(detail: ClaimDetail) -> Packet:
    return Packet(
        claim=detail,
        notice=NOT_SUBMITTED,
        subject=_subject(detail),
        text=_text(detail),
        arithmetic=arithmetic(detail),
        rows=[_place_first(row) for row in _source_rows(detail)],
        policy=detail.policy,
        documents=detail.documents,
    )


def arithmetic(detail: ClaimDetail) -> list[str]:
    """Explains quantity, amount, confidence and dates, each in one sentence."""
    lines = [detail.reason]
    if detail.amount is None:
        lines.append(f"Amount: not known. {detail.amount_missing}")
    else:
        basis = f" ({detail.amount_basis})" if detail.amount_basis else ""
        lines.append(f"Amount: {detail.amount}{basis}.")
    lines += [f"Note: {note}" for note in detail.evidence.get("notes", ())]
    lines.append(_window(detail))
    lines.append(confidence_in_words(detail))
    return lines


def confidence_in_words(detail: ClaimDetail) -> str:
    """`Confidence 0.70: 0.90 both sources agree; -0.20 a general payment may cover it.`"""
    parts = "; ".join(
        f"{part.change:{'.2f' if number == 0 else '+.2f'}} {part.why}"
        for number, part in enumerate(detail.confidence_parts)
    )
    return f"Confidence {detail.confidence:.2f}{f': {parts}' if parts else ''}."


def reference_in_words(reference: object) -> str:
    """The key of a source row as text."""
    if isinstance(reference, Mapping):
        return ", ".join(f"{name} {value}" for name, value in reference.items() if value != "")
    return "" if reference is None else str(reference)


def units(number: int) -> str:
    return f"{number} unit" if number == 1 else f"{number} units"


def _place_first(row: Mapping[str, Any]) -> dict[str, Any]:
    """Puts the place of the row before its values: jsonb keeps no order."""
    place = [name for name in _PLACE if name in row]
    return {name: row[name] for name in (*place, *(name for name in row if name not in _PLACE))}


def _source_rows(detail: ClaimDetail) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = detail.evidence.get("rows", ())
    return rows


def _subject(detail: ClaimDetail) -> str:
    about = detail.order_id or detail.fnsku or detail.sku or detail.claim_id
    return f"Reimbursement request: {detail.title}, {about}, {detail.event_date}"


def _text(detail: ClaimDetail) -> str:
    happened = _HAPPENED[detail.type].format(units=units(detail.quantity))
    facts = [
        ("Order", detail.order_id),
        ("SKU", detail.sku),
        ("FNSKU", detail.fnsku),
        ("ASIN", detail.asin),
        ("Date of the event", detail.event_date.isoformat()),
        ("Units", str(detail.quantity)),
    ]
    facts += [(name, str(value)) for name, value in _key_facts(detail)]
    paragraphs = [
        "Hello,",
        f"according to your own records {happened}.",
        "\n".join(f"{name}: {value}" for name, value in facts if value),
        detail.reason,
    ]
    if lines := [
        f"- {place_in_words(row)}: {values_in_words(row)}" for row in _source_rows(detail)
    ]:
        paragraphs.append("\n".join(["Your records that show this:", *lines]))
    paragraphs += [_request(detail), "Thank you."]
    return "\n\n".join(paragraphs)


def _key_facts(detail: ClaimDetail) -> list[tuple[str, object]]:
    """Facts that identify the event besides product, order and date, such as a shipment."""
    day = detail.event_date.isoformat()
    known = {detail.order_id, detail.sku, detail.fnsku, detail.asin, day}
    return [
        (_WORD_BEGINS.sub(" ", name).replace("_", " ").capitalize(), value)
        for name, value in detail.key.items()
        if value not in known and not isinstance(value, dict | list) and value not in {None, ""}
    ]


def _request(detail: ClaimDetail) -> str:
    worth = "" if detail.amount is None else f" ({detail.amount})"
    return (
        f"Please investigate, and reimburse what is owed{worth}. If it is settled already, please "
        "name the reimbursement id or the record that settles it."
    )


def place_in_words(row: Mapping[str, Any]) -> str:
    """The place of a source row: file and line, or the call that returned it."""
    match str(row.get("source") or "").split():
        case [report_type, report_id, document_id]:
            place = f"report {report_type} {report_id}, document {document_id}"
        case [operation, request_id]:
            place = f"{operation}, request {request_id}"
        case words:
            place = " ".join(words) or str(row.get("table") or "")
    line = row.get("source_line")
    return place if line is None else f"{place}, line {line}"


def values_in_words(row: Mapping[str, Any]) -> str:
    """The relevant values of a source row."""
    return ", ".join(
        f"{_NAMES.get(name, name).replace('_', ' ')} {value}"
        for name, value in row.items()
        if name not in _PLACE and value not in {None, ""}
    )


def _window(detail: ClaimDetail) -> str:
    note = f" {detail.window_note}" if detail.window_note else ""
    if detail.deadline is None:
        return f"Window: not known for this claim; check Seller Central.{note}"
    opens = f"from {detail.fileable_from} " if detail.fileable_from else ""
    return f"Window: file {opens}to {detail.deadline}, the last safe day.{note}"
