"""Coverage: the time for which each stream is loaded, what is missing, and why.

What is loaded is from `from` to `to` without the holes. A hole without times is one that no time
tells: a missing column, rows that could not be read, a snapshot that was never had.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from recoup.connections.queries import Connection
from recoup.db.engine import Reader
from recoup.notes.note import Note, NoteCode
from recoup.notes.queries import list_notes
from recoup.streams import all_streams
from recoup.streams._stream import Scope, Stream, Windows
from recoup.streams._turns import midnight_of
from recoup.streams._window import Window, intersect, subtract
from recoup.sync.cursors.coverage_body import CoverageBody, CoveredStream, HoleBody
from recoup.sync.cursors.coverage_queries import (
    LastSyncs,
    count_quarantined,
    count_rows,
    list_awaited,
    read_last_syncs,
    tells_marketplaces,
)
from recoup.sync.cursors.queries import Cursor, Debt, list_cursors, list_debts
from recoup.sync.record.queries import StreamRow
from recoup.sync.record.states import UNFINISHED, StreamStatus

# History begins at a midnight, which is a later one each day: what lies between is not missed.
_NO_HOLE = timedelta(days=1)
# What says in more words than the error of a stream why its data cannot be had.
_NOT_HAD = frozenset(
    {
        NoteCode.NOT_AVAILABLE,
        NoteCode.ROLE_MISSING,
        NoteCode.REPORT_NOT_MADE,
        NoteCode.MARKETPLACE_REFUSED,
    }
)


@dataclass(frozen=True, slots=True)
class _Facts:
    """Everything known about a connection's streams."""

    cursors: Mapping[tuple[str, str], Cursor]
    debts: Sequence[Debt]
    notes: Sequence[Note]
    syncs: LastSyncs
    awaited: set[tuple[str, str]]
    quarantined: Mapping[str, int]
    rows: Mapping[tuple[str, str], int]


async def read_coverage(conn: Reader, connection: Connection, *, now: datetime) -> CoverageBody:
    """The body of GET /api/coverage."""
    connection_id, streams = connection.connection_id, all_streams()
    facts = _Facts(
        cursors=await list_cursors(conn, connection_id),
        debts=await list_debts(conn, connection_id),
        notes=await list_notes(conn, connection_id),
        syncs=await read_last_syncs(conn, connection_id),
        awaited=await list_awaited(conn, connection_id),
        quarantined=await count_quarantined(conn, connection_id),
        rows=await count_rows(conn, connection_id, streams),
    )
    return CoverageBody(
        connection_id=connection_id,
        streams=[
            _entry(stream, scope, connection, facts, now=now)
            for stream in streams
            for scope in _scopes(stream, connection, facts)
        ],
    )


def _scopes(stream: Stream, connection: Connection, facts: _Facts) -> list[str]:
    """The scopes of a stream: '' for a region, and each marketplace that is read separately."""
    if stream.scope is Scope.MARKETPLACE:
        return list(connection.marketplace_ids) or [""]
    apart = {
        scope
        for name, scope in facts.cursors
        if name == stream.name and scope in connection.marketplace_ids
    }
    return ["", *sorted(apart)]


def _entry(
    stream: Stream, scope: str, connection: Connection, facts: _Facts, *, now: datetime
) -> CoveredStream:
    cursor = facts.cursors.get((stream.name, scope))
    closed = [] if cursor is None or not isinstance(stream.cursor, Windows) else cursor.closed
    holes = list(_time_holes(stream, scope, facts, closed, now=now))
    told = {hole.reason for hole in holes}
    holes += [hole for hole in _other_holes(stream, scope, facts) if hole.reason not in told]
    entry = {
        "name": stream.name,
        "marketplaceId": scope or None,
        "from": min((window.since for window in closed), default=None),
        "to": max((window.until for window in closed), default=None),
        "holes": holes,
        "asOf": _as_of(stream, cursor, facts),
        "rows": _rows(stream, scope, connection, facts),
    }
    return CoveredStream.model_validate(entry)


