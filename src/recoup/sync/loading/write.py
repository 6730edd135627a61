"""Writing of staged rows in the way that the report declares; incomplete files are doubted."""

from __future__ import annotations

from dataclasses import dataclass

from recoup.db.engine import Writer
from recoup.streams._report import ReplaceDays, Statements, Upsert
from recoup.sync.loading.cells import Cell
from recoup.sync.loading.days_queries import (
    compare_days,
    count_fresh_days,
    count_stored_days,
    count_unreplaced,
    insert_days,
    keep_days,
    remove_untold_days,
    replace_changed_days,
)
from recoup.sync.loading.shrunk import Counted, Trust, tell_shrunk, trust
from recoup.sync.loading.staged_values import values_of
from recoup.sync.loading.statement_queries import (
    count_typed_collisions,
    count_unwritten,
    run_statements,
)
from recoup.sync.loading.stored_queries import has_rows
from recoup.sync.loading.target import FileTarget
from recoup.sync.loading.write_queries import (
    Keyed,
    count_collisions,
    count_staged,
    count_unchanged,
    remove_moved,
    upsert_staged,
)


@dataclass(frozen=True, slots=True)
class Written:
    """What happened to the rows that fit the header. collisions: keys of several different rows."""

    loaded: int
    unchanged: int
    bad: int = 0
    kept_older: bool = False
    shrunk: bool = False
    collisions: int = 0


async def write_rows(
    conn: Writer,
    target: FileTarget,
    cells: list[Cell],
    *,
    rows: int,
    is_sure: bool = False,
    is_numbered: bool = False,
    is_part: bool = False,
) -> Written:
    """Writes the `rows` staged rows. is_sure: PostgreSQL is not expected to refuse any.

    is_numbered: what distinguishes equal rows is noted already. is_part: they are not all rows of a
    file, so nothing follows from those that are not among them. Rows that were not written are
    looked for only where there are any.
    """
    match target.report.load:
        case Upsert() as load:
            how = Keyed(
                load.occurrence,
                is_numbered=is_numbered,
                one_per_key=not is_sure,
                within=load.within,
                days=target.days,
                ordered_by=load.ordered_by,
            )
            return await _upsert(conn, target, load, cells, how, rows=rows, is_part=is_part)
        case ReplaceDays(day=day):
            return await _replace_days(conn, target, cells, day, rows=rows)
        case Statements() as load:
            loaded = await run_statements(conn, load, cells, target.origin)
            unchanged = await count_unwritten(conn, load, target.origin)
            collisions = await count_typed_collisions(conn, cells, load.key) if load.key else 0
            shrunk = not is_part and await _is_doubted(conn, target, rows)
            return Written(loaded, unchanged, collisions=collisions, shrunk=shrunk)


async def _upsert(
    conn: Writer,
    target: FileTarget,
    load: Upsert,
    cells: list[Cell],
    how: Keyed,
    *,
    rows: int,
    is_part: bool,
) -> Written:
    """Upserts by key; deletes a row stored under another key, unless the file is doubted."""
    stream, origin = target.stream, target.origin
    shrunk = False
    if not is_part and await has_rows(conn, stream, target.connection_id):
        # A file without such a column does not say which days or which thing its rows are about.
        present = values_of(stream.table, cells).keys()
        dated = load.dated if load.dated in present else None
        told = rows
        if dated is not None and target.days is not None:
            told = await count_fresh_days(conn, stream, cells, dated, target.days)
        shrunk = await _is_doubted(conn, target, told)
        for same in () if shrunk else load.same:
            if present >= set(same.columns):
                await remove_moved(conn, stream, cells, origin, how, same, dated)
    collisions = 0
    if how.one_per_key and load.occurrence is None:
        collisions = await count_collisions(conn, stream, cells, origin, how)
    loaded = await upsert_staged(conn, stream, cells, origin, how)
    unchanged = 0
    if loaded != rows:
        unchanged = await count_unchanged(conn, stream, cells, origin, how)
    return Written(loaded, unchanged, shrunk=shrunk, collisions=collisions)


async def _replace_days(
    conn: Writer, target: FileTarget, cells: list[Cell], day: str, *, rows: int
) -> Written:
    """Replaces whole days; older rows stay while a file with far fewer rows is doubted."""
    days = target.days
    assert days is not None, "a report that replaces days is asked for a time"
    stream, origin = target.stream, target.origin
    stored = await count_stored_days(conn, stream, day, days, target.connection_id)
    shrunk = False
    if not stored:
        loaded = await insert_days(conn, stream, cells, origin, day, days)
    else:
        compared = await compare_days(conn, stream, cells, origin, day, days)
        counted = Counted(compared.fresh, stored, days)
        if not counted.is_less and compared.kept_days is not None:
            counted = Counted(compared.kept_fresh, compared.kept_stored, compared.kept_days)
        trusted = await trust(conn, target, counted)
        shrunk = trusted is Trust.DOUBTED
        if shrunk and counted.days == days:
            return Written(0, await count_staged(conn), kept_older=True, shrunk=True)
        if shrunk:
            await keep_days(conn)
        if trusted is Trust.BELIEVED and counted.days == days:
            await remove_untold_days(conn, stream, day, days, target.connection_id)
        loaded = await replace_changed_days(conn, stream, cells, origin, day)
    if loaded == rows:
        return Written(loaded, 0)
    unchanged = await count_unreplaced(conn, stream, cells, day, days, compared=bool(stored))
    return Written(loaded, unchanged, kept_older=shrunk, shrunk=shrunk)


async def doubt_empty(conn: Writer, target: FileTarget) -> bool:
    """Whether an empty file is doubted because there were rows; reports it in that case."""
    is_doubted = await _is_doubted(conn, target, 0)
    await tell_shrunk(conn, target)
    return is_doubted


async def _is_doubted(conn: Writer, target: FileTarget, told: int) -> bool:
    """Whether a file has far fewer rows than before, and no other file has confirmed it."""
    expected = await _count_expected(conn, target)
    counted = Counted(told, expected, target.days)
    return bool(expected) and await trust(conn, target, counted) is Trust.DOUBTED


async def _count_expected(conn: Writer, target: FileTarget) -> int:
    """The earlier number of rows for a file's time; 0 if there is nothing to compare."""
    if target.dated is None or target.days is None:
        return target.earlier_rows or 0
    return await count_stored_days(
        conn, target.stream, target.dated, target.days, target.connection_id
    )
