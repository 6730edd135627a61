"""Reports as people download them in Seller Central, made from a world of the sandbox.

A shape is what one language's downloads look like: headings, separators, encoding, days and numbers.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from recoup.sandbox.reports import all_report_types
from recoup.sandbox.reports.report import ReportRequest, document_bytes, encoding_of
from recoup.sandbox.world.dice import derive_key
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.profile import PROFILES
from recoup.sandbox.world.seller import SPAN_DAYS, SellerWorld
from recoup.streams._report import FieldKind, normal_header
from recoup.sync.files import recognise
from recoup.sync.files.recognise import report_streams

BY_HAND = (
    "reimbursements",
    "ledger",
    "ledger_summary",
    "returns",
    "removals",
    "removal_shipments",
    "replacements",
    "orders",
)
"""The streams whose reports the help pages say how to download."""
_OPTIONS = {
    "ledger_summary": {"aggregateByLocation": "COUNTRY", "aggregatedByTimePeriod": "MONTHLY"}
}
_HEADINGS = tomllib.loads(recognise._HEADINGS.read_text(encoding="utf-8"))
_WORDS = {
    "de": {
        "Adjustments": "Korrekturen",
        "CustomerReturns": "Kundenretouren",
        "Receipts": "Wareneingänge",
    },
    "ja": {"Adjustments": "在庫調整", "SELLABLE": "販売可", "Shipments": "出荷"},
    "fr": {"SELLABLE": "Vendable", "CUSTOMER_DAMAGED": "Endommagé par le client"},
}


@dataclass(frozen=True)
class Shape:
    """How a language's downloads are written. day: of a date and the clock behind it, if any."""

    language: str
    encoding: str
    delimiter: str
    day: Callable[[date, str], str]
    number: Callable[[str], str] = str
    quoted: bool = False
    above: str = ""
    ending: str = "\r\n"


def _comma(text: str) -> str:
    return text.replace(".", ",")


def _english(day: date, clock: str) -> str:
    return f"{day:%b} {day.day}, {day.year}{f' {clock} UTC' if clock else ''}"


def _joined(form: str) -> Callable[[date, str], str]:
    """Days in this form, with the clock behind them."""
    return lambda day, clock: f"{day.strftime(form)} {clock}".strip()


SHAPES = {
    one.language: one
    for one in (
        Shape("en", "utf-8-sig", ",", _english, quoted=True),
        Shape("de", "cp1252", ";", _joined("%d.%m.%Y"), _comma, above="sep=;\r\n"),
        Shape("fr", "utf-16", "\t", _joined("%d/%m/%Y"), _comma),
        Shape("it", "utf-8", ",", _joined("%d/%m/%Y"), _comma, quoted=True),
        Shape("es", "cp1252", "\t", _joined("%d-%m-%Y"), _comma),
        Shape("ja", "cp932", "\t", _joined("%Y/%m/%d"), ending="\n"),
    )
}


def world_of(orders: int, midnight: datetime, profile: str = "us", seed: int = 1) -> SellerWorld:
    """The world of the sandbox's configured seller that began on this day."""
    start = Instant(int(midnight.timestamp()) - SPAN_DAYS * DAY)
    return SellerWorld(derive_key(seed), start, orders, PROFILES[profile])


def rows_of(
    stream: str, world: SellerWorld, since: datetime, until: datetime
) -> tuple[list[str], list[list[str]]]:
    """The headings and the rows of the API's file."""
    report = next(one.report for one in report_streams() if one.name == stream)
    assert report is not None
    kind = all_report_types()[report.report_type]
    asked = ReportRequest(
        (world.home.marketplace_id,), since, until, _OPTIONS.get(stream, {}), until
    )
    raw = b"".join(document_bytes(kind, world, asked)).decode(encoding_of(kind, world.profile))
    quoting = csv.QUOTE_ALL if kind.quoted else csv.QUOTE_NONE
    head, *rows = csv.reader(
        io.StringIO(raw.lstrip("\ufeff"), newline=""), delimiter="\t", quoting=quoting
    )
    return head, rows


def by_hand(
    stream: str, shape: Shape, world: SellerWorld, since: datetime, until: datetime
) -> bytes:
    """The report as a person would have it on a disk."""
    head, rows = rows_of(stream, world, since, until)
    return written(stream, shape, head, rows)


def written(stream: str, shape: Shape, head: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Rows of the API's file in this shape."""
    kinds = _kinds(stream)
    lines = [
        [
            _cell(cell, kinds.get(normal_header(name), (None, ""))[0], shape)
            for name, cell in zip(head, row, strict=True)
        ]
        for row in rows
    ]
    text = io.StringIO(newline="")
    writer = csv.writer(
        text,
        delimiter=shape.delimiter,
        quoting=csv.QUOTE_ALL if shape.quoted else csv.QUOTE_MINIMAL,
        lineterminator=shape.ending,
    )
    writer.writerow([_heading(stream, name, kinds, shape.language) for name in head])
    writer.writerows(lines)
    return (shape.above + text.getvalue()).encode(shape.encoding, "replace")


def _kinds(stream: str) -> Mapping[str, tuple[FieldKind | None, str]]:
    report = next(one.report for one in report_streams() if one.name == stream)
    assert report is not None
    return {
        normal_header(name): (one.kind, one.column) for one in report.fields for name in one.headers
    }


def _heading(
    stream: str, name: str, kinds: Mapping[str, tuple[FieldKind | None, str]], language: str
) -> str:
    column = kinds.get(normal_header(name), (None, ""))[1]
    told = _HEADINGS.get(stream, {}).get(column, {}).get(language)
    if told is None:
        return name
    return told if isinstance(told, str) else str(told[0])


def _cell(cell: str, kind: FieldKind | None, shape: Shape) -> str:
    if kind in {FieldKind.DATE, FieldKind.TIME}:
        return _dated(cell, shape)
    if kind is FieldKind.AMOUNT:
        return shape.number(cell)
    return _WORDS.get(shape.language, {}).get(cell, cell)


def _dated(cell: str, shape: Shape) -> str:
    if found := re.fullmatch(r"(\d\d)/(\d{4})", cell):
        return f"{found[1]}/{found[2]}" if shape.language != "ja" else f"{found[2]}年{found[1]}月"
    if found := re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", cell):
        return shape.day(date(int(found[3]), int(found[1]), int(found[2])), "")
    try:
        at = datetime.fromisoformat(cell).astimezone(UTC)
    except ValueError:
        return cell
    return shape.day(at.date(), f"{at:%H:%M:%S}")
