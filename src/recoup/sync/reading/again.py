"""Repeated requests by id, for changes that a source does not report by itself."""

from __future__ import annotations

from recoup.errors import RemoteNotFoundError
from recoup.streams._stream import Request
from recoup.sync.cursors.sections import Section
from recoup.sync.cursors.stored_rows_queries import list_again_ids
from recoup.sync.loading.page import parse_page
from recoup.sync.record.lease_queries import hold_fence
from recoup.sync.record.stream_queries import count_page
from recoup.sync.record.stream_state import StreamState
from recoup.sync.work import Work, load_page


async def read_again(work: Work, state: StreamState, section: Section) -> None:
    """Requests the ids that the stream names (recoup.streams._stream.Again), list by list.

    May be done twice. Raises the SpApiError of a call, FencedError.
    """
    again = state.stream.again
    if again is None:
        return
    [marketplace_id] = section.marketplace_ids
    connection_id, today = work.connection.connection_id, work.api.now().date()
    async with work.seat.at_work(), work.database.reading() as conn:
        ids = await list_again_ids(conn, connection_id, again, marketplace_id, today=today)
    for first in range(0, len(ids), again.at_once):
        some = ids[first : first + again.at_once]
        try:
            page = await again.fetch(work.api, marketplace_id, some)
        except RemoteNotFoundError:
            continue  # deleted since it was reported
        request = Request((marketplace_id,), None, None)
        async with work.seat.at_work():
            batch = parse_page(state.stream, state.api, request, page.items)
            source = f"{again.operation.name} {page.request_id or 'without request id'}"
            async with work.database.writing() as conn:
                loaded = await load_page(conn, work, state.stream, batch, source=source)
                await count_page(
                    conn,
                    work.fence.sync_id,
                    state.stream.name,
                    loaded,
                    expected_rows=state.expected_rows(),
                )
                await hold_fence(conn, work.fence)
            state.count_file(loaded.read, loaded.loaded)