def _rows(stream: Stream, scope: str, connection: Connection, facts: _Facts) -> int | None:
    """None if the rows of several marketplaces can only be counted together."""
    if tells_marketplaces(stream):
        return facts.rows.get((stream.name, scope), 0)
    alone = stream.scope is Scope.MARKETPLACE and len(connection.marketplace_ids) < 2
    return facts.rows.get((stream.name, ""), 0) if alone or not scope else None


def _as_of(stream: Stream, cursor: Cursor | None, facts: _Facts) -> datetime | None:
    """When the stream was last read to its end. Amazon's own sandbox is read without a cursor."""
    if cursor is not None:
        return cursor.read_at
    last = facts.syncs.ended.get(stream.name)
    return last.completed_at if last and last.status is StreamStatus.COMPLETE else None


def _time_holes(
    stream: Stream, scope: str, facts: _Facts, closed: Sequence[Window], *, now: datetime
) -> Iterator[HoleBody]:
    """The missing parts of the time that the stream should cover."""
    reason = _why_unread(stream, scope, facts)
    if not isinstance(stream.cursor, Windows):
        if _as_of(stream, facts.cursors.get((stream.name, scope)), facts) is None or _failed(
            _last(stream, facts)
        ):
            yield _hole(None, reason)
        return
    wanted = Window(midnight_of(now) - stream.cursor.history, now - stream.cursor.holdback)
    missing = subtract([wanted], closed)
    if closed and not _failed(_last(stream, facts)):
        # What came since the last sync is not read yet, which is no hole.
        missing = intersect(missing, [Window(wanted.since, max(w.until for w in closed))])
    if not closed and _as_of(stream, facts.cursors.get((stream.name, scope)), facts) is not None:
        missing = []
    for window in missing:
        is_edge = window.since == wanted.since and window.length <= _NO_HOLE
        if not (closed and is_edge):
            yield _hole(window, reason)
    for debt in facts.debts:
        if (debt.stream, debt.scope) == (stream.name, scope):
            for window in debt.windows:
                yield _hole(
                    window, f"Amazon refused the dataset {debt.dataset}; recoup requests it again"
                )


def _other_holes(stream: Stream, scope: str, facts: _Facts) -> Iterator[HoleBody]:
    """Other gaps: notes about hidden data, and rows in quarantine."""
    hiding = [note for note in _notes(stream, scope, facts) if note.code.hides]
    for note in hiding:
        yield _hole(None, note.message)
    number = facts.quarantined.get(stream.name, 0)
    if number and not any(note.code is NoteCode.ROWS_QUARANTINED for note in hiding):
        rows = "1 row" if number == 1 else f"{number:,} rows"
        yield _hole(None, f"{rows} could not be read: see Quarantine")


def _why_unread(stream: Stream, scope: str, facts: _Facts) -> str:
    """Why time is missing: the reason of the last sync, or that it was never read."""
    for note in _notes(stream, scope, facts):
        if note.code in _NOT_HAD:
            return note.message
    last = _last(stream, facts)
    if last is not None and last.error is not None:
        return last.error
    if last is not None and last.status is StreamStatus.CANCELLED:
        return "The sync was cancelled before this was read"
    if (stream.name, scope) in facts.awaited:
        return "Amazon has not made the report yet"
    running = facts.syncs.running.get(stream.name)
    if running is not None and running.status in UNFINISHED:
        return "It is being read now"
    return "It has not been read yet"


def _notes(stream: Stream, scope: str, facts: _Facts) -> list[Note]:
    """The notes of the scope; for a region also those of its marketplaces."""
    return [
        note
        for note in facts.notes
        if note.stream == stream.name and (note.scope in {scope, ""} or not scope)
    ]


def _last(stream: Stream, facts: _Facts) -> StreamRow | None:
    """The result of the newest sync that has finished the stream."""
    running = facts.syncs.running.get(stream.name)
    if running is not None and running.status not in UNFINISHED:
        return running
    return facts.syncs.ended.get(stream.name)


def _failed(row: StreamRow | None) -> bool:
    return row is not None and row.status is not StreamStatus.COMPLETE


def _hole(window: Window | None, reason: str) -> HoleBody:
    hole = {
        "from": None if window is None else window.since,
        "to": None if window is None else window.until,
        "reason": reason,
    }
    return HoleBody.model_validate(hole)
