"""Files with far fewer rows than known for their time: requested again before they are accepted.

Amazon's reports can end as done with a part of the rows, or with none, and without an error; the
next report of the same time is whole again (docs/amazon.md#report-files).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from recoup.db.engine import Writer
from recoup.notes.note import Note, NoteCode
from recoup.streams._window import Days
from recoup.sync.loading.shrunk_queries import (
    Shrunk,
    find_shrunk,
    forget_shrunk,
    list_shrunk,
    write_shrunk,
)
from recoup.sync.loading.target import FileTarget
from recoup.sync.record.tell_notes import tell_notes

MOST_TIMES = 3
"""A time is requested at most twice more."""
# Below this many rows a fifth is a handful: then less than half.
_MANY = 20
_ALIKE = 0.05
_FEW = 2
_FIRST_DAY = "%Y-%m-%d"


class Trust(enum.Enum):
    """How far to trust a file's number of rows."""

    WHOLE = "whole"
    BELIEVED = "believed"
    """It has fewer rows, like another file of the time."""
    DOUBTED = "doubted"


@dataclass(frozen=True, slots=True)
class Counted:
    """The rows of a file for its days, and the earlier number. days: None for a snapshot."""

    told: int
    expected: int
    days: Days | None

    @property
    def is_less(self) -> bool:
        """Whether a fifth or more is missing; for small numbers, more than half."""
        if self.expected < _MANY:
            return self.told * 2 < self.expected
        return self.told * 5 <= self.expected * 4

    @property
    def subject(self) -> str:
        """The time in words."""
        if self.days is None:
            return "the present"
        first = self.days.first.strftime(_FIRST_DAY)
        return f"{first} to {self.days.last.strftime(_FIRST_DAY) if self.days.last else 'now'}"


async def trust(conn: Writer, target: FileTarget, counted: Counted) -> Trust:
    """Judges a file by its number of rows, and records it if it has fewer than before.

    A second file with as few rows is accepted; without any rows a third, as a
    report that is not made properly is mostly an empty one.
    """
    owner = (target.connection_id, target.stream.name, target.scope)
    known = await find_shrunk(conn, *owner, counted.days)
    if not counted.is_less:
        await forget_shrunk(conn, *owner, None if known is None else known.subject)
        return Trust.WHOLE
    entry = _next(known, counted)
    await write_shrunk(conn, *owner, entry)
    return Trust.BELIEVED if entry.is_believed else Trust.DOUBTED


def _next(known: Shrunk | None, counted: Counted) -> Shrunk:
    """The state including this file."""
    fresh = Shrunk(
        subject=counted.subject,
        days=counted.days,
        told=counted.told,
        expected=counted.expected,
        times=1,
        is_believed=False,
    )
    if known is None:
        return fresh
    alike = abs(known.share - fresh.share) <= _ALIKE or (
        abs(known.told - fresh.told) <= _FEW and known.told > 0 and fresh.told > 0
    )
    if known.is_believed:
        # One with even fewer rows is doubted again.
        is_less = not alike and fresh.share < known.share
        return replace(fresh, subject=known.subject, is_believed=not is_less)
    times = known.times + 1
    enough = 2 if counted.told else MOST_TIMES
    return replace(fresh, subject=known.subject, times=times, is_believed=alike and times >= enough)


async def is_asked_again(conn: Writer, target: FileTarget, days: Days | None) -> bool:
    """Whether to request a doubted file of the days once more."""
    known = await find_shrunk(conn, target.connection_id, target.stream.name, target.scope, days)
    return known is not None and not known.is_believed and known.times < MOST_TIMES


async def tell_shrunk(conn: Writer, target: FileTarget) -> None:
    """Keeps one note per time of the stream whose last file is doubted."""
    entries = await list_shrunk(conn, target.connection_id, target.stream.name, target.scope)
    await tell_notes(
        conn,
        target.connection_id,
        target.sync_id,
        stream=target.stream.name,
        scope=target.scope,
        codes=(NoteCode.FILE_SHRUNK,),
        notes=[_note(target, entry) for entry in entries],
    )


def _note(target: FileTarget, entry: Shrunk) -> Note:
    next_step = (
        "recoup requests it again before it accepts the change"
        if entry.times < MOST_TIMES
        else "compare it with the report in Seller Central"
    )
    return Note(
        target.stream.name,
        NoteCode.FILE_SHRUNK,
        f"Amazon's report of {target.stream.noun} for {entry.subject} has {entry.told} rows, but there "
        f"were {entry.expected} before: the stored rows are kept, no claim is based on the "
        f"missing rows, and {next_step}.",
        target.scope,
        entry.subject,
    )
