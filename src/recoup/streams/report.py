"""What a stream declares of a report: its type, the columns of its file, and how it is loaded.

The bytes of a file go into a staging table of text columns and from there into the stream's table
by one statement (recoup.sync.load_report); no row of a report becomes a Python object.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

NEAR_REAL_TIME = timedelta(minutes=30)
DAILY = timedelta(hours=4)
"""Amazon does not make a similar report again before this has passed (docs/amazon.md #reports)."""


class Kind(enum.Enum):
    """How the text of a cell is read. Empty and `--` are null, whatever the kind."""

    TEXT = "text"
    INTEGER = "integer"
    AMOUNT = "amount"
    """A decimal number; the decimal sign is that of the file."""
    DATE = "date"
    """ISO, `MM/DD/YYYY`, or `DD.MM.YYYY`. `MM/YYYY` and `YYYY-MM` are the first of the month."""
    TIME = "time"
    """An instant. One without offset is UTC."""
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a file that becomes a column of the table.

    headers: Amazon's names for it, of which the first that the file has is taken; compared by
    `normal_header`. required: a file without it fails, and a row without a value is quarantined.
    default: instead of null, for parts of a key.
    """

    column: str
    headers: tuple[str, ...]
    kind: Kind = Kind.TEXT
    required: bool = False
    default: str | None = None


def normal_header(text: str) -> str:
    """A header without what differs between Amazon's spellings: case, blanks, signs, `centre`.

    Source: FBA reports attributes write `EventType` where the file has `Event Type`
    (docs/amazon.md #report-files).
    """
    plain = re.sub(r"[^a-z0-9]", "", text.lower())
    return plain.replace("fulfilment", "fulfillment").replace("centre", "center")


@dataclass(frozen=True, slots=True)
class Upsert:
    """Rows have a natural key: the newest version of each is kept.

    occurrence: the column of the key that numbers rows of one file that are otherwise equal in
    their key, from 1; None when the key is unique and a repeat is the same row.
    within: a date column; rows whose date is not in the window are left out. The edges of a window
    bring parts of other months, and a part must not replace the whole. Two days more are asked for
    on both sides, so that the window itself is whole in every time zone.
    """

    occurrence: str | None = None
    within: str | None = None


@dataclass(frozen=True, slots=True)
class ReplaceDays:
    """Rows have no key and equal rows are legal: the days of the file replace what was stored.

    day: the date column. A day that the file does not have keeps its rows, and so does a whole
    window when the file has less than half of the rows that are stored for it: Amazon's reports
    were empty during outages (docs/amazon.md #ledger).
    """

    day: str


@dataclass(frozen=True, slots=True)
class Statements:
    """SQL of the stream's own file, for rows that become rows of several tables.

    Each statement reads `staged` (one column per Field, typed, and `source_line`) and the bind
    parameters :connection_id, :source and, for a stream of scope MARKETPLACE, :marketplace_id. The
    first one writes the main table.
    unchanged: a SELECT of one number, run after them: the rows of `staged` that are stored, less the
    rows of the main table that this transaction has written (their `loaded_at` is now()). With the
    rows written it must make up all of `staged`, so it must not count what was lost.
    """

    sql: tuple[str, ...]
    unchanged: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report type as a source.

    longest: the longest window to ask for in one report. repeat_after: how long Amazon refuses to
    make a similar report again; zero: not at all. options: reportOptions as sent.
    lead: how long before now the window must begin at the latest (fee preview: 72 hours).
    by_month: windows begin and end with calendar months, available once the month is over; with
    `longest` one report may cover several.
    takes_options: others may ask for a part of it by options that Amazon does not tell, so nothing
    of theirs is taken for ours.
    discovered: Amazon makes it by itself and it cannot be requested; found with getReports and
    archived raw on first sight.
    doubts: a SELECT of sentences about rows that this transaction has written, run after loading,
    for people who should know; its parameters are those of `Statements`.
    """

    report_type: str
    fields: tuple[Field, ...]
    load: Upsert | ReplaceDays | Statements
    repeat_after: timedelta
    longest: timedelta | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    lead: timedelta | None = None
    by_month: bool = False
    takes_options: bool = False
    discovered: bool = False
    doubts: str | None = None
