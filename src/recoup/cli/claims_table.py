"""Claims for people: a table of many, all about one. From the bodies of the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from recoup.claims.packet import place_in_words, values_in_words
from recoup.cli.output import align, on_terminal

if TYPE_CHECKING:
    from rich.table import Table

Body = Mapping[str, Any]

_HEADER = ("claim", "what", "product or order", "units", "amount", "days left", "status", "review")
_RIGHT = {"units", "amount", "days left"}
_STYLES = {"wait": "dim", "expired": "dim", "unknown": "yellow"}
_URGENT_DAYS = 14
_ID_PREFIX = "claim_"
_SHORT_ID = 8


def print_claims(items: Sequence[Body], totals: Body) -> None:
    """A coloured table on a terminal, aligned lines elsewhere, then what it comes to."""
    if not (items and on_terminal()):
        typer.echo("\n".join(claims_lines(items, totals)))
        return
    from rich.console import Console

    Console().print(_table(items))
    typer.echo("\n".join(_sums(items, totals)))


def claims_lines(items: Sequence[Body], totals: Body) -> list[str]:
    if not items:
        return ["No claims."]
    return [*align(_HEADER, [_cells(item) for item in items]), "", *_sums(items, totals)]


def _sums(items: Sequence[Body], totals: Body) -> list[str]:
    """What all claims come to, also those that are not shown: a line per currency, never added."""
    hidden = totals["claimCount"] - len(items)
    lines = [f"These are the {len(items)} most urgent of {totals['claimCount']:,}."] * (hidden > 0)
    lines += [
        f"{_money(total)} in {_count(total['claimCount'], 'claim')}"
        for total in totals["byCurrency"]
    ]
    if totals["unvaluedCount"]:
        number = _count(totals["unvaluedCount"], "claim")
        lines.append(f"{number} without a known amount: enter sourcing costs")
    return lines


def detail_lines(packet: Body) -> list[str]:
    """All about one claim, from its packet (`recoup.claims.packet`)."""
    claim = packet["claim"]
    facts = [
        ("claim", claim["claimId"]),
        ("status", _status(claim)),
        ("order", claim["orderId"]),
        ("SKU", claim["sku"]),
        ("FNSKU", claim["fnsku"]),
        ("ASIN", claim["asin"]),
        ("event", claim["eventDate"]),
        ("units", claim["quantity"]),
        ("amount", "not known" if claim["amount"] is None else _money(claim["amount"])),
        ("days left", _days_left(claim)),
        ("case", claim["caseId"]),
        ("note", claim["note"]),
    ]
    lines = [claim["title"]]
    lines += [f"  {name:<10} {value}" for name, value in facts if value is not None]
    lines += _section("How the numbers come about", packet["arithmetic"])
    lines += _section(
        "Source rows", [f"{place_in_words(row)}: {values_in_words(row)}" for row in packet["rows"]]
    )
    lines += _section("Documents to attach", packet["documents"])
    lines += _section(
        "What became of it",
        [f"{e['at']} {e['who']}: {e['toStatus']}. {e['why']}" for e in claim["history"]],
    )
    return [*lines, "", packet["notice"]]


def _table(items: Sequence[Body]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in _HEADER:
        table.add_column(
            name, justify="right" if name in _RIGHT else "left", no_wrap=name != "what"
        )
    for item in items:
        claim_id, *others = ["-" if value is None else str(value) for value in _cells(item)]
        # Enough to name a claim to `recoup claims show`, which takes the beginning of an id.
        short = claim_id.removeprefix(_ID_PREFIX)[:_SHORT_ID]
        table.add_row(*(Text(cell) for cell in (short, *others)), style=_style(item))
    return table


def _style(item: Body) -> str:
    days = item["daysLeft"]
    if item["windowState"] == "open" and days is not None and days <= _URGENT_DAYS:
        return "bold red"
    return _STYLES.get(item["windowState"], "")


def _cells(item: Body) -> list[object]:
    return [
        item["claimId"],
        item["title"],
        item["orderId"] or item["fnsku"] or item["sku"],
        item["quantity"],
        "?" if item["amount"] is None else _money(item["amount"]),
        _days_left(item),
        item["status"],
        item["review"],
    ]


def _days_left(item: Body) -> str:
    match item["windowState"]:
        case "unknown":
            return "unknown"
        case "expired":
            return "over"
        case "wait":
            return f"from {item['fileableFrom']}"
    return str(item["daysLeft"])


def _status(claim: Body) -> str:
    steps = ", ".join(claim["possibleSteps"])
    return f"{claim['status']}{f' (next: {steps})' if steps else ''}"


def _money(money: Body) -> str:
    return f"{money['amount']} {money['currency']}"


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
