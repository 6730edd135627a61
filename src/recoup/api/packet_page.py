"""The filing packet as a page to print: no script, no external resources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from recoup.claims.bodies.claim import ClaimDetail, ClaimHistoryEntry
from recoup.claims.bodies.packet import Packet, place_in_words, values_in_words
from recoup.claims.bodies.policy import PolicyBody
from recoup.clock import to_rfc3339

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

_ADDRESS = re.compile(r"\b(?:[\w-]+\.)+com/[\w/.-]*[\w/]")

_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--bg:#fff;--soft:#f6f8fa;--line:#d0d7de;--muted:#57606a;
--note:#fff8e5;--note-line:#e3c770}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e6ebef;--bg:#11161b;--soft:#1a2128;
--line:#3a4650;--muted:#9aa7b2;--note:#38280f;--note-line:#7a5a1f}}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:var(--ink);background:var(--bg);overflow-wrap:anywhere}
h1{font-size:1.4rem;margin:0 0 .25rem}h2{font-size:1.05rem;margin:1.5rem 0 .4rem;
border-bottom:1px solid var(--line);padding-bottom:.2rem}
.notice{background:var(--note);border:1px solid var(--note-line);border-radius:6px;
padding:.5rem .75rem}
dl{display:grid;grid-template-columns:fit-content(40%) minmax(0,1fr);gap:.15rem 1rem;margin:.5rem 0}
dt{color:var(--muted)}a{color:inherit}dd{margin:0}pre{white-space:pre-wrap;background:var(--soft);
border:1px solid var(--line);border-radius:6px;padding:.75rem;font:13px/1.5 ui-monospace,monospace}
table{border-collapse:collapse;width:100%;font-size:13px;table-layout:fixed}
th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top}
th{background:var(--soft)}th:first-child{width:40%}
.box{display:inline-block;width:.9em;height:.9em;border:1px solid var(--muted);margin-right:.5rem}
ul.check{list-style:none;padding:0}
@media print{body{margin:0;max-width:none}pre,table,ul{break-inside:avoid}}
"""


def render_packet(packet: Packet) -> str:
    """Every value is escaped: names of products and notes come from elsewhere."""
    claim = packet.claim
    return "".join(
        (
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escape(packet.subject)}</title><style>{_STYLE}</style><main>",
            f"<h1>{escape(claim.title)}</h1><p>{escape(claim.claim_id)}</p>",
            f'<p class="notice">{escape(packet.notice)}</p>',
            _facts(claim),
            f"<h2>To paste into Seller Central</h2><p><b>{escape(packet.subject)}</b></p>",
            f"<pre>{escape(packet.text)}</pre>",
            f"<h2>How the numbers come about</h2>{_list(packet.arithmetic)}",
            f"<h2>Source rows</h2>{_rows(packet.rows)}",
            f"<h2>The policy it rests on</h2>{_policy(packet.policy)}",
            f"<h2>Documents to attach</h2>{_checklist(packet.documents)}",
            f"<h2>What became of it</h2>{_history(claim.history)}</main>",
        )
    )


def _facts(claim: ClaimDetail) -> str:
    facts = (
        ("Status", claim.status.capitalize()),
        ("Case id", claim.case_id),
        ("Order", claim.order_id),
        ("SKU", claim.sku),
        ("FNSKU", claim.fnsku),
        ("ASIN", claim.asin),
        ("Marketplace", claim.marketplace_id),
        ("Event", claim.event_date),
        ("Units", claim.quantity),
        ("Amount", "not known" if claim.amount is None else claim.amount),
        ("Fileable from", claim.fileable_from),
        ("Last safe day", claim.deadline or "not known: check Seller Central"),
        ("Note", claim.note),
    )
    return _definitions((name, value) for name, value in facts if value is not None)


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
    sources = "".join(f"<dt>Source<dd>{_linked(source)}" for source in policy.sources)
    return f"{_definitions(known)}<dl>{sources}</dl>" if sources else _definitions(known)


def _linked(text: str) -> str:
    """An address of Amazon's in it, which policies write without the scheme, as a link."""
    return _ADDRESS.sub(
        lambda found: f'<a href="https://{found[0]}" rel="noopener noreferrer">{found[0]}</a>',
        escape(text),
    )


def _checklist(documents: Iterable[str]) -> str:
    items = "".join(f'<li><span class="box"></span>{escape(text)}' for text in documents)
    return f'<ul class="check">{items}</ul>' if items else "<p>None besides the rows above.</p>"


def _history(entries: Iterable[ClaimHistoryEntry]) -> str:
    items = [
        f"{to_rfc3339(one.at)} {one.who}: {one.from_status or 'new'} to {one.to_status}. {one.why}"
        for one in entries
    ]
    return _list(items) if items else "<p>Nothing yet.</p>"


def _definitions(facts: Iterable[tuple[str, object]]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(n)}<dd>{_cell(v)}' for n, v in facts)}</dl>"


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}' for line in lines)}</ul>"


def _cell(value: object) -> str:
    return "" if value is None else escape(str(value))
