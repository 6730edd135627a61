"""One stream of one sync: ask for pages, write each with its cursor in one transaction."""

from __future__ import annotations

import asyncio
import time

from recoup.connections.queries import Connection
from recoup.errors import Recovery, SpApiError
from recoup.logs import get_logger
from recoup.spapi.paging import OperationPage, PageGuard
from recoup.streams.stream import Request, Scope, Snapshot, Stream
from recoup.streams.window import Window
from recoup.sync.cursor_queries import Cursor, read_cursor, write_cursor
from recoup.sync.lease_queries import count_page, hold_fence
from recoup.sync.load import parse_page
from recoup.sync.steps import begin, choose, close_window, shorten, turn_page
from recoup.sync.stream_state import StreamState, newest_position
from recoup.sync.work import Work, load_page, source_of

_log = get_logger(__name__)

# A window that has to be begun again this often in a row will not be finished by trying.
_MOST_RESTARTS = 5


async def read_stream(work: Work, state: StreamState) -> None:
    """Read a stream to its end, scope by scope.

    Raises FencedError when the sync is somebody else's, ReauthorizationRequiredError or
    InvalidClientError when nothing can go on, another RecoupError when this stream cannot.
    """
    scopes = scopes_of(state.stream, work.connection)
    state.scopes = len(scopes)
    for scope in scopes:
        await _read_scope(work, state, scope)
    state.finished = True


def scopes_of(stream: Stream, connection: Connection) -> tuple[str, ...]:
    """'' for a source that is asked once per region, else each marketplace."""
    return ("",) if stream.scope is Scope.REGION else connection.marketplace_ids


async def _read_scope(work: Work, state: StreamState, scope: str) -> None:
    stream = state.stream
    async with work.database.reading() as conn:
        stored = await read_cursor(conn, work.connection.connection_id, stream.name, scope)
    cursor = begin(stored, stream.cursor, work.fence.sync_id, now=work.api.now())
    whole = cursor.todo
    restarts = 0
    source = state.api
    while (chosen := choose(cursor, stream.cursor, source, now=work.api.now())) is not None:
        try:
            cursor = await _read_window(work, state, chosen, whole)
            restarts = 0
        except SpApiError as exc:
            if exc.recovery is not Recovery.RESTART_WINDOW or restarts == _MOST_RESTARTS:
                raise
            restarts += 1
            _log.info("window_restarted", stream=stream.name, error=type(exc).__name__)
            cursor = shorten(chosen)
    state.fractions[scope] = 1.0


async def _read_window(
    work: Work, state: StreamState, cursor: Cursor, whole: tuple[Window, ...]
) -> Cursor:
    """All pages of the open window. The next page is asked for before this one is written: a page
    token may live 30 seconds only, and the waits overlap.
    """
    guard = PageGuard()
    asked = asyncio.create_task(_ask(work, state, cursor, cursor.page_token))
    try:
        while True:
            request, page = await asked
            guard.check(page.items, page.next_token)
            if page.next_token is not None:
                asked = asyncio.create_task(_ask(work, state, cursor, page.next_token))
            cursor = await _write_page(work, state, cursor, whole, request, page)
            if page.next_token is None:
                return cursor
    finally:
        asked.cancel()
        # Whatever became of a page that nobody waits for any more is no news.
        await asyncio.gather(asked, return_exceptions=True)


async def _ask(
    work: Work, state: StreamState, cursor: Cursor, token: str | None
) -> tuple[Request, OperationPage]:
    request = Request(
        marketplace_ids=(cursor.scope,) if cursor.scope else work.connection.marketplace_ids,
        window=cursor.open_window,
        page_token=token,
    )
    began = time.monotonic()
    page = await state.api.fetch(work.api, request)
    took = time.monotonic() - began
    state.seconds_per_page += (min(took, 30.0) - state.seconds_per_page) / 4
    return request, page


async def _write_page(
    work: Work,
    state: StreamState,
    cursor: Cursor,
    whole: tuple[Window, ...],
    request: Request,
    page: OperationPage,
) -> Cursor:
    """Rows, cursor and counts of a page: all of them, or none."""
    stream = state.stream
    if page.next_token is None:
        after = close_window(cursor, stream.cursor, until=page.until)
    elif isinstance(stream.cursor, Snapshot):
        after = cursor
    else:
        after = turn_page(cursor, token=page.next_token, now=work.api.now())
    batch = parse_page(stream, state.api, request, page.items)
    async with work.database.writing() as conn:
        loaded = await load_page(conn, work, stream, batch, source=source_of(state.api, page))
        ahead = state.after(loaded, newest_position(state.api, page.items), after, whole)
        await write_cursor(conn, after)
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
    return after
