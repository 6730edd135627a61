"""A stream in Amazon's own sandbox, which answers one request word for word and nothing else.

It shows that credentials, roles and parsing work. Its page tokens lead nowhere, so one page is all;
no cursor moves, as nothing was read that a later sync could rest on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from recoup.spapi.client import SpApi
from recoup.spapi.paging import OperationPage
from recoup.streams.stream import Request
from recoup.sync.lease_queries import count_page, hold_fence
from recoup.sync.load import parse_page
from recoup.sync.stream_state import StreamState
from recoup.sync.work import Work, load_page, source_of


async def read_canned(
    work: Work, state: StreamState, fetch: Callable[[SpApi], Awaitable[OperationPage]]
) -> None:
    """Load the canned page. Raises what fetching and writing raise."""
    stream = state.stream
    page = await fetch(work.api)
    request = Request(work.connection.marketplace_ids, None, None)
    batch = parse_page(stream, state.api, request, page.items)
    async with work.database.writing() as conn:
        loaded = await load_page(conn, work, stream, batch, source=source_of(state.api, page))
        await count_page(
            conn,
            work.fence.sync_id,
            stream.name,
            read=loaded.read,
            loaded=loaded.loaded,
            quarantined=loaded.quarantined,
            expected_rows=loaded.loaded,
        )
        await hold_fence(conn, work.fence)
    state.rows += loaded.loaded
    state.finished = True
