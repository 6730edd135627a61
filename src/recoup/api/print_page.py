"""What printed pages share: style, policy, and escaped parts. No script, no external resources."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

_ADDRESS = re.compile(r"\b(?:[a-z0-9-]+\.)+[a-z]{2,}/[\w/.?=&;-]*[\w/]")

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
th{background:var(--soft)}table:not(.even) th:first-child{width:40%}
.even{table-layout:auto}.number{text-align:right;white-space:nowrap}
@media screen and (max-width:40rem){.even thead{display:none}.even tr{display:block;margin-bottom:.75rem}
.even td{display:flex;gap:1rem;justify-content:space-between;text-align:right;border-top-width:0}
.even td:first-child{border-top-width:1px}.even td:empty{display:none}
.even td::before{content:attr(data-title);color:var(--muted);text-align:left;flex:none;max-width:50%}}
.box{display:inline-block;width:.9em;height:.9em;border:1px solid var(--muted);margin-right:.5rem}
ul.check{list-style:none;padding:0}ul.check li{padding-left:1.4rem;text-indent:-1.4rem}
@page{margin:16mm}
@media print{body{margin:0;max-width:none;font-size:10pt;line-height:1.4}pre{font-size:9pt}.even{font-size:8pt}
h2{margin-top:1rem}pre,ul:not(.check),li,dl,.keep,tr{break-inside:avoid}h2,p:has(+pre){break-after:avoid}}
"""


def page(title: str, *parts: str) -> str:
    """A whole page. The title is escaped here, the parts are HTML already."""
    return "".join(
        (
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style><main>",
            *parts,
            "</main>",
        )
    )


def linked(text: str) -> str:
    """An address of Amazon's in it, which policies write without the scheme, as a link."""
    return _ADDRESS.sub(
        lambda found: f'<a href="https://{found[0]}" rel="noopener noreferrer">{found[0]}</a>',
        escape(text),
    )


def checklist(lines: Iterable[str], otherwise: str) -> str:
    """Lines with a box to tick."""
    items = "".join(f'<li><span class="box"></span>{escape(text)}' for text in lines)
    return f'<ul class="check">{items}</ul>' if items else f"<p>{escape(otherwise)}</p>"


def definitions(facts: Iterable[tuple[str, object]]) -> str:
    return f"<dl>{''.join(f'<dt>{escape(n)}<dd>{_cell(v)}' for n, v in facts)}</dl>"


def bullets(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}' for line in lines)}</ul>"


def _cell(value: object) -> str:
    return "" if value is None else escape(str(value))
