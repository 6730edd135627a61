"""The declaration of a stream's report: its type, the columns of its file, and how to load it.

The bytes of a file go into a staging table of text columns and from there into the stream's table
by one statement (recoup.sync.loading.file); no row of a report becomes a Python object.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

NEAR_REAL_TIME = timedelta(minutes=30)
DAILY = timedelta(hours=4)
"""Amazon does not make a similar report again before this has passed (docs/amazon.md#reports)."""


class FieldKind(enum.Enum):
    """How the text of a cell is read. Empty and `--` are null, whatever the kind."""

    TEXT = "text"
    INTEGER = "integer"
    AMOUNT = "amount"
    """A decimal number with the decimal sign of the file."""
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
    default: instead of null, for parts of a key. filled: every real file has a value in some row, so a
    column without any counts as missing, even where its heading is there. filled_where: the same of
    the rows for which this condition on the table holds; where there is none of them, nothing is known.
    is_code: a name of Amazon's making, in which there is no blank; a text with one is of another
    column. varies: not every seller's files have it, so that it is missed only where it had values
    before. absent_in: marketplaces whose files have never had it. A column that is not there is null
    in the rows that are loaded, and proves nothing. stored_as: the columns of the stream's tables
    that it becomes, if `Statements` use other names.
    """

    column: str
    headers: tuple[str, ...]
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    default: str | None = None
    filled: bool = False
    filled_where: str | None = None
    is_code: bool = False
    varies: bool = False
    absent_in: tuple[str, ...] = ()
    stored_as: tuple[str, ...] = ()


def normal_header(text: str) -> str:
    """A header without the differences between Amazon's spellings: case, blanks, signs, `centre`.

    Source: FBA reports attributes write `EventType` where the file has `Event Type`
    (docs/amazon.md#report-files).
    """
    plain = re.sub(r"[^a-z0-9]", "", text.lower())
    return plain.replace("fulfilment", "fulfillment").replace("centre", "center")


@dataclass(frozen=True, slots=True)
class Same:
    """Rows that are one thing although their keys differ.

    A stored row is deleted if a file has it under another key, such as a return with a new date.

    columns: those that are equal. where: SQL, which of the stored rows may be meant. in_window: only
    rows of the days that the file contains in full, and so no earlier event of the same kind. No
    more rows go than the file has new ones, so a partial file deletes nothing; in an `is_all`, a
    snapshot, the file is complete, and the rest is deleted.
    """

    columns: tuple[str, ...]
    where: str = "true"
    in_window: bool = False
    is_all: bool = False


@dataclass(frozen=True, slots=True)
class Upsert:
    """Rows with a natural key: the newest version of each is kept.

    occurrence: the column of the key that numbers rows of one file that are otherwise equal in
    their key, from 1; None when the key is unique and a repeat is the same row. ordered_by: columns
    by whose values they are numbered, so that a file in another order is the same; then by line.
    dated: the column that the window of the report is about, None where that is not known: by it a
    file is compared with what is stored of its days.
    within: a date column; rows whose date is not in the window are left out. The edges of a window
    bring parts of other months, and a part must not replace the whole. Two days more are requested
    on both sides, so that the window itself is whole in every time zone.
    """

    occurrence: str | None = None
    within: str | None = None
    ordered_by: tuple[str, ...] = ()
    dated: str | None = None
    same: tuple[Same, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplaceDays:
    """Rows without a key, where equal rows are legal: the days of the file replace stored ones.

    day: the date column. A day that the file does not have keeps its rows, and so does a whole
    window when the file has a fifth less than is stored for it, until a second file says the same
    (recoup.sync.loading.shrunk).
    """

    day: str


@dataclass(frozen=True, slots=True)
class Statements:
    """The stream's own SQL, for rows that become rows of several tables.

    Each statement reads `staged` (one column per Field, typed, and `source_line`) and the bind
    parameters :connection_id, :source and, for a stream of scope MARKETPLACE, :marketplace_id. The
    first one writes the main table.
    unchanged: a SELECT of one number, run after them: the rows of `staged` that are stored, less the
    rows of the main table that this transaction has written (their `loaded_at` is now()). With the
    rows written it must make up all of `staged`, so it must not count what was lost.
    key: columns of `staged` that only one row of a file can have; those that share it and differ are
    told, as the statements keep one of them.
    """

    sql: tuple[str, ...]
    unchanged: str
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A report type as a source.

    longest: the longest window to request in one report. repeat_after: how long Amazon refuses to
    make a similar report again; zero: not at all. options: reportOptions as sent.
    lead: how long before now the window must begin at the latest (fee preview: 72 hours).
    by_month: windows begin and end with calendar months, available once the month is over; with
    `longest` one report may cover several.
    takes_options: others may ask for a part of it by options that Amazon does not list, so nothing
    of theirs is taken for ours.
    ignored: headings that are known and not wanted.
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
    ignored: tuple[str, ...] = ()
