"""One stream of one sync: ask for pages, write each with its cursor in one transaction."""

from __future__ import annotations

import asyncio
import time

from recoup.errors import BadRequestError, ForbiddenError, Recovery, SpApiError
from recoup.logs import get_logger
from recoup.spapi.paging import OperationPage, PageGuard
from recoup.streams.stream import Request, Scope, Snapshot
from recoup.streams.window import Window
from recoup.sync.cursor_queries import Cursor, read_cursor, write_cursor
from recoup.sync.lease_queries import count_page, hold_fence
from recoup.sync.load import parse_page
from recoup.sync.refused import (
    Section,
    leave_out_datasets,
    list_sections,
    owe,
    refused_error,
    rejoin,
    reopen_owed,
    set_apart,
)
from recoup.sync.steps import begin, choose, close_window, forget_page, shorten, turn_page
from recoup.sync.stream_state import Refusal, StreamState, newest_position
from recoup.sync.work import Work, load_page, source_of

_log = get_logger(__name__)

# A window that has to be begun again this often in a row will not be finished by trying.
_MOST_RESTARTS = 5


async def read_stream(work: Work, state: StreamState) -> None:
    """Read a stream to its end, section by section; one that Amazon refuses stops no other.

    Raises RefusedError when a part was refused, FencedError when the sync is somebody else's, ReauthorizationRequiredError or
    InvalidClientError when nothing can go on, another RecoupError when this stream cannot.
    """
    sections = await list_sections(work, state.stream)
    state.scopes = len(sections)
    for section in sections:
        try:
            await _read_section(work, state, section)
        except ForbiddenError as exc:
            what = f"the marketplace {section.scope}" if section.scope else "all of it"
            state.refusals.append(Refusal(what, exc))
    if state.refusals:
        raise refused_error(state)
    state.finished = True


async def _read_section(work: Work, state: StreamState, section: Section) -> None:
    """Raises ForbiddenError when Amazon refuses it whole; what else it refuses is in the state."""
    stream = state.stream
    connection_id = work.connection.connection_id
    async with work.database.reading() as conn:
        stored = await read_cursor(conn, connection_id, stream.name, section.scope)
    cursor = begin(stored, stream.cursor, work.fence.sync_id, now=work.api.now())
    section, cursor = await _read_todo(work, state, section, cursor)
    while (again := await reopen_owed(work, state, cursor)) is not None:
        section, cursor = await _read_todo(work, state, section, again)
    if stream.scope is Scope.REGION and section.scope and not state.without:
        await rejoin(work, stream, section)
    state.fractions[section.scope] = 1.0


async def _read_todo(
    work: Work, state: StreamState, section: Section, cursor: Cursor
) -> tuple[Section, Cursor]:
    """Window after window; gives the cursor that is left, and the section without what is refused."""
    rule, source, whole = state.stream.cursor, state.api, cursor.todo
    restarts = 0
    while (chosen := choose(cursor, rule, source, now=work.api.now())) is not None:
        try:
            cursor = await _read_window(work, state, section, chosen, whole)
            restarts = 0
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
) -> Cursor:
    """All pages of the open window. The next page is asked for before this one is written: a page
    token may live 30 seconds only, and the waits overlap.
    """
    guard = PageGuard()
    asked = asyncio.create_task(_ask(work, state, section, cursor, cursor.page_token))
    try:
        while True:
            request, page = await asked
            guard.check(page.items, page.next_token)
            if page.next_token is not None:
                asked = asyncio.create_task(_ask(work, state, section, cursor, page.next_token))
            cursor = await _write_page(work, state, cursor, whole, request, page)
            if page.next_token is None:
                return cursor
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
    return after
