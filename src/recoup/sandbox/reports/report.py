"""A report type: its columns, its rows, and the format of its file.

Sources: docs/amazon.md#report-files (encodings, quoting), docs/amazon.md#reports (windows, cadence).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from recoup.sandbox.world.instants import Instant, to_instant
from recoup.sandbox.world.profile import Profile
from recoup.sandbox.world.seller import SellerWorld

_LINES_AT_ONCE = 256  # about 64 KiB of orders
_TAB = "\t"


class Cadence(enum.Enum):
    """How often Amazon regenerates a report of the type (docs/amazon.md#reports)."""

    NEAR_REAL_TIME = "near real time"
    """At most once per 30 minutes."""
    DAILY = "daily"
    """At most once per 4 hours."""
    MONTHLY = "monthly"
    """Once per calendar month."""
    ORDERS = "orders"
    """The All-Orders reports: exempt from the repeat rule."""
    AUTOMATIC = "automatic"
    """Exists by itself; cannot be requested."""


@dataclass(frozen=True)
class ReportRequest:
    """A client's request: [since, until) in aware UTC, and the reportOptions.

    `edge` is where the world ends when the report is made (what came later is not in it);
    None: at `until`.
    """

    marketplace_ids: tuple[str, ...]
    since: datetime
    until: datetime
    options: Mapping[str, str] = field(default_factory=dict)
    edge: datetime | None = None

    @property
    def begins(self) -> Instant:
        return to_instant(self.since)

    @property
    def ends(self) -> Instant:
        """The end of the window, or of the world if that is earlier."""
        return min(to_instant(self.until), self.as_of)

    @property
    def as_of(self) -> Instant:
        """The edge of the world."""
        return to_instant(self.until if self.edge is None else self.edge)


Header = tuple[str, ...]
Row = tuple[str, ...]


@dataclass(frozen=True)
class ReportType:
    """One kind of report.

    `rows` yields cells as text, already in the marketplace's formats, lazily; `lines` yields the
    same as encoded lines, for the reports where the speed of writing matters. `quoted` files
    put every cell in double quotes, `utf8` ones are not in the marketplace's code page, and
    `marked` ones begin with a byte order mark in the US. Windows longer than `longest_window`
    and older than `history` end FATAL.
    """

    name: str
    cadence: Cadence
    header: Header | Callable[[Profile], Header]
    rows: Callable[[SellerWorld, ReportRequest], Iterator[Row]]
    quoted: bool = False
    needs_dates: bool = True
    longest_window: timedelta | None = None
    history: timedelta | None = None
    options: frozenset[str] = frozenset()
    utf8: bool = False
    marked: bool = False
    lines: Callable[[SellerWorld, ReportRequest], Iterator[bytes]] | None = None

    def header_for(self, profile: Profile) -> Header:
        return self.header if isinstance(self.header, tuple) else self.header(profile)


def encoding_of(report_type: ReportType, profile: Profile) -> str:
    """The Python name of the file's encoding. `profile` is for marketplaces to come (JP: cp932)."""
    assert profile.name
    return "UTF-8" if report_type.utf8 else "cp1252"


@dataclass(frozen=True)
class Sheet:
    """A file before it is written: its headings, its rows, and its separators.

    A row may have more or fewer cells than there are headings, if a file is odd.
    """

    header: Header
    rows: Iterator[Row]
    quoted: bool
    ending: str = "\n"

    def having(self, **changes: Any) -> Sheet:
        """The sheet with other parts."""
        return replace(self, **changes)


def document_bytes(
    report_type: ReportType,
    world: SellerWorld,
    request: ReportRequest,
    *,
    changes: Sequence[Callable[[Sheet], Sheet]] = (),
) -> Iterator[bytes]:
    """The file, uncompressed, in pieces of about 64 KiB. `changes` make it an odd one."""
    header = report_type.header_for(world.profile)
    encoding = encoding_of(report_type, world.profile)
    sheet = Sheet(header, iter(()), report_type.quoted)
    if report_type.lines is None or changes:
        sheet = sheet.having(rows=report_type.rows(world, request))
        for change in changes:
            sheet = change(sheet)
        join = _quoted if sheet.quoted else _TAB.join
        lines = _encoded(map(join, sheet.rows), sheet.ending, encoding)
    else:
        join = _quoted if sheet.quoted else _TAB.join
        lines = report_type.lines(world, request)
    mark = "\ufeff" if report_type.marked and world.profile.name == "us" else ""
    yield f"{mark}{join(sheet.header)}{sheet.ending}".encode(encoding, "replace")
    while piece := b"".join(islice(lines, _LINES_AT_ONCE)):
        yield piece


def _encoded(lines: Iterator[str], ending: str, encoding: str) -> Iterator[bytes]:
    for line in lines:
        # A letter that the code page lacks becomes a question mark, as in Amazon's own files.
        yield f"{line}{ending}".encode(encoding, "replace")


def _quoted(cells: Row) -> str:
    if not cells:
        return ""
    return '"' + '"\t"'.join(cell.replace('"', '""') for cell in cells) + '"'
