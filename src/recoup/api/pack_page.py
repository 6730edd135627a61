"""A filing pack as a page to print or to save as PDF: no script, no external resources."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from recoup.api.print_page import bullets, checklist, definitions, linked, page
from recoup.claims.bodies.pack import PackBody
from recoup.claims.bodies.pack_lines import (
    amount_words,
    attachment_lines,
    deadline_words,
    item_worth,
    path_note,
    told_apart,
)
from recoup.claims.bodies.packet import NOT_SUBMITTED
from recoup.claims.packs.written import written_day


def render_pack(pack: PackBody) -> str:
    """Every value is escaped: codes of products and names of files come from elsewhere."""
    return page(
        pack.title,
        f"<h1>{escape(pack.title)}</h1>",
        f'<p class="notice">{escape(NOT_SUBMITTED)}</p>',
        definitions(_overview(pack)),
        f"<h2>Where to click</h2>{_where(pack)}",
        f"<h2>Check before you file</h2>{checklist(pack.checks, 'Nothing in particular.')}",
        f"<h2>Facts</h2>{definitions((fact.label, fact.value) for fact in pack.facts)}",
        _items(pack),
        f"<h2>Attach</h2>{checklist(attachment_lines(pack), 'Nothing.')}",
        f"<h2>Text to paste</h2><p><b>{escape(pack.subject)}</b></p>",
        f"<pre>{escape(pack.text)}</pre>",
        "<h2>Filed</h2><p>Case: ______________________ &nbsp; Day: ______________________</p>",
        f"<h2>Sources of these instructions</h2><ul>{''.join(_sources(pack))}</ul>",
    )


def _overview(pack: PackBody) -> Iterator[tuple[str, str]]:
    yield "Marketplace", pack.marketplace or "not known"
    yield "Worth", amount_words(pack)
    yield "Claims", f"{pack.claim_count:,}"
    yield "Units", f"{pack.quantity:,}"
    yield "Last safe day", deadline_words(pack)


def _where(pack: PackBody) -> str:
    how = pack.how
    addresses = [one for one in (how.seller_central, how.help_page) if one]
    links = "".join(
        f'<li><a href="{escape(one)}" rel="noopener noreferrer">{escape(one)}</a>'
        for one in addresses
    )
    unknown = "" if how.seller_central else bullets(["The address of Seller Central is not known."])
    return (
        f'<div class="keep"><p><b>{escape(how.title)}</b></p>'
        f"<p>{escape(' > '.join(how.steps))}</p>"
        f"<p>{escape(path_note(how))}</p><ul>{links}</ul>{unknown}</div>"
    )


def _items(pack: PackBody) -> str:
    """A table of what differs, where there are several claims."""
    if len(pack.items) < 2:
        return ""
    told = [
        {fact.label: fact.value for fact in told_apart(item)}
        or {"Day": written_day(item.event_date)}
        for item in pack.items
    ]
    names = list(dict.fromkeys(name for facts in told for name in facts))
    head = "".join(f"<th scope=col>{escape(name)}" for name in names)
    head += "<th scope=col class=number>Units<th scope=col class=number>Amount"
    rows = []
    for item, facts in zip(pack.items, told, strict=True):
        cells = [_cell(name, facts[name]) if name in facts else "<td>" for name in names]
        cells += _cell("Units", f"{item.quantity:,}", "number")
        cells += _cell("Amount", item_worth(item), "number")
        rows.append(f"<tr>{''.join(cells)}")
    table = f'<table class="even"><thead><tr>{head}<tbody>{"".join(rows)}</table>'
    return f"<h2>Claims</h2>{table}"


def _cell(title: str, value: str, kind: str = "") -> str:
    """A narrow screen shows the title beside the value, for lack of room for a heading."""
    return f'<td class="{kind}" data-title="{escape(title)}">{escape(value)}'


def _sources(pack: PackBody) -> Iterator[str]:
    told = (*pack.how.sources, *(source for one in pack.attachments for source in one.sources))
    for source in dict.fromkeys(told):
        yield f"<li>{linked(source)}"
