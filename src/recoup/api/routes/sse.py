"""Server-Sent Events (WHATWG HTML, 9.2). What a stream says of itself is told before it begins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import Response

from recoup.api.event_stream import EventStream
from recoup.api.feeds import has_seen_the_end, sync_frames, user_frames
from recoup.api.openapi import Responses, may_fail
from recoup.api.parameters import Identifier
from recoup.api.services import CurrentUser, ServicesOfApp
from recoup.errors import NotFoundError
from recoup.events.sse import parse_last_event_id
from recoup.ids import SyncId
from recoup.sync.queries import get_sync

router = APIRouter(tags=["events"])

_STREAM: Responses = {
    200: {"description": "A stream of unnamed events", "content": {"text/event-stream": {}}}
}
_AFTER_THE_END: Responses = {204: {"description": "The reader has seen the end: do not come back"}}
LastEventIdHeader = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="The id of the last event seen; sent by browsers."),
]
LastEventIdQuery = Annotated[
    str | None, Query(alias="lastEventId", description="For clients that cannot set the header.")
]


@router.get(
    "/api/sse/sync-progress/{syncId}",
    response_class=Response,
    responses={**_STREAM, **_AFTER_THE_END, **may_fail(NotFoundError)},
    summary="Follow one sync",
)
async def follow_sync(
    services: ServicesOfApp,
    user_id: CurrentUser,
    sync_id: Annotated[Identifier, Path(alias="syncId")],
    header: LastEventIdHeader = None,
    query: LastEventIdQuery = None,
) -> Response:
    """The data is the status body: the current state first, then each change, to the end."""
    # A browser that comes back sends the header; its address still holds the place of long ago.
    last_seen = parse_last_event_id(header or query)
    async with services.database.reading() as conn:
        await get_sync(conn, user_id, SyncId(sync_id))
    if await has_seen_the_end(services, user_id, SyncId(sync_id), last_seen):
        return Response(status_code=204)
    return EventStream(services, sync_frames(services, user_id, SyncId(sync_id), last_seen))


@router.get(
    "/api/sse/status",
    response_class=Response,
    responses={**_STREAM, **may_fail()},
    summary="Follow everything of the user",
)
async def follow_user(
    services: ServicesOfApp,
    user_id: CurrentUser,
    header: LastEventIdHeader = None,
    query: LastEventIdQuery = None,
) -> Response:
    """The data is `{"type": "sync", "sync": {...}}`, or of type `detection` or `connection`."""
    return EventStream(
        services, user_frames(services, user_id, parse_last_event_id(header or query))
    )
