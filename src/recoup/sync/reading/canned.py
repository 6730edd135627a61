"""A stream in Amazon's own sandbox, which answers only one request, word for word.

It shows that credentials, roles and parsing work. Its page tokens lead nowhere, so one page is all;
no cursor moves, as nothing was read that a later sync could rest on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from recoup.spapi.client import SpApi
from recoup.spapi.paging import OperationPage
from recoup.streams._stream import Request
from recoup.sync.loading.page import parse_page
from recoup.sync.record.lease_queries import hold_fence
from recoup.sync.record.stream_queries import count_page
from recoup.sync.record.stream_state import StreamState
from recoup.sync.work import Work, load_page, source_of


async def read_canned(
    work: Work, state: StreamState, fetch: Callable[[SpApi], Awaitable[OperationPage]]
) -> None:
    """Loads the canned page. Raises the errors of fetching and writing."""
    stream = state.stream
    page = await fetch(work.api)
    request = Request(work.connection.marketplace_ids, None, None)
    batch = parse_page(stream, state.api, request, page.items)
    async with work.database.writing() as conn:
        loaded = await load_page(conn, work, stream, batch, source=source_of(state.api, page))
        await count_page(conn, work.fence.sync_id, stream.name, loaded, expected_rows=loaded.loaded)
        await hold_fence(conn, work.fence)
    state.rows += loaded.loaded
    state.finished = True
