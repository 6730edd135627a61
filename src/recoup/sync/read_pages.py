"""One section of a stream by its API: ask for pages, write each with its cursor in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from recoup.errors import BadRequestError, ForbiddenError, Recovery, SpApiError
from recoup.logs import get_logger
from recoup.spapi.paging import OperationPage, PageGuard
from recoup.streams.stream import Request, Snapshot, Stream
from recoup.streams.window import Window, subtract
from recoup.sync.bookmark import Bookmark
from recoup.sync.cursor_queries import Cursor, write_cursor
from recoup.sync.lease_queries import count_page, hold_fence
from recoup.sync.load import parse_page
from recoup.sync.refused import (
    Section,
    leave_out_datasets,
    owe,
    reopen_owed,
    set_apart,
)
from recoup.sync.steps import (
    begin,
    choose,
    close_window,
    forget_page,
    shorten,
    turn_page,
)
from recoup.sync.stream_state import StreamState, newest_position
from recoup.sync.work import Work, load_page, source_of

_log = get_logger(__name__)

# A window that has to be begun again this often in a row will not be finished by trying.
_MOST_RESTARTS = 5


async def read_pages(
    work: Work, state: StreamState, section: Section, bookmark: Bookmark
) -> tuple[Section, bool]:
    """Read page by page what the plan leaves to pages of a section, to its end.

    Gives the section without the marketplaces that are refused; and False when the plan has divided
    what is left anew. Raises ForbiddenError when Amazon refuses it whole; what else it refuses is in
    the state. Otherwise as recoup.sync.read_planned.
    """
    async with bookmark.moving:
        bookmark.cursor = begin(
            bookmark.cursor,
            state.stream,
            work.fence.sync_id,
            now=work.api.now(),
            marketplace_ids=work.connection.marketplace_ids,
        )
    while True:
        section, is_done = await _read_todo(work, state, section, bookmark)
        # What pages owe no report can bring, so it waits for a sync that needs none.
        if not is_done or bookmark.by_reports or not await reopen_owed(work, state, bookmark):
            return section, is_done


async def _read_todo(
    work: Work, state: StreamState, section: Section, bookmark: Bookmark
) -> tuple[Section, bool]:
    """Window after window; gives the section without what is refused, and whether all are read."""
    whole = bookmark.for_pages()
    restarts = 0
    while (chosen := await _open_window(work, state, bookmark)) is not None:
        here = _window_of(state, chosen)
        work.course.window_begun(state.stream.name, section.scope, here)
        try:
            if not await _read_window(work, state, section, chosen, bookmark, whole):
                await _leave_window(bookmark)
                return section, False
            restarts = 0
        except ForbiddenError as exc:
            section = await set_apart(work, state, section, _reading(bookmark, chosen), exc)
            await _leave_window(bookmark)
        except SpApiError as exc:
            if exc.recovery is Recovery.RESTART_WINDOW and restarts < _MOST_RESTARTS:
                restarts += 1
                _log.info("window_restarted", stream=state.stream.name, error=type(exc).__name__)
                await _leave_window(bookmark, longest=shorten(chosen).longest_window)
            elif isinstance(exc, BadRequestError) and exc.recovery is Recovery.FAIL_STREAM:
                await leave_out_datasets(work, state, section, _reading(bookmark, chosen), exc)
                await _leave_window(bookmark)
            else:
                raise
    return section, True


async def _open_window(work: Work, state: StreamState, bookmark: Bookmark) -> Cursor | None:
    """The cursor with the window to ask for next open in it; None when all is done."""
    async with bookmark.moving:
        chosen = choose(
            bookmark.cursor,
            state.stream.cursor,
            state.api,
            todo=bookmark.for_pages(),
            now=work.api.now(),
        )
        if chosen is not None and chosen.page_token is None:
            # An open window is stored with the token of its next page only.
            bookmark.cursor = forget_page(bookmark.cursor)
        return chosen


def _reading(bookmark: Bookmark, chosen: Cursor) -> Cursor:
    """The cursor as it is now, with the window open that is being read."""
    return replace(bookmark.cursor, open_window=chosen.open_window)


async def _leave_window(bookmark: Bookmark, *, longest: timedelta | None = None) -> None:
    """Its pages begin anew, or others read it. longest: of the next windows, where that is learned.

    In memory: what is stored is the same or less far, and so serves a restart.
    """
    async with bookmark.moving:
        cursor = forget_page(bookmark.cursor)
        bookmark.cursor = replace(cursor, longest_window=longest or cursor.longest_window)


async def _read_window(
    work: Work,
    state: StreamState,
    section: Section,
    chosen: Cursor,
    bookmark: Bookmark,
    whole: Sequence[Window],
) -> bool:
    """All pages of the window that is open in `chosen`; False when the plan leaves it.

    The next page is asked for before this one is written: a page token may live 30 seconds only,
    and the waits overlap.
    """
    guard = PageGuard()
    window = chosen.open_window
    asked = asyncio.create_task(_ask(work, state, section, window, chosen.page_token))
    try:
        while True:
            request, page = await asked
            guard.check(page.items, page.next_token)
            if page.next_token is not None:
                asked = asyncio.create_task(_ask(work, state, section, window, page.next_token))
            goes_on = await _write_page(work, state, bookmark, whole, request, page)
            if page.next_token is None:
                return True
            if not goes_on:
                return False
    finally:
        asked.cancel()
        # Whatever became of a page that nobody waits for any more is no news.
        await asyncio.gather(asked, return_exceptions=True)


async def _ask(
    work: Work, state: StreamState, section: Section, window: Window | None, token: str | None
) -> tuple[Request, OperationPage]:
    request = Request(
        marketplace_ids=section.marketplace_ids,
        window=window,
        page_token=token,
        without=state.without,
    )
    return request, await state.api.fetch(work.api, request)


async def _write_page(
    work: Work,
    state: StreamState,
    bookmark: Bookmark,
    whole: Sequence[Window],
    request: Request,
    page: OperationPage,
) -> bool:
    """Rows, cursor and counts of a page: all of them, or none. And whether pages go on."""
    stream = state.stream
    reached = newest_position(state.api, page.items)
    async with bookmark.moving, work.seat.at_work():
        before = replace(bookmark.cursor, open_window=request.window)
        after = _turned(before, stream, page, now=work.api.now())
        todo = subtract(after.todo, bookmark.by_reports)
        share = state.covered(reached, after.open_window, whole, todo)
        batch = parse_page(stream, state.api, request, page.items)
        async with work.database.writing() as conn:
            loaded = await load_page(conn, work, stream, batch, source=source_of(state.api, page))
            await write_cursor(conn, after)
            if request.without and request.window is not None:
                await owe(conn, before, request.window, request.without)
            await count_page(
                conn,
                work.fence.sync_id,
                stream.name,
                read=loaded.read,
                loaded=loaded.loaded,
                quarantined=loaded.quarantined,
                expected_rows=state.after(loaded, after.scope, share).expected_rows(),
            )
            await hold_fence(conn, work.fence)
        # After the commit: what was refused must not count.
        bookmark.cursor = after
        state.count_page(loaded, after.scope, share)
    return _tell(work, state, before, page, rows=loaded.read, reached=reached)


def _turned(cursor: Cursor, stream: Stream, page: OperationPage, *, now: datetime) -> Cursor:
    """The cursor once this page is stored."""
    if page.next_token is None:
        after = close_window(cursor, stream.cursor, until=page.until)
        return after if after.todo else replace(after, read_at=now)
    if isinstance(stream.cursor, Snapshot):
        return cursor
    return turn_page(cursor, token=page.next_token, now=now)


def _window_of(state: StreamState, cursor: Cursor) -> Window | None:
    """The open one; None for a snapshot: it has no windows."""
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
