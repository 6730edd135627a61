"""What is known from files: each file, each rule, and the reports that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from pydantic import Field

from recoup.body import CamelModel, Timestamp
from recoup.claims.detection.gaps import streams_by_name
from recoup.claims.detection.judged_days import (
    CoveredDays,
    judged_days_of,
    needed_streams,
    old_gaps,
    read_days,
)
from recoup.claims.rule import Rule
from recoup.claims.rules import all_rules
from recoup.connections.queries import Connection
from recoup.db.engine import Reader
from recoup.notes.note import NoteCode
from recoup.notes.queries import list_notes
from recoup.streams._stream import Stream
from recoup.sync.cursors.queries import list_cursors
from recoup.sync.files.load import FileOutcome
from recoup.sync.files.menu import PLACES
from recoup.sync.files.queries import FileRow, list_files


class FileBody(CamelModel):
    """A report that was loaded from a file."""

    name: str
    stream: str
    title: str = Field(description="The report's name in Seller Central.")
    language: str = Field(description="Language of its headings: en, de, fr, it, es or ja.")
    charset: str
    rows_read: int
    rows: int = Field(description="New or changed rows.")
    rows_unchanged: int
    rows_quarantined: int = Field(description="Rows that could not be read: see Quarantine.")
    first_on: date | None = Field(description="The days that it covers.")
    last_on: date | None
    remark: str | None = Field(description="What is odd about it.")
    loaded_at: Timestamp | None


class LoadedBody(FileBody):
    """The answer to a file."""

    connection_id: str
    already_loaded: bool = Field(description="The same file was loaded before: nothing changed.")
    unknown_columns: list[str]


class MissingReport(CamelModel):
    """A report to download. path: the menus of Seller Central; null: only Amazon's API has it."""

    stream: str
    title: str
    path: str | None
    hint: str
    why: str


class RuleBody(CamelModel):
    """Whether claims of a type were searched, and the days that were."""

    type: str
    title: str
    is_searched: bool
    first_on: date | None
    last_on: date | None
    why: str | None = Field(description="Why it waits, or was searched in part only.")
    missing: list[MissingReport]


class CheckBody(CamelModel):
    """What an account of files has, and what it lacks."""

    connection_id: str
    name: str
    marketplace_ids: list[str]
    files: list[FileBody]
    rules: list[RuleBody]


def loaded_body(outcome: FileOutcome, connection: Connection) -> LoadedBody:
    return LoadedBody(
        **dict(file_body(outcome.file)),
        connection_id=connection.connection_id,
        already_loaded=outcome.is_known,
        unknown_columns=list(outcome.unknown),
    )


def file_body(row: FileRow) -> FileBody:
    values = {name: getattr(row, name) for name in FileRow.__slots__ if name != "sha256"}
    return FileBody(**values, rows_read=row.rows_read, title=_title(streams_by_name()[row.stream]))


async def read_check(conn: Reader, connection: Connection, as_of: date) -> CheckBody:
    """The files of an account, and for each rule what it was searched for, as of the last detection."""
    days = await read_days(conn, connection.connection_id)
    cursors = await list_cursors(conn, connection.connection_id)
    read = {stream for (stream, _), one in cursors.items() if one.read_at or one.closed}
    old = {gap.stream for gap in old_gaps(days, as_of)}
    waits = {
        note.subject: note.message
        for note in await list_notes(conn, connection.connection_id)
        if note.code is NoteCode.RULE_WAITS
    }
    return CheckBody(
        connection_id=connection.connection_id,
        name=connection.selling_partner_id,
        marketplace_ids=list(connection.marketplace_ids),
        files=[file_body(row) for row in await list_files(conn, connection.connection_id)],
        rules=[_rule_body(rule, days, read, old, waits) for rule in all_rules()],
    )


def _rule_body(
    rule: Rule,
    days: Mapping[str, CoveredDays],
    read: set[str],
    old: set[str],
    waits: Mapping[str, str],
) -> RuleBody:
    missing = [
        _missing(one, days.get(one.name))
        for one in needed_streams(rule)
        if one.name not in read or one.name in old
    ]
    span = next(iter(judged_days_of([rule], days)), None) if not missing else None
    return RuleBody(
        type=rule.type.value,
        title=rule.title,
        is_searched=not missing,
        first_on=span.first_on if span else None,
        last_on=span.last_on if span else None,
        why=waits.get(rule.type.value),
        missing=missing,
    )


def _missing(stream: Stream, days: CoveredDays | None) -> MissingReport:
    place = PLACES.get(stream.name)
    why = f"No file of {stream.noun} is loaded."
    if days is not None:
        why = f"The files of {stream.noun} end on {days.last_on}: load newer ones, or "
        why += "name the days that you chose in Seller Central."
    elif place is None:
        why = f"Only Amazon's API has {stream.noun}: connect your Amazon account."
    return MissingReport(
        stream=stream.name,
        title=_title(stream),
        path=place.path if place else None,
        hint=place.hint if place else "",
        why=why,
    )


def _title(stream: Stream) -> str:
    place = PLACES.get(stream.name)
    return place.title if place else stream.noun.capitalize()
