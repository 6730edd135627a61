"""Reads a section of a stream by its API: requests pages, writes each with its cursor at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from recoup.errors import (
    BadRequestError,
    ForbiddenError,
    NotAvailableError,
    PagingLoopError,
    Recovery,
    SpApiError,
)
from recoup.logs import get_logger
from recoup.spapi.paging import OperationPage, PageGuard
from recoup.streams._stream import Request, Snapshot, Stream
from recoup.streams._window import Window, subtract
from recoup.sync.cursors.next_window import (
    begin,
    close_window,
    forget_page,
    open_next,
    shorten,
    turn_page,
)
from recoup.sync.cursors.queries import Cursor, add_debt, write_cursor
from recoup.sync.cursors.sections import Section
from recoup.sync.cursors.shared_cursor import SharedCursor
from recoup.sync.loading.page import parse_page
from recoup.sync.record.lease_queries import hold_fence
from recoup.sync.record.stream_queries import count_page
from recoup.sync.record.stream_state import StreamState, newest_position
from recoup.sync.refusals.refused import (
    leave_out_datasets,
    reopen_owed,
    set_apart,
)
from recoup.sync.side_tasks import cancel_all
from recoup.sync.work import Work, load_page, source_of

_log = get_logger(__name__)

# A window that has to be begun again this often in a row will not be finished by trying.
_MOST_RESTARTS = 5


async def read_pages(
    work: Work, state: StreamState, section: Section, shared: SharedCursor
) -> tuple[Section, bool]:
    """Reads all pages that the plan assigns to a section.

    Returns the section without the refused marketplaces; and False when the plan has divided
    the rest again. Raises ForbiddenError when Amazon refuses it whole; what else it refuses is in
    the state. Otherwise as recoup.sync.reading.stream.
    """
    async with shared.moving:
        shared.cursor = begin(
            shared.cursor,
            state.stream,
            work.fence.sync_id,
            now=work.api.now(),
            marketplace_ids=work.connection.marketplace_ids,
        )
    while True:
        section, is_done = await _read_todo(work, state, section, shared)
        # Debts of pages cannot be read by reports, so they wait for a sync without reports.
        if not is_done or shared.by_reports or not await reopen_owed(work, state, shared):
            return section, is_done


async def _read_todo(
    work: Work, state: StreamState, section: Section, shared: SharedCursor
) -> tuple[Section, bool]:
    """Reads all windows; returns the section without refused parts, and whether all were read."""
    whole = shared.for_pages()
    restarts = 0
    while (chosen := await _open_window(work, state, shared)) is not None:
        here = _window_of(state, chosen)
        work.plan.window_begun(state.stream.name, section.scope, here)
        try:
            if not await _read_window(work, state, section, chosen, shared, whole):
                await _leave_window(shared)
                return section, False
            restarts = 0
        except ForbiddenError as exc:
            section = await set_apart(work, state, section, _reading(shared, chosen), exc)
            await _leave_window(shared)
        except SpApiError as exc:
            if exc.recovery is Recovery.RESTART_WINDOW and restarts < _MOST_RESTARTS:
                restarts += 1
                _log.info("window_restarted", stream=state.stream.name, error=type(exc).__name__)
                await _leave_window(shared, longest=shorten(chosen).longest_window)
            elif isinstance(exc, BadRequestError) and exc.recovery is Recovery.FAIL_STREAM:
                reading = _reading(shared, chosen)
                section = await _leave_out_refused(work, state, section, reading, exc)
                await _leave_window(shared)
            elif isinstance(exc, PagingLoopError) and isinstance(state.stream.cursor, Snapshot):
                # Seen for days on end (docs/amazon.md#inventory): no trouble that passes by itself.
                raise NotAvailableError(
                    f"Amazon keeps sending the same page of the {state.stream.noun} ({exc}). "
                    "The pages read before are kept, but may be incomplete."
                ) from exc
            else:
                raise
    return section, True


async def _leave_out_refused(
    work: Work, state: StreamState, section: Section, cursor: Cursor, error: BadRequestError
) -> Section:
    """The section without the dataset or marketplace to which Amazon answers 400."""
    try:
        await leave_out_datasets(work, state, section, cursor, error)
    except BadRequestError:
        return await set_apart(work, state, section, cursor, error)
    return section


async def _open_window(work: Work, state: StreamState, shared: SharedCursor) -> Cursor | None:
    """The cursor with the window to request next open in it; None if all is done."""
    async with shared.moving:
        chosen = open_next(
            shared.cursor,
            state.stream.cursor,
            state.api,
            todo=shared.for_pages(),
            now=work.api.now(),
        )
        if chosen is not None and chosen.page_token is None:
            # An open window is stored with the token of its next page only.
            shared.cursor = forget_page(shared.cursor)
        return chosen


def _reading(shared: SharedCursor, chosen: Cursor) -> Cursor:
    """The current cursor, with the window open that is being read."""
    return replace(shared.cursor, open_window=chosen.open_window)


async def _leave_window(shared: SharedCursor, *, longest: timedelta | None = None) -> None:
    """Leaves the window, to be read again. longest: of the next windows, if known.

    In memory: what is stored is the same or less far, and so serves a restart.
    """
    async with shared.moving:
        cursor = forget_page(shared.cursor)
        shared.cursor = replace(cursor, longest_window=longest or cursor.longest_window)


async def _read_window(
    work: Work,
    state: StreamState,
    section: Section,
    chosen: Cursor,
    shared: SharedCursor,
    whole: Sequence[Window],
) -> bool:
    """Reads all pages of the window open in `chosen`; False if the plan leaves it.

    The next page is requested before this one is written: a page token may live 30 seconds only,
    and the waits overlap.
    """
    guard = PageGuard()
    window = chosen.open_window
    asked = asyncio.create_task(_ask(work, state, section, window, chosen.page_token))
    try:
        while True:
            request, page = await asked
            guard.check_token(page.next_token)
            if page.next_token is not None:
                asked = asyncio.create_task(_ask(work, state, section, window, page.next_token))
            goes_on = await _write_page(work, state, shared, whole, request, page, guard)
            if page.next_token is None:
                return True
            if not goes_on:
                return False
    finally:
        # Whatever became of a page that nobody waits for any more is no news.
        await cancel_all([asked])


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
    shared: SharedCursor,
    whole: Sequence[Window],
    request: Request,
    page: OperationPage,
    guard: PageGuard,
) -> bool:
    """Writes rows, cursor and counts of a page, all or none. Returns whether pages continue.

    Raises PagingLoopError for a page that its window had before.
    """
    stream = state.stream
    reached = newest_position(state.api, page.items)
    async with shared.moving, work.seat.at_work():
        before = replace(shared.cursor, open_window=request.window)
        after = _turned(before, stream, page, now=work.api.now())
        todo = subtract(after.todo, shared.by_reports)
        share = state.covered(reached, after.open_window, whole, todo)
        # In a thread: half a second for 500 transactions on a slow machine, in which other
        # transactions of this process would stand idle.
        batch = await asyncio.to_thread(parse_page, stream, state.api, request, page.items)
        if batch.content is not None:
            guard.check_content(batch.content)
        async with work.database.writing() as conn:
            loaded = await load_page(conn, work, stream, batch, source=source_of(state.api, page))
            await write_cursor(conn, after)
            if request.without and request.window is not None:
                for dataset in sorted(request.without):
                    await add_debt(conn, before, request.window, dataset)
            await count_page(
                conn,
                work.fence.sync_id,
                stream.name,
                loaded,
                expected_rows=state.after(loaded, after.scope, share).expected_rows(),
            )
            await hold_fence(conn, work.fence)
        # After the commit: what was refused must not count.
        shared.cursor = after
        state.count_page(loaded, after.scope, share)
    return _tell(work, state, before, page, rows=loaded.read, reached=reached)


def _turned(cursor: Cursor, stream: Stream, page: OperationPage, *, now: datetime) -> Cursor:
    """The cursor after this page is stored."""
    if page.next_token is None:
        after = close_window(cursor, stream.cursor, until=page.until)
        return after if after.todo else replace(after, read_at=now)
    if isinstance(stream.cursor, Snapshot):
        return cursor
    return turn_page(cursor, token=page.next_token, now=now)


def _window_of(state: StreamState, cursor: Cursor) -> Window | None:
    """The open window; None for a snapshot, which has no windows."""
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
    """Reports a page to the plan; returns whether the next one is wanted."""
    here = (state.stream.name, cursor.scope, _window_of(state, cursor))
    calls = {state.api.operation.name: 1}
    if page.next_token is None:
        work.plan.window_read(*here, rows=rows, calls=calls)
        return True
    fraction = 0.0
    if cursor.open_window is not None and reached is not None:
        window = cursor.open_window
        fraction = min(1.0, max(0.0, (reached - window.since) / window.length))
    return work.plan.page_read(*here, rows=rows, fraction=fraction, calls=calls)
