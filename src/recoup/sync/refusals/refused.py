"""Leaves out the marketplaces or datasets that Amazon refuses; the rest continues.

A cursor says what has been read, so what was left out must not hide in it. A marketplace that a
regional source refuses gets its own cursor and is requested alone until it is accepted again; then
both become one. Windows that were read without a dataset are owed: they are noted beside the cursor
and read again by the first sync that gets the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from recoup.db.engine import Reader
from recoup.errors import BadRequestError, ForbiddenError, RecoupError
from recoup.streams._stream import Request, Stream
from recoup.streams._window import intersect, subtract, union
from recoup.sync.cursors.next_window import forget_page
from recoup.sync.cursors.queries import (
    Cursor,
    delete_cursor,
    list_scopes,
    read_cursor,
    take_debts,
    write_cursor,
)
from recoup.sync.cursors.sections import Section, sections_of
from recoup.sync.cursors.shared_cursor import SharedCursor
from recoup.sync.record.lease_queries import hold_fence
from recoup.sync.record.stream_state import SectionRefusal, StreamState
from recoup.sync.work import Work


async def list_sections(conn: Reader, work: Work, stream: Stream) -> list[Section]:
    """One section per marketplace; for a regional source one, plus one per separate marketplace."""
    scopes = await list_scopes(conn, work.connection.connection_id, stream.name)
    return sections_of(stream, work.connection.marketplace_ids, scopes)


async def set_apart(
    work: Work,
    state: StreamState,
    section: Section,
    cursor: Cursor,
    error: ForbiddenError | BadRequestError,
) -> Section:
    """The section without refused marketplaces, each of which is tested with a request of its own.

    Raises `error` when there are none, or no others.
    """
    ids = section.marketplace_ids
    if not state.api.names_marketplaces or len(ids) < 2 or state.was_unavailable:
        raise error
    refused: dict[str, RecoupError] = {}
    for one in ids:
        request = Request((one,), cursor.open_window, None, state.without)
        try:
            await state.api.fetch(work.api, request)
        except (ForbiddenError, BadRequestError) as exc:
            refused[one] = exc
    if not refused or len(refused) == len(ids):
        raise error
    return await leave_out(work, state, section, cursor, refused)


async def leave_out(
    work: Work,
    state: StreamState,
    section: Section,
    cursor: Cursor,
    refused: Mapping[str, RecoupError],
) -> Section:
    """The section without these marketplaces, each of which gets its own cursor."""
    async with work.database.writing() as conn:
        for one in refused:
            apart = Cursor(cursor.connection_id, cursor.stream, one, closed=cursor.closed)
            await write_cursor(conn, apart)
        await hold_fence(conn, work.fence)
    state.refusals += [SectionRefusal(one, (one,), exc) for one, exc in refused.items()]
    left = tuple(one for one in section.marketplace_ids if one not in refused)
    return replace(section, marketplace_ids=left)


async def rejoin(work: Work, stream: Stream, scopes: Sequence[str]) -> None:
    """Merges separate marketplaces that are accepted again: they are requested with the others.

    Nobody may be reading the stream, as the cursor of the region changes.

    Only what all have read counts as read.
    """
    connection_id = work.connection.connection_id
    for scope in scopes:
        async with work.database.writing() as conn:
            alone = await read_cursor(conn, connection_id, stream.name, scope)
            together = await read_cursor(conn, connection_id, stream.name, "")
            closed = tuple(intersect(together.closed, alone.closed))
            await write_cursor(conn, replace(forget_page(together), closed=closed))
            await delete_cursor(conn, alone)
            await hold_fence(conn, work.fence)


async def leave_out_datasets(
    work: Work, state: StreamState, section: Section, cursor: Cursor, error: BadRequestError
) -> None:
    """Finds the dataset that Amazon refuses, and leaves it out for the rest of this sync.

    Raises `error` when the request is refused without any dataset, too.
    """
    asked = [name for name in state.api.datasets if name not in state.without]

    async def is_accepted(without: frozenset[str]) -> bool:
        ids, window = section.marketplace_ids, cursor.open_window
        try:
            await state.api.fetch(work.api, Request(ids, window, None, state.without | without))
        except BadRequestError:
            return False
        return True

    # All at once first: mostly a request is wrong for another reason, and these calls are dear.
    if not asked or not await is_accepted(frozenset(asked)):
        raise error
    refused = frozenset(asked)
    for name in asked:
        if await is_accepted(frozenset([name])):
            refused = frozenset([name])
            break
    state.without |= refused
    state.refused_datasets |= dict.fromkeys(sorted(refused), error)


async def reopen_owed(work: Work, state: StreamState, shared: SharedCursor) -> bool:
    """Whether there are debts, which must then be read again as nothing is refused any more."""
    if not state.api.datasets or state.without:
        return False
    async with shared.moving:
        cursor = shared.cursor
        async with work.database.writing() as conn:
            owed = await take_debts(conn, cursor)
            if not owed:
                return False
            again = replace(
                cursor,
                closed=tuple(subtract(cursor.closed, owed)),
                todo=tuple(union([*cursor.todo, *owed])),
            )
            await write_cursor(conn, again)
            await hold_fence(conn, work.fence)
        shared.cursor = again
    return True
