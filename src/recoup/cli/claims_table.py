"""Claims for people: a table of many, all details of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from recoup.claims.lifecycle import Standing, WindowState
from recoup.cli.output import align, on_terminal, say
from recoup.clock import to_rfc3339
from recoup.terminal import printable

if TYPE_CHECKING:
    from rich.table import Table

    from recoup.claims.bodies.claim import ClaimBody, ClaimDetail, ClaimHistoryEntry
    from recoup.claims.bodies.packet import Packet
    from recoup.claims.bodies.totals import SelectionTotals, StandingTotals

_HEADER = ("claim", "what", "product or order", "units", "amount", "days left", "stage", "review")
_RIGHT = {"units", "amount", "days left"}
_STYLES = {
    WindowState.OPEN: "",
    WindowState.WAIT: "dim",
    WindowState.EXPIRED: "dim",
    WindowState.UNKNOWN: "yellow",
}
STANDING_WORDS: Mapping[str, str] = {
    Standing.OWED: "owed",
    Standing.TO_REVIEW: "to review, with weak evidence",
    Standing.WINDOW_UNKNOWN: "with an unknown window",
    Standing.EXPIRED: "too late to file",
    Standing.FILED: "filed",
    Standing.APPROVED: "approved",
    Standing.REJECTED: "rejected",
    Standing.DISMISSED: "dismissed",
    Standing.WITHDRAWN: "withdrawn",
}
_URGENT_DAYS = 14
_ID_PREFIX = "claim_"
_SHORT_ID = 8


def print_claims(items: Sequence[ClaimBody], totals: SelectionTotals) -> None:
    """A coloured table on a terminal, aligned lines elsewhere, then the totals."""
    if not (items and on_terminal()):
        say(*claims_lines(items, totals))
        return
    from rich.console import Console

    Console().print(_table(items))
    say(*_sums(items, totals))


def claims_lines(items: Sequence[ClaimBody], totals: SelectionTotals) -> list[str]:
    if not items:
        return ["No claims."]
    return [*align(_HEADER, [_cells(item) for item in items]), "", *_sums(items, totals)]


def _sums(items: Sequence[ClaimBody], totals: SelectionTotals) -> list[str]:
    """What all claims come to, also those that are not shown: what is owed with a line per currency,
    as currencies are never added, then the others with the option that lists them.
    """
    hidden = totals.claim_count - len(items)
    lines = [f"These are the {len(items)} most urgent of {totals.claim_count:,}."] * (hidden > 0)
    owed = totals.owed
    if owed.claim_count:
        verb = "is" if owed.claim_count == 1 else "are"
        lines.append(f"{_count(owed.claim_count, 'claim')} {verb} owed:")
        lines += [f"{one} in {_count(one.claim_count, 'claim')}" for one in owed.by_currency]
    if owed.unvalued_count:
        number = _count(owed.unvalued_count, "claim")
        lines.append(f"{number} without a known amount: enter sourcing costs")
    return lines + [_other(one) for one in totals.by_standing if one.standing is not Standing.OWED]


def _other(totals: StandingTotals) -> str:
    """Claims of another standing than owed."""
    amounts = [str(one) for one in totals.by_currency]
    if totals.unvalued_count:
        amounts.append(f"{totals.unvalued_count:,} without a known amount")
    standing = totals.standing
    called = STANDING_WORDS[standing]
    number = _count(totals.claim_count, "claim")
    return f"{number} {called}: {', '.join(amounts)} (--standing {standing})"


def detail_lines(packet: Packet) -> list[str]:
    """All details of one claim."""
    from recoup.claims.bodies.packet import place_in_words, values_in_words

    claim = packet.claim
    facts = [
        ("claim", claim.claim_id),
        ("stage", _stage(claim)),
        ("next", _next(claim)),
        ("on hold", claim.hold_reason),
        ("status", claim.status),
        ("order", claim.order_id),
        ("SKU", claim.sku),
        ("FNSKU", claim.fnsku),
        ("ASIN", claim.asin),
        ("event", claim.event_date),
        ("units", claim.quantity),
        ("amount", "not known" if claim.amount is None else claim.amount),
        ("days left", _days_left(claim)),
        ("case", claim.case_id),
        ("filed on", claim.filed_on),
        ("paid", claim.paid_amount),
        ("unconfirmed", _unconfirmed(claim)),
        ("note", claim.note),
    ]
    lines = [claim.title]
    lines += [f"  {name:<12} {value}" for name, value in facts if value is not None]
    lines += _section("How the numbers were calculated", packet.arithmetic)
    lines += _section(
        "Source rows", [f"{place_in_words(row)}: {values_in_words(row)}" for row in packet.rows]
    )
    lines += _section("Documents to attach", packet.documents)
    lines += _section("Amazon's answers", list(_answers(claim)))
    lines += _section("Reimbursements", list(_payments(claim)))
    for one in claim.texts:
        attach = [f"Attach: {what}" for what in one.attach]
        lines += _section(f"Text for Amazon: {one.title}", [*one.text.splitlines(), *attach])
    lines += _section(
        "History",
        [f"{to_rfc3339(e.at)} {e.who}: {_moved(e)}. {e.why}" for e in claim.history],
    )
    return [*lines, "", packet.notice]


def _table(items: Sequence[ClaimBody]) -> Table:
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
        table.add_row(*(Text(printable(cell)) for cell in (short, *others)), style=_style(item))
    return table


def _style(item: ClaimBody) -> str:
    days = item.days_left
    if item.window_state is WindowState.OPEN and days is not None and days <= _URGENT_DAYS:
        return "bold red"
    return _STYLES.get(item.window_state, "")


def _cells(item: ClaimBody) -> list[object]:
    return [
        item.claim_id,
        item.title,
        item.order_id or item.fnsku or item.sku,
        item.quantity,
        "?" if item.amount is None else str(item.amount),
        _days_left(item),
        item.stage,
        item.review,
    ]


def _days_left(item: ClaimBody) -> str:
    match item.window_state:
        case WindowState.UNKNOWN:
            return "unknown"
        case WindowState.EXPIRED:
            return "over"
        case WindowState.WAIT:
            return f"from {item.fileable_from}"
    return str(item.days_left)


def _stage(claim: ClaimDetail) -> str:
    stages = ", ".join(claim.allowed_stages)
    return f"{claim.stage}{f' (next: {stages})' if stages else ''}"


def _next(claim: ClaimDetail) -> str:
    when = "" if claim.next_action.on is None else f" ({claim.next_action.on})"
    return f"{claim.next_action.text}{when}"


def _unconfirmed(claim: ClaimDetail) -> str | None:
    if claim.unconfirmed_amount is None:
        return None
    return f"{claim.unconfirmed_amount}, not in the reimbursements report"


def _answers(claim: ClaimDetail) -> Iterator[str]:
    for one in claim.responses:
        told = (one.stage, one.reason, one.amount, one.units and _count(one.units, "unit"))
        yield f"{one.received_on} {', '.join(str(part) for part in told if part)}"
        yield from (f"  {line}" for line in (one.text or "").splitlines())


def _payments(claim: ClaimDetail) -> Iterator[str]:
    for one in claim.payments:
        own = "" if one.recovered else ", paid by Amazon without a case"
        day = to_rfc3339(one.approved_at)[:10]
        yield f"{day} {one.reimbursement_id}: {one.amount}, {_count(one.units, 'unit')}{own}"


def _moved(entry: ClaimHistoryEntry) -> str:
    """The stage that it moved to, or the status."""
    return str(entry.changes["stage"][1] if "stage" in entry.changes else entry.to_status)


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
