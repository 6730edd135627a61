"""Rows of a report's file that wait in quarantine, loaded as a file of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from recoup.db.engine import Writer
from recoup.spapi.documents import Spool
from recoup.sync.load_report import (
    FileTarget,
    Fitting,
    LoadedFile,
    Written,
    load_file,
    needed_of,
    occurrence_of,
    with_days_first,
    write_rows,
)
from recoup.sync.occurrence_queries import (
    Waiting,
    drop_overtaken,
    note_waiting,
    number_behind,
    release,
)
from recoup.sync.staging_queries import drop_bad_rows, find_bad_rows


async def load_waiting(
    conn: Writer, target: FileTarget, waiting: Sequence[Waiting], spool: Spool
) -> LoadedFile:
    """Load the rows, which the file holds in the order of `waiting`.

    Those that still cannot be read stay where they are; the others leave the quarantine, also
    where a source has told a row anew since then. Raises as recoup.sync.load_report.load_file.
    """
    return await load_file(conn, target, spool, partial(_write_waiting, waiting))


async def _write_waiting(
    waiting: Sequence[Waiting], conn: Writer, target: FileTarget, fitting: Fitting
) -> Written:
    await note_waiting(conn, waiting)
    cells = await with_days_first(conn, fitting.cells)
    bad = await find_bad_rows(conn, cells, needed_of(target))
    await drop_bad_rows(conn)
    occurrence, owner = occurrence_of(target), target.connection_id
    overtaken = await drop_overtaken(conn, target.stream, cells, owner, occurrence)
    if occurrence is not None:
        await number_behind(conn, target.stream, cells, owner, occurrence)
    left = fitting.rows - bad - overtaken
    written = await write_rows(conn, target, cells, rows=left, is_numbered=True)
    await release(conn)
    return replace(written, bad=bad, unchanged=written.unchanged + overtaken)
