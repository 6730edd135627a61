"""Gaps: data of a connection that was not read, and the rules that therefore wait.

A rule that needs what a gap hides is not run: its claims stay as they are, and a note says what it
waits for (docs/claims.md#gaps). A gap of one marketplace, and rows that could not be read but name a
product or an order, hold back single candidates instead (recoup.claims.detection.held).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Table

from recoup.claims.detection.held import Refused
from recoup.claims.detection.reads import ROWS, needs_of
from recoup.claims.detection.vague import Vague
from recoup.claims.rule import Rule
from recoup.notes.note import Note, NoteCode
from recoup.streams import all_streams
from recoup.streams._stream import Scope, Stream

CLAIMS = "claims"
"""In place of a stream, for notes about the rules."""

_MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Gap:
    """Data of a stream that was not read. `why` ends the sentence "were not searched: ...".

    column: of the stream's tables; None: rows are missing. marketplace_id: None: of all of them.
    """

    stream: str
    why: str
    column: str | None = None
    marketplace_id: str | None = None


@dataclass(frozen=True, slots=True)
class RulesToRun:
    """The rules that can run despite the gaps.

    run: the rules that are run; waiting: those that are not. refused: what is held back of those
    that run. watched: each type that runs, with the streams whose unreadable rows hold candidates
    back. notes: for the seller, about those that wait.
    """

    run: tuple[Rule, ...]
    waiting: tuple[Rule, ...]
    refused: tuple[Refused, ...]
    watched: tuple[tuple[str, str], ...]
    notes: tuple[Note, ...]


def tables_of(stream: Stream) -> tuple[str, ...]:
    """The tables that a stream fills, its history included."""
    return tuple(table.name for table in _tables(stream))


@cache
def streams_by_name() -> Mapping[str, Stream]:
    """Every stream."""
    return {stream.name: stream for stream in all_streams()}


def streams_with(tables: Collection[str]) -> set[str]:
    """The streams that fill one of the tables."""
    return {s.name for s in all_streams() if not set(tables_of(s)).isdisjoint(tables)}


def choose_rules(
    rules: Iterable[Rule], gaps: Sequence[Gap], unreadable: Collection[str]
) -> RulesToRun:
    """Chooses the rules to run, and what to hold back. unreadable: streams with unreadable rows."""
    run: list[Rule] = []
    waiting: list[Rule] = []
    refused: list[Refused] = []
    watched: list[tuple[str, str]] = []
    notes: list[Note] = []
    for rule in rules:
        stopping, partial = _gaps_of(rule, gaps)
        if stopping:
            waiting.append(rule)
            notes.append(_note(rule, "were not searched", [gap.why for gap in stopping]))
            continue
        run.append(rule)
        watched += [(rule.type.value, name) for name in unreadable if _needs_rows(rule, name)]
        refused += [Refused(rule.type.value, str(gap.marketplace_id), gap.why) for gap in partial]
    return RulesToRun(tuple(run), tuple(waiting), tuple(refused), tuple(watched), tuple(notes))


def notes_of(to_run: RulesToRun, vague: Collection[Vague]) -> tuple[Note, ...]:
    """The notes for the seller about to_run, once the vague findings are known."""
    notes = list(to_run.notes)
    for rule in to_run.run:
        reasons = [one.why for one in to_run.refused if one.type == rule.type.value]
        reasons += [one.why for one in vague if one.type == rule.type.value]
        if reasons:
            notes.append(_note(rule, "were searched only in part", reasons))
    return tuple(notes)


def gap_of(note: Note) -> Gap | None:
    """The gap that a note implies for a stream; None if there is none.

    Rows in quarantine are looked at themselves.
    """
    stream = streams_by_name().get(note.stream)
    if stream is None or not note.code.hides or note.code is NoteCode.ROWS_QUARANTINED:
        return None
    column = note.subject if note.code is NoteCode.COLUMN_MISSING else None
    if column is not None and not any(column in table.columns for table in _tables(stream)):
        column = None
    place = note.subject if note.code is NoteCode.MARKETPLACE_REFUSED else note.scope
    return Gap(stream.name, _why(note, stream), column, place or None)


def heading_of(stream: Stream, column: str) -> str:
    """The heading of the table's column in the stream's file."""
    fields = stream.report.fields if stream.report else ()
    return next((one.headers[0] for one in fields if one.column == column), column)


def _why(note: Note, stream: Stream) -> str:
    noun = stream.noun
    since = f" since {note.since.day} {note.since:%B %Y}" if note.since else ""
    match note.code:
        case NoteCode.COLUMN_MISSING:
            heading = heading_of(stream, note.subject)
            return f'the report of {noun} has had no column "{heading}"{since}'
        case NoteCode.FILE_SHRUNK:
            return f"a report of {noun} has had far fewer rows than before{since}"
        case NoteCode.REPORT_NOT_MADE:
            return f"Amazon has not made a report of {noun}"
        case NoteCode.ROLE_MISSING:
            return f"the application lacks the role for {noun}"
        case NoteCode.MARKETPLACE_REFUSED:
            return f"Amazon has refused {noun} of marketplace {note.subject}{since}"
        case _:
            return f"{noun} are not available"


def _gaps_of(rule: Rule, gaps: Sequence[Gap]) -> tuple[list[Gap], list[Gap]]:
    """The gaps that stop the rule, and those that hold back a marketplace."""
    touching = [gap for gap in gaps if _touches(rule, gap)]
    partial = [gap for gap in touching if gap.marketplace_id and _tells_marketplaces(gap.stream)]
    return [gap for gap in touching if gap not in partial], partial


def _touches(rule: Rule, gap: Gap) -> bool:
    places = {(table, gap.column or ROWS) for table in tables_of(streams_by_name()[gap.stream])}
    return not places.isdisjoint(needs_of(rule))


def _needs_rows(rule: Rule, stream: str) -> bool:
    return _touches(rule, Gap(stream, ""))


def _tells_marketplaces(name: str) -> bool:
    """Whether the marketplaces of the stream's rows are known."""
    stream = streams_by_name()[name]
    return stream.scope is Scope.MARKETPLACE or "marketplace_id" in stream.table.columns


def _tables(stream: Stream) -> tuple[Table, ...]:
    kept = (stream.history.table,) if stream.history else ()
    return (stream.table, *stream.parts, *kept)


def _note(rule: Rule, what: str, reasons: Sequence[str]) -> Note:
    told = list(dict.fromkeys(reasons))
    more = [f"and {len(told) - _MOST_REASONS} more"] if len(told) > _MOST_REASONS else []
    why = "; ".join([*told[:_MOST_REASONS], *more])
    return Note(
        stream=CLAIMS,
        code=NoteCode.RULE_WAITS,
        subject=rule.type.value,
        message=f'Claims "{rule.title}" {what}: {why}. They stay as they are until this data is read.',
    )
