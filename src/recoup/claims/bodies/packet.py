"""The filing packet: everything a person needs to file a claim with Amazon by hand. Pure.

There is no API to file a claim, so nothing is sent anywhere: the text is for pasting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from recoup.body import CamelModel
from recoup.claims.bodies.claim import ClaimDetail
from recoup.claims.bodies.evidence import EvidenceRowDocument
from recoup.claims.bodies.policy import PolicyBody
from recoup.claims.packs.details import PackItem
from recoup.claims.packs.text import write_text
from recoup.money import Money

NOT_SUBMITTED = (
    "recoup submits nothing: Amazon has no API for claims. A person files this in Seller "
    "Central, and enters the case id here."
)

_PLACE = ("table", "source", "source_line")
# Where a column's name says little outside its table.
_NAMES = {"what": "kind"}


class Packet(CamelModel):
    claim: ClaimDetail
    notice: str
    subject: str
    text: str = Field(description="To paste into a case in Seller Central.")
    arithmetic: list[str]
    rows: list[EvidenceRowDocument] = Field(description="The source rows that prove it.")
    policy: PolicyBody
    documents: list[str]


def packet_of(detail: ClaimDetail) -> Packet:
    written = write_text([_item(detail)])
    return Packet(
        claim=detail,
        notice=NOT_SUBMITTED,
        subject=written.subject,
        text=written.text,
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


def _item(detail: ClaimDetail) -> PackItem:
    amount = detail.amount
    return PackItem(
        claim_id=detail.claim_id,
        version="",
        type=detail.type,
        quantity=detail.quantity,
        amount=None if amount is None else Money(amount.amount, amount.currency),
        event_on=detail.event_date,
        sku=detail.sku,
        fnsku=detail.fnsku,
        asin=detail.asin,
        order_id=detail.order_id,
        key=detail.key,
        evidence=detail.evidence,
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
