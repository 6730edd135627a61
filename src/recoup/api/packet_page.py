"""The filing packet as a page to print: no script, no external resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from recoup.api.print_page import bullets, checklist, definitions, linked, page
from recoup.claims.bodies.claim import ClaimDetail, ClaimHistoryEntry
from recoup.claims.bodies.packet import Packet, place_in_words, values_in_words
from recoup.claims.bodies.policy import PolicyBody
from recoup.claims.packs.written import written_day
from recoup.streams.sales_channels import marketplace_name


def render_packet(packet: Packet) -> str:
    """Every value is escaped: names of products and notes come from elsewhere."""
    claim = packet.claim
    nothing = "None besides the rows above."
    return page(
        packet.subject,
        f"<h1>{escape(claim.title)}</h1><p>{escape(claim.claim_id)}</p>",
        f'<p class="notice">{escape(packet.notice)}</p>',
        _facts(claim),
        f"<h2>To paste into Seller Central</h2><p><b>{escape(packet.subject)}</b></p>",
        f"<pre>{escape(packet.text)}</pre>",
        f"<h2>How the numbers were calculated</h2>{bullets(packet.arithmetic)}",
        f"<h2>Source rows</h2>{_rows(packet.rows)}",
        f"<h2>The policy behind this claim</h2>{_policy(packet.policy)}",
        f"<h2>Documents to attach</h2>{checklist(packet.documents, nothing)}",
        f"<h2>History</h2>{_history(claim.history)}",
    )


def _facts(claim: ClaimDetail) -> str:
    facts = (
        ("Status", claim.status.capitalize()),
        ("Case id", claim.case_id),
        ("Order", claim.order_id),
        ("SKU", claim.sku),
        ("FNSKU", claim.fnsku),
        ("ASIN", claim.asin),
        ("Marketplace", claim.marketplace_id and marketplace_name(claim.marketplace_id)),
        ("Event", written_day(claim.event_date)),
        ("Units", claim.quantity),
        ("Amount", "not known" if claim.amount is None else claim.amount),
        ("Can be filed from", claim.fileable_from and written_day(claim.fileable_from)),
        (
            "Last safe day",
            written_day(claim.deadline) if claim.deadline else "not known: check Seller Central",
        ),
        ("Note", claim.note),
    )
    return definitions((name, value) for name, value in facts if value is not None)


def _rows(rows: Iterable[Mapping[str, Any]]) -> str:
    body = "".join(
        f"<tr><td>{escape(place_in_words(row))}<td>{escape(values_in_words(row))}" for row in rows
    )
    if not body:
        return "<p>No source rows are stored with this claim.</p>"
    head = "<th scope=col>Source<th scope=col>Contents"
    return f"<table><thead><tr>{head}<tbody>{body}</table>"


def _policy(policy: PolicyBody) -> str:
    facts = (
        ("Version", policy.version),
        ("Window", policy.window and policy.window.replace("_", " ")),
        ("Counted from", policy.clock),
        ("Opens after days", policy.opens_after_days),
        ("Closes after days", policy.closes_after_days),
        ("Closes after months", policy.closes_after_months),
        ("Confidence in this text", policy.confidence),
        ("Note", policy.note),
    )
    known = [(name, value) for name, value in facts if value is not None]
    sources = "".join(f"<dt>Source<dd>{linked(source)}" for source in policy.sources)
    return f"{definitions(known)}<dl>{sources}</dl>" if sources else definitions(known)


def _history(entries: Iterable[ClaimHistoryEntry]) -> str:
    items = [
        f"{_minute(one.at)}, {one.who}: {one.from_status or 'new'} to {one.to_status}. {one.why}"
        for one in entries
    ]
    return bullets(items) if items else "<p>Nothing yet.</p>"


def _minute(at: datetime) -> str:
    """`14 October 2026, 09:30 UTC`."""
    utc = at.astimezone(UTC)
    return f"{written_day(utc)}, {utc:%H:%M} UTC"
