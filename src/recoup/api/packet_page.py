"""The filing packet as a page to print: no script, nothing to load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from recoup.claims.packet import place_in_words, values_in_words

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1b1f24;background:#fff}
h1{font-size:1.4rem;margin:0 0 .25rem}h2{font-size:1.05rem;margin:1.5rem 0 .4rem;
border-bottom:1px solid #d0d7de;padding-bottom:.2rem}
.notice{background:#fff8e5;border:1px solid #e3c770;border-radius:6px;padding:.5rem .75rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.5rem 0}
dt{color:#57606a}dd{margin:0}pre{white-space:pre-wrap;background:#f6f8fa;border:1px solid #d0d7de;
border-radius:6px;padding:.75rem;font:13px/1.5 ui-monospace,monospace}
table{border-collapse:collapse;width:100%;font-size:13px}th,td{border:1px solid #d0d7de;
padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:#f6f8fa}
.box{display:inline-block;width:.9em;height:.9em;border:1px solid #57606a;margin-right:.5rem}
ul.check{list-style:none;padding:0}
@media print{body{margin:0;max-width:none}pre,table,ul{break-inside:avoid}}
"""

_POLICY_NAMES = (
    ("version", "Version"),
    ("window", "Window"),
    ("clock", "Counted from"),
    ("opensAfterDays", "Opens after days"),
    ("closesAfterDays", "Closes after days"),
    ("closesAfterMonths", "Closes after months"),
    ("confidence", "Confidence in this text"),
    ("note", "Note"),
)


def render_packet(packet: Mapping[str, Any]) -> str:
    """Every value is escaped: names of products and notes come from elsewhere."""
    claim = packet["claim"]
    return "".join(
        (
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escape(packet['subject'])}</title><style>{_STYLE}</style><main>",
            f"<h1>{escape(claim['title'])}</h1><p>{escape(claim['claimId'])}</p>",
            f'<p class="notice">{escape(packet["notice"])}</p>',
            _facts(claim),
            f"<h2>To paste into Seller Central</h2><p><b>{escape(packet['subject'])}</b></p>",
            f"<pre>{escape(packet['text'])}</pre>",
            f"<h2>How the numbers come about</h2>{_list(packet['arithmetic'])}",
            f"<h2>Source rows</h2>{_rows(packet['rows'])}",
            f"<h2>The policy it rests on</h2>{_policy(packet['policy'])}",
            f"<h2>Documents to attach</h2>{_checklist(packet['documents'])}",
            f"<h2>What became of it</h2>{_history(claim['history'])}</main>",
        )
    )


def _facts(claim: Mapping[str, Any]) -> str:
    amount = claim["amount"]
    worth = "not known" if amount is None else f"{amount['amount']} {amount['currency']}"
    facts = (
        ("Status", claim["status"]),
        ("Case id", claim["caseId"]),
        ("Order", claim["orderId"]),
        ("SKU", claim["sku"]),
        ("FNSKU", claim["fnsku"]),
        ("ASIN", claim["asin"]),
        ("Marketplace", claim["marketplaceId"]),
        ("Event", claim["eventDate"]),
        ("Units", claim["quantity"]),
        ("Amount", worth),
        ("Fileable from", claim["fileableFrom"]),
        ("Last safe day", claim["deadline"] or "not known: check Seller Central"),
        ("Note", claim["note"]),
    )
    return _definitions((name, value) for name, value in facts if value is not None)


def _rows(rows: Iterable[Mapping[str, Any]]) -> str:
    body = "".join(
        f"<tr><td>{escape(place_in_words(row))}<td>{escape(values_in_words(row))}" for row in rows
    )
    if not body:
        return "<p>None is stored with this claim.</p>"
    head = "<th scope=col>Where it stands<th scope=col>What it says"
    return f"<table><thead><tr>{head}<tbody>{body}</table>"


def _policy(policy: Mapping[str, Any]) -> str:
    facts = [(name, policy[key]) for key, name in _POLICY_NAMES if policy[key] is not None]
    return _definitions((*facts, *(("Source", source) for source in policy["sources"])))


def _checklist(documents: Iterable[str]) -> str:
    items = "".join(f'<li><span class="box"></span>{escape(text)}' for text in documents)
    return f'<ul class="check">{items}</ul>' if items else "<p>None beyond the rows above.</p>"


def _history(entries: Iterable[Mapping[str, Any]]) -> str:
    items = [
        f"{entry['at']} {entry['who']}: {entry['fromStatus'] or 'new'} to {entry['toStatus']}. "
        f"{entry['why']}"
        for entry in entries
    ]
    return _list(items) if items else "<p>Nothing yet.</p>"


def _definitions(facts: Iterable[tuple[str, object]]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(n)}<dd>{_cell(v)}' for n, v in facts)}</dl>"


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}' for line in lines)}</ul>"


def _cell(value: object) -> str:
    return "" if value is None else escape(str(value))
