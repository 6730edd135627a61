"""Candidate events with what settled them: why each is a claim, or is not. Pure."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from recoup.body import CamelModel
from recoup.claims.bodies.claim import title_of
from recoup.claims.bodies.evidence import SettledEntry
from recoup.claims.bodies.packet import reference_in_words, units
from recoup.claims.lifecycle import Status
from recoup.claims.reading.explain import CandidateRow
from recoup.claims.rule import ClaimType


class Candidate(CamelModel):
    connection_id: str
    type: ClaimType
    title: str
    key: dict[str, Any]
    marketplace_id: str | None
    sku: str | None
    fnsku: str | None
    asin: str | None
    order_id: str | None
    event_date: date
    units: int
    quantity: int = Field(description="Units still open; 0: all are settled.")
    settled: list[SettledEntry] = Field(description="What took units off, and why.")
    settled_in_words: list[str]
    suppressed: str | None = Field(description="Why open units are not shown as a claim.")
    reason: str
    claim_id: str | None
    status: Status | None


def candidate_body(row: CandidateRow) -> Candidate:
    """Returns the body; fields that are columns of `claim_candidate` are taken unchanged."""
    settled = [SettledEntry.model_validate(one) for one in row.settled]
    worked_out = {
        "title": title_of(row.type),
        "event_date": row.event_on,
        "settled": settled,
        "settled_in_words": [_in_words(one) for one in settled],
    }
    stored = (name for name in Candidate.model_fields if name not in worked_out)
    return Candidate(**{name: getattr(row, name) for name in stored} | worked_out)


def _in_words(settled: SettledEntry) -> str:
    """`2 units by payment 123456: same FNSKU ...`."""
    count = "an unknown number of units" if settled.units is None else units(settled.units)
    name = reference_in_words(settled.reference)
    return f"{count} by {settled.by}{f' {name}' if name else ''}: {settled.why}"
