"""What a report type is: its columns, its rows, and how its file is written.

Sources: FBA claims facts 2.1 (encodings, quoting), SP-API facts 5.1 to 5.3 (windows, cadence).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from recoup.sandbox.world.instants import Instant, to_instant
from recoup.sandbox.world.profile import Profile
from recoup.sandbox.world.seller import SellerWorld

_LINES_AT_ONCE = 256  # about 64 KiB of orders
_TAB = "\t"


class Cadence(enum.Enum):
    """How often Amazon makes a report of the type anew (facts 5.2)."""

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
    """What a client asked for: [since, until) in aware UTC, and the reportOptions.

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
        """The end of the window, or of the world where that comes first."""
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

    `rows` gives cells as text, already in the marketplace's formats, lazily; `lines` gives the
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


def document_bytes(
    report_type: ReportType, world: SellerWorld, request: ReportRequest
) -> Iterator[bytes]:
    """The file, not compressed, in pieces of about 64 KiB."""
    header = report_type.header_for(world.profile)
    encoding = encoding_of(report_type, world.profile)
    join = _quoted if report_type.quoted else _TAB.join
    mark = "\ufeff" if report_type.marked and world.profile.name == "us" else ""
    yield f"{mark}{join(header)}\n".encode(encoding)
    if report_type.lines is not None:
        lines = report_type.lines(world, request)
    else:
        lines = _encoded(map(join, report_type.rows(world, request)), encoding)
    while piece := b"".join(islice(lines, _LINES_AT_ONCE)):
        yield piece


def _encoded(lines: Iterator[str], encoding: str) -> Iterator[bytes]:
    for line in lines:
        # A letter that the code page lacks becomes a question mark, as in Amazon's own files.
        yield f"{line}\n".encode(encoding, "replace")


def _quoted(cells: Row) -> str:
    return '"' + '"\t"'.join(cell.replace('"', '""') for cell in cells) + '"'
