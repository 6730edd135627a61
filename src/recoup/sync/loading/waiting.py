"""Quarantined rows of a report's file, loaded as a separate file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from recoup.db.engine import Writer
from recoup.spapi.documents import Spool
from recoup.sync.loading.file import Fitting, load_file, with_days_first
from recoup.sync.loading.occurrence_queries import (
    Waiting,
    drop_overtaken,
    note_waiting,
    number_behind,
    release,
)
from recoup.sync.loading.staging_queries import drop_bad_rows, find_bad_rows
from recoup.sync.loading.target import FileTarget, LoadedFile
from recoup.sync.loading.write import Written, write_rows


async def load_waiting(
    conn: Writer, target: FileTarget, waiting: Sequence[Waiting], spool: Spool
) -> LoadedFile:
    """Loads the rows, which the file contains in the order of `waiting`.

    Those that still cannot be read stay where they are; the others leave the quarantine, also
    where a source has reported a row again since then. Raises as
    recoup.sync.loading.file.load_file.
    """
    return await load_file(conn, target, spool, partial(_write_waiting, waiting))


async def _write_waiting(
    waiting: Sequence[Waiting], conn: Writer, target: FileTarget, fitting: Fitting
) -> Written:
    await note_waiting(conn, waiting)
    cells = await with_days_first(conn, fitting.cells)
    bad = await find_bad_rows(conn, cells, target.needed)
    await drop_bad_rows(conn)
    occurrence, owner = target.occurrence, target.connection_id
    overtaken = await drop_overtaken(conn, target.stream, cells, owner, occurrence)
    if occurrence is not None:
        await number_behind(conn, target.stream, cells, owner, occurrence)
    left = fitting.rows - bad - overtaken
    written = await write_rows(conn, target, cells, rows=left, is_numbered=True, is_part=True)
    await release(conn)
    return replace(written, bad=bad, unchanged=written.unchanged + overtaken)
