"""What Amazon refuses of a stream, a marketplace or a dataset, is left out; the rest goes on.

A cursor says what has been read, so what was left out must not hide in it. A marketplace that a
regional source refuses gets a cursor of its own and is asked alone until it is accepted again; then
both become one. Windows that were read without a dataset are owed: they are noted beside the cursor
and read again by the first sync that gets the dataset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from recoup.db.engine import Writer
from recoup.errors import BadRequestError, ForbiddenError, RefusedError
from recoup.spapi.operation import Operation
from recoup.streams.stream import Request, Scope, Stream
from recoup.streams.window import Window, intersect, subtract, union
from recoup.sync.bookmark import Bookmark
from recoup.sync.cursor_queries import (
    Cursor,
    delete_cursor,
    list_scopes,
    read_cursor,
    write_cursor,
)
from recoup.sync.lease_queries import hold_fence
from recoup.sync.steps import forget_page
from recoup.sync.stream_state import Refusal, StreamState
from recoup.sync.work import Work


@dataclass(frozen=True, slots=True)
class Section:
    """Marketplaces that are read together; `scope` is that of their cursor."""

    scope: str
    marketplace_ids: tuple[str, ...]


async def list_sections(work: Work, stream: Stream) -> list[Section]:
    """One per marketplace; of a regional source one, and one for each marketplace read apart."""
    ids = work.connection.marketplace_ids
    if stream.scope is Scope.MARKETPLACE:
        return [Section(one, (one,)) for one in ids]
    async with work.database.reading() as conn:
        scopes = await list_scopes(conn, work.connection.connection_id, stream.name)
    together = tuple(one for one in ids if one not in scopes)
    sections = [Section("", together)] if together or not ids else []
    return sections + [Section(one, (one,)) for one in ids if one in scopes]


async def set_apart(
    work: Work, state: StreamState, section: Section, cursor: Cursor, error: ForbiddenError
) -> Section:
    """The section without the marketplaces that are refused, each of which is asked alone to know.

    Raises `error` when there are none, or no others.
    """
    ids = section.marketplace_ids
    if not state.api.names_marketplaces or len(ids) < 2:
        raise error
    refused = {}
    for one in ids:
        request = Request((one,), cursor.open_window, None, state.without)
        try:
            await state.api.fetch(work.api, request)
        except ForbiddenError as exc:
            refused[one] = exc
    if not refused or len(refused) == len(ids):
        raise error
    async with work.database.writing() as conn:
        for one in refused:
            apart = Cursor(cursor.connection_id, cursor.stream, one, closed=cursor.closed)
            await write_cursor(conn, apart)
        await hold_fence(conn, work.fence)
    state.refusals += [Refusal(named_scope(one), exc) for one, exc in refused.items()]
    return replace(section, marketplace_ids=tuple(one for one in ids if one not in refused))


async def rejoin(work: Work, stream: Stream, scopes: Sequence[str]) -> None:
    """Marketplaces that were read apart are accepted again: from now on they are asked with the
    others. Nobody may be reading the stream, as the cursor of the region changes.

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
    """Find out which dataset Amazon refuses, and ask without it for the rest of this sync.

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
    state.refusals += [Refusal(f"the dataset {name}", error) for name in sorted(refused)]


async def owe(conn: Writer, cursor: Cursor, window: Window, without: frozenset[str]) -> None:
    """Note that a page of the window was read without these datasets."""
    for name in without:
        scope = _scope_owed(cursor, name)
        owed = await read_cursor(conn, cursor.connection_id, cursor.stream, scope)
        await write_cursor(conn, replace(owed, closed=tuple(union([*owed.closed, window]))))


async def reopen_owed(work: Work, state: StreamState, bookmark: Bookmark) -> bool:
    """Whether something is owed, which is then to do again, now that nothing is refused."""
    if not state.api.datasets or state.without:
        return False
    async with bookmark.moving:
        cursor = bookmark.cursor
        async with work.database.writing() as conn:
            scopes = await list_scopes(conn, cursor.connection_id, cursor.stream)
            debts = [
                await read_cursor(conn, cursor.connection_id, cursor.stream, scope)
                for scope in scopes
                if scope.startswith(_scope_owed(cursor, ""))
            ]
            if not debts:
                return False
            owed = union(window for debt in debts for window in debt.closed)
            again = replace(
                cursor,
                closed=tuple(subtract(cursor.closed, owed)),
                todo=tuple(union([*cursor.todo, *owed])),
            )
            await write_cursor(conn, again)
            for debt in debts:
                await delete_cursor(conn, debt)
            await hold_fence(conn, work.fence)
        bookmark.cursor = again
    return True


def refused_error(state: StreamState, operation: Operation) -> RefusedError:
    """What to tell the seller: what is refused, in Amazon's words, and what may be missing."""
    told = "; ".join(f"{refusal.what}: {refusal.error}" for refusal in state.refusals)
    missing = ""
    if any(isinstance(refusal.error, ForbiddenError) for refusal in state.refusals):
        role = f"the role {operation.role}" if operation.role else "a role"
        missing = f" The application may lack {role}, or the seller's permission there."
    return RefusedError(f"Amazon refuses a part, the rest was read. {told}.{missing}")


def named_scope(scope: str) -> str:
    return f"the marketplace {scope}" if scope else "all of it"


def _scope_owed(cursor: Cursor, dataset: str) -> str:
    """The scope under which the windows stand that were read without the dataset."""
    return f"{cursor.scope} without {dataset}".lstrip()
