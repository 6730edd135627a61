"""A downloaded file as the API would have sent it: the wanted columns, with ISO days. Blocking."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import IO

from recoup.errors import FileRefusedError
from recoup.spapi.documents import Spool
from recoup.streams._report import Field, FieldKind, ReplaceDays, Report, Upsert
from recoup.sync.files.days import DayOrder, iso_day, iso_time, order_of
from recoup.sync.files.recognise import ENGLISH, Recognised
from recoup.sync.files.transcode import Head, transcode
from recoup.sync.files.words import word_in, words_of
from recoup.sync.loading.file_text import ReportText
from recoup.sync.loading.known_columns import CONTENT_TYPE, records_of

# By what the days of a file are told, where its stream declares nothing.
_DATED = {"removals": "last_updated_at", "orders": "last_updated_at", "settlements": "posted_at"}
# Where rows name the country or the currency in which the seller sells.
_PLACES = {
    "ledger": "country",
    "reimbursements": "currency",
    "orders": "sales_channel",
    "ledger_summary": "location",
}
_MOST_WORDS = 5
_SIGNS = re.compile(
    r"^(?:[A-Z]{3}|[A-Z]{0,2}\$|[€£¥￥])?\s*([-+]?[\d.,'\s]+?)\s*(?:[A-Z]{3}|[€£¥￥])?$"
)
_IN_NUMBER = re.compile(r"[\s']+")
# Of a line that does not fit the headings: it does not fit afterwards either.
_STRAY = "?"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file in the form of the API's. first_on, last_on: the days of its rows, where they have any.

    places: how often it names each country, currency or sales channel.
    """

    head: Head
    spool: Spool
    first_on: date | None
    last_on: date | None
    places: Mapping[str, int]

    @property
    def report(self) -> Recognised:
        return self.head.report


@dataclass(slots=True)
class _Found:
    """What the cells of a file say about the rest of them."""

    days: dict[str, set[str]] = field(default_factory=dict)
    unknown: dict[str, set[str]] = field(default_factory=dict)
    places: Counter[str] = field(default_factory=Counter)


@contextmanager
def rewritten(
    source: IO[bytes], name: str, order: DayOrder = DayOrder.UNKNOWN
) -> Iterator[Rewritten]:
    """The file, until the context ends. order: what a person says of days such as 03/04/2026.

    Raises FileRefusedError for a file of which recoup would have to guess a value.
    """
    with tempfile.TemporaryFile() as plain, tempfile.TemporaryFile() as target:
        head = transcode(source, plain, name)
        found = _look(plain, head.report)
        _require_words(found, head.report, name)
        orders = _orders(head.report, found, order, name)
        first, last = _write(plain, target, head.report, orders)
        size = target.tell()
        target.seek(0)
        spool = Spool(target, CONTENT_TYPE, "UTF-8", is_compressed=False, size_bytes=size)
        yield Rewritten(head, spool, first, last, found.places)


def dated_column(report: Recognised) -> str | None:
    """The column by which the days of a file are told; None for one of the present."""
    assert report.stream.report is not None
    match report.stream.report.load:
        case ReplaceDays(day=day):
            return day
        case Upsert(dated=str() as dated):
            return dated
    return _DATED.get(report.stream.name)


def _rows(plain: IO[bytes], report: Report) -> Iterator[tuple[list[str], bool]]:
    """The lines below the headings as cells, none for a blank one, and whether each is a row."""
    plain.seek(0)
    spool = Spool(plain, CONTENT_TYPE, "UTF-8", is_compressed=False, size_bytes=0)
    content = ReportText(spool, "utf-8", lenient=True, fields=report.fields)
    tally, line, blanks, strays = content.tally, 1, 0, 0
    for piece in content.pieces(exact=True):
        for cells in records_of(content, piece):
            line += 1
            if blanks < len(tally.blank) and tally.blank[blanks] == line:
                blanks += 1
                yield [], False
            elif strays < len(tally.ragged) and tally.ragged[strays] == line:
                strays += 1
                yield cells, False
            else:
                yield cells, True


def _look(plain: IO[bytes], report: Recognised) -> _Found:
    """One look at all cells whose meaning depends on others, or on the language."""
    found = _Found()
    name = report.stream.name
    fields = report.fields
    days = [(one, at) for one, at in report.columns.items() if _is_dated(fields[one])]
    coded = [
        (one, at, words)
        for one, at in report.columns.items()
        if (words := words_of(name, one)) is not None
    ]
    place = report.columns.get(_PLACES.get(name, ""))
    assert report.stream.report is not None
    for cells, is_row in _rows(plain, report.stream.report):
        if not is_row:
            continue
        for column, at in days:
            found.days.setdefault(column, set()).add(cells[at].strip()[:10])
        for column, at, words in coded:
            text = cells[at].strip()
            if text not in {"", "--"} and word_in(words, text) is None:
                found.unknown.setdefault(column, set()).add(text[:60])
        if place is not None:
            found.places[cells[place].strip()] += 1
    return found


