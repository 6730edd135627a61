"""One section of a stream by its API: ask for pages, write each with its cursor in one transaction."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

from recoup.errors import BadRequestError, ForbiddenError, Recovery, SpApiError
from recoup.logs import get_logger
from recoup.spapi.paging import OperationPage, PageGuard
from recoup.streams.stream import Request, Snapshot
from recoup.streams.window import Window
from recoup.sync.cursor_queries import Cursor, read_cursor, write_cursor
from recoup.sync.lease_queries import count_page, hold_fence
from recoup.sync.load import parse_page
from recoup.sync.refused import (
    Section,
    leave_out_datasets,
    owe,
    reopen_owed,
    set_apart,
)
from recoup.sync.steps import begin, choose, close_window, forget_page, shorten, turn_page
from recoup.sync.stream_state import StreamState, newest_position
from recoup.sync.work import Work, load_page, source_of

_log = get_logger(__name__)

# A window that has to be begun again this often in a row will not be finished by trying.
_MOST_RESTARTS = 5


async def read_pages(work: Work, state: StreamState, section: Section) -> bool:
    """Read a section page by page to its end; False when the plan leaves the rest to reports.

    Raises ForbiddenError when Amazon refuses it whole; what else it refuses is in the state.
    Otherwise as recoup.sync.read_planned.
    """
    stream = state.stream
    connection_id = work.connection.connection_id
    async with work.database.reading() as conn:
        stored = await read_cursor(conn, connection_id, stream.name, section.scope)
    ids, now = work.connection.marketplace_ids, work.api.now()
    cursor = begin(stored, stream, work.fence.sync_id, now=now, marketplace_ids=ids)
    section, left = await _read_todo(work, state, section, cursor)
    while left is not None and (again := await reopen_owed(work, state, left)) is not None:
        section, left = await _read_todo(work, state, section, again)
    if left is None:
        return False
    state.fractions[section.scope] = 1.0
    return True


async def _read_todo(
    work: Work, state: StreamState, section: Section, cursor: Cursor
) -> tuple[Section, Cursor | None]:
    """Window after window; gives the section without what is refused, and the cursor that is left,
    None when the plan leaves the rest to reports.
    """
    rule, source, whole = state.stream.cursor, state.api, cursor.todo
    restarts = 0
    while (chosen := choose(cursor, rule, source, now=work.api.now())) is not None:
        work.course.window_begun(state.stream.name, section.scope, _window_of(state, chosen))
        try:
            read = await _read_window(work, state, section, chosen, whole)
            if read is None:
                return section, None
            cursor, restarts = read, 0
        except ForbiddenError as exc:
            section = await set_apart(work, state, section, chosen, exc)
            cursor = forget_page(chosen)
        except SpApiError as exc:
            if exc.recovery is Recovery.RESTART_WINDOW and restarts < _MOST_RESTARTS:
                restarts += 1
                _log.info("window_restarted", stream=state.stream.name, error=type(exc).__name__)
                cursor = shorten(chosen)
            elif isinstance(exc, BadRequestError) and exc.recovery is Recovery.FAIL_STREAM:
                await leave_out_datasets(work, state, section, chosen, exc)
                cursor = forget_page(chosen)
            else:
                raise
    return section, cursor


async def _read_window(
    work: Work,
    state: StreamState,
    section: Section,
    cursor: Cursor,
    whole: tuple[Window, ...],
) -> Cursor | None:
    """All pages of the open window; None when the plan leaves it to reports.

    The next page is asked for before this one is written: a page token may live 30 seconds only,
    and the waits overlap.
    """
    guard = PageGuard()
    asked = asyncio.create_task(_ask(work, state, section, cursor, cursor.page_token))
    try:
        while True:
            request, page = await asked
            guard.check(page.items, page.next_token)
            if page.next_token is not None:
                asked = asyncio.create_task(_ask(work, state, section, cursor, page.next_token))
            cursor, goes_on = await _write_page(work, state, cursor, whole, request, page)
            if page.next_token is None:
                return cursor
            if not goes_on:
                return None
    finally:
        asked.cancel()
        # Whatever became of a page that nobody waits for any more is no news.
        await asyncio.gather(asked, return_exceptions=True)


async def _ask(
    work: Work, state: StreamState, section: Section, cursor: Cursor, token: str | None
) -> tuple[Request, OperationPage]:
    request = Request(
        marketplace_ids=section.marketplace_ids,
        window=cursor.open_window,
        page_token=token,
        without=state.without,
    )
    return request, await state.api.fetch(work.api, request)


async def _write_page(
    work: Work,
    state: StreamState,
    cursor: Cursor,
    whole: tuple[Window, ...],
    request: Request,
    page: OperationPage,
) -> tuple[Cursor, bool]:
    """Rows, cursor and counts of a page: all of them, or none. And whether pages go on."""
    stream, now = state.stream, work.api.now()
    if page.next_token is None:
        after = close_window(cursor, stream.cursor, until=page.until)
        after = after if after.todo else replace(after, read_at=now)
    elif isinstance(stream.cursor, Snapshot):
        after = cursor
    else:
        after = turn_page(cursor, token=page.next_token, now=now)
    reached = newest_position(state.api, page.items)
    async with work.seat.at_work():
        batch = parse_page(stream, state.api, request, page.items)
        async with work.database.writing() as conn:
            loaded = await load_page(conn, work, stream, batch, source=source_of(state.api, page))
            ahead = state.after(loaded, reached, after, whole)
            await write_cursor(conn, after)
            if request.without and request.window is not None:
                await owe(conn, cursor, request.window, request.without)
            await count_page(
                conn,
                work.fence.sync_id,
                stream.name,
                read=loaded.read,
                loaded=loaded.loaded,
                quarantined=loaded.quarantined,
                expected_rows=ahead.expected_rows(),
            )
            await hold_fence(conn, work.fence)
    state.adopt(ahead)  # after the commit: what was refused must not count
    return after, _tell(work, state, cursor, page, rows=loaded.read, reached=reached)


def _window_of(state: StreamState, cursor: Cursor) -> Window | None:
    return None if isinstance(state.stream.cursor, Snapshot) else cursor.open_window


def _tell(
    work: Work,
    state: StreamState,
    cursor: Cursor,
    page: OperationPage,
    *,
    rows: int,
    reached: datetime | None,
) -> bool:
    """Tell the plan of a page; whether the next one is wanted."""
    here = (state.stream.name, cursor.scope, _window_of(state, cursor))
    calls = {state.api.operation.name: 1}
    if page.next_token is None:
        work.course.window_read(*here, rows=rows, calls=calls)
        return True
    fraction = 0.0
    if cursor.open_window is not None and reached is not None:
        window = cursor.open_window
        fraction = min(1.0, max(0.0, (reached - window.since) / window.length))
    return work.course.page_read(*here, rows=rows, fraction=fraction, calls=calls)
