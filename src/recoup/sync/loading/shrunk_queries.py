"""Records of files with far fewer rows than before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId
from recoup.streams._window import Days
from recoup.sync.record.tables import shrunk_file

_s = shrunk_file.c
_KEPT = text("interval '90 days'")


@dataclass(frozen=True, slots=True)
class Shrunk:
    """Files of one time with fewer rows than before: the rows of the last one, the expected rows,
    and the number of such files. subject: the time, as of the first of them. days: None for a
    snapshot. is_believed: enough of them had the same number.
    """

    subject: str
    days: Days | None
    told: int
    expected: int
    times: int
    is_believed: bool

    @property
    def share(self) -> float:
        """The share of the expected rows that the file had."""
        return self.told / max(self.expected, 1)


async def find_shrunk(
    conn: Reader, connection_id: ConnectionId, stream: str, scope: str, days: Days | None
) -> Shrunk | None:
    """Finds the record for the days, or for most of them."""
    rows = (
        await conn.execute(
            select(shrunk_file).where(
                _s.connection_id == connection_id,
                _s.stream == stream,
                _s.scope == scope,
                _s.first_on.is_(None) if days is None else _s.first_on.is_not(None),
            )
        )
    ).all()
    known = [_shrunk(row) for row in rows]
    return next((one for one in known if _is_mostly(one.days, days)), None)


def _is_mostly(one: Days | None, other: Days | None) -> bool:
    """Whether two times share at least half of the shorter one."""
    if one is None or other is None:
        return one is other
    lasts = [days.last for days in (one, other) if days.last is not None]
    if not lasts:
        return True
    last = min(lasts)
    lengths = [((days.last or last) - days.first).days + 1 for days in (one, other)]
    common = (last - max(one.first, other.first)).days + 1
    return common * 2 >= min(lengths)


async def list_shrunk(
    conn: Reader, connection_id: ConnectionId, stream: str, scope: str
) -> list[Shrunk]:
    """Lists the doubted files of a stream."""
    rows = await conn.execute(
        select(shrunk_file)
        .where(
            _s.connection_id == connection_id,
            _s.stream == stream,
            _s.scope == scope,
            _s.is_believed.is_(False),
        )
        .order_by(_s.subject)
    )
    return [_shrunk(row) for row in rows]


async def write_shrunk(
    conn: Writer, connection_id: ConnectionId, stream: str, scope: str, entry: Shrunk
) -> None:
    """Replaces the record of the subject."""
    values = {
        "first_on": entry.days and entry.days.first,
        "last_on": entry.days and entry.days.last,
        "told": entry.told,
        "expected": entry.expected,
        "times": entry.times,
        "is_believed": entry.is_believed,
        "told_at": func.now(),
    }
    await conn.execute(
        insert(shrunk_file)
        .values(
            connection_id=connection_id,
            stream=stream,
            scope=scope,
            subject=entry.subject,
            **values,
        )
        .on_conflict_do_update(
            index_elements=[_s.connection_id, _s.stream, _s.scope, _s.subject], set_=values
        )
    )


async def forget_shrunk(
    conn: Writer, connection_id: ConnectionId, stream: str, scope: str, subject: str | None
) -> None:
    """Deletes a record that no longer applies, and those without a new file for 90 days, whose time
    is no longer requested.
    """
    await conn.execute(
        delete(shrunk_file).where(
            _s.connection_id == connection_id,
            _s.stream == stream,
            _s.scope == scope,
            (_s.subject == subject) | (_s.told_at < func.now() - _KEPT),
        )
    )


def _shrunk(row: Row[Any]) -> Shrunk:
    days = None if row.first_on is None else Days(row.first_on, row.last_on)
    return Shrunk(row.subject, days, row.told, row.expected, row.times, row.is_believed)