def _require_words(found: _Found, report: Recognised, name: str) -> None:
    """In English an unknown word is one that Amazon added, which rules leave alone; in another
    language it may be any of those that they look for.
    """
    if report.language == ENGLISH or not found.unknown:
        return
    column, words = next(iter(sorted(found.unknown.items())))
    listed = ", ".join(repr(one) for one in sorted(words)[:_MOST_WORDS])
    raise FileRefusedError(
        f"{name}: the column {report.fields[column].headers[0]!r} has words that recoup does not know "
        f"in this language: {listed}. Set the language of Seller Central to English and download the "
        "report again."
    )


def _orders(report: Recognised, found: _Found, told: DayOrder, name: str) -> dict[str, DayOrder]:
    """What comes first in each column of days; one that does not decide follows the others."""
    orders = {column: order_of(values) for column, values in found.days.items()}
    decided = {one for one in orders.values() if one not in {None, DayOrder.UNKNOWN}}
    others = decided.pop() if len(decided) == 1 else None
    for column, order in orders.items():
        if order is DayOrder.UNKNOWN:
            orders[column] = others or _told_order(report, column, found.days[column], told, name)
    return {column: order or DayOrder.UNKNOWN for column, order in orders.items()}


def _told_order(
    report: Recognised, column: str, values: set[str], told: DayOrder, name: str
) -> DayOrder:
    if told is not DayOrder.UNKNOWN:
        return told
    # Amazon writes the days of the ledger so, in Europe too (docs/amazon.md#report-files).
    if report.language == ENGLISH and report.stream.name.startswith("ledger"):
        return DayOrder.MONTH
    raise FileRefusedError(
        f"{name}: of the days in the column {report.fields[column].headers[0]!r}, such as "
        f"{min(values)!r}, recoup cannot tell the day from the month. Say which comes first, or "
        "download a time that goes beyond the 12th of a month."
    )


def _write(
    plain: IO[bytes], target: IO[bytes], report: Recognised, orders: Mapping[str, DayOrder]
) -> tuple[date | None, date | None]:
    """Writes the file; returns the first and the last day of its rows."""
    assert report.stream.report is not None
    columns = [(at, _reader(report, column, orders)) for column, at in report.columns.items()]
    dated = dated_column(report)
    day_at = None if dated not in report.columns else list(report.columns).index(str(dated))
    target.write(_line([report.fields[column].headers[0] for column in report.columns]))
    first, last = "", ""
    for cells, is_row in _rows(plain, report.stream.report):
        if not cells:
            target.write(b"\n")
        elif not is_row:
            target.write(_line([*(cells[at] for at, _ in columns), _STRAY]))
        else:
            told = [read(cells[at]) for at, read in columns]
            target.write(_line(told))
            day = told[day_at][:10] if day_at is not None else ""
            if _is_iso(day):
                first, last = min(first or day, day), max(last, day)
    return _day(first), _day(last)


def _reader(
    report: Recognised, column: str, orders: Mapping[str, DayOrder]
) -> Callable[[str], str]:
    """How cells of the column become those of the API's file. What is not understood stays as it is:
    loading puts its row into quarantine.
    """
    one = report.fields[column]
    order = orders.get(column, DayOrder.UNKNOWN)
    words = words_of(report.stream.name, column)
    if one.kind is FieldKind.DATE:
        return lambda text: iso_day(text, order) or text
    if one.kind is FieldKind.TIME:
        return lambda text: iso_time(text, order) or text
    if one.kind in {FieldKind.AMOUNT, FieldKind.INTEGER}:
        return _number
    if words is not None:
        return lambda text: word_in(words, text) or text
    return str.strip


def _number(text: str) -> str:
    """A number without the signs of currencies and the blanks between thousands."""
    plain = text.replace("\u2212", "-").strip()
    found = _SIGNS.fullmatch(plain)
    return plain if found is None else _IN_NUMBER.sub("", found[1])


def _is_dated(one: Field) -> bool:
    return one.kind in {FieldKind.DATE, FieldKind.TIME}


def _is_iso(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _line(cells: list[str]) -> bytes:
    return ("\t".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n").encode()
