"""Server-Sent Events (WHATWG HTML, 9.2). Errors are reported before a stream begins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import Response

from recoup.api.event_bodies import event_stream
from recoup.api.event_stream import EventStream
from recoup.api.feeds import has_seen_the_end, sync_frames, workspace_frames
from recoup.api.openapi import Responses, may_fail
from recoup.api.parameters import Identifier
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.errors import NotFoundError, TooManyStreamsError
from recoup.events.sse import parse_last_event_id
from recoup.ids import SyncId

router = APIRouter(tags=["events"])


def _stream(schema: str) -> Responses:
    return {200: {"description": "A stream of unnamed events", "content": event_stream(schema)}}


_AFTER_THE_END: Responses = {204: {"description": "The stream has ended; do not reconnect"}}
LastEventIdHeader = Annotated[
    str | None,
    Header(alias="Last-Event-ID", description="Id of the last event received; sent by browsers."),
]
LastEventIdQuery = Annotated[
    str | None,
    Query(alias="lastEventId", description="The same, for clients that cannot set the header."),
]


@router.get(
    "/api/sse/sync-progress/{syncId}",
    response_class=Response,
    responses={
        **_stream("StatusBody"),
        **_AFTER_THE_END,
        **may_fail(NotFoundError, TooManyStreamsError),
    },
    summary="Follow one sync",
)
async def follow_sync(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    sync_id: Annotated[Identifier, Path(alias="syncId")],
    header: LastEventIdHeader = None,
    query: LastEventIdQuery = None,
) -> Response:
    """The data is the status body: the current state first, then each change, to the end."""
    # A browser that comes back sends the header; its address still holds the place of long ago.
    last_seen = parse_last_event_id(header or query)
    if await has_seen_the_end(services, workspace_id, SyncId(sync_id), last_seen):
        return Response(status_code=204)
    return EventStream(services, sync_frames(services, workspace_id, SyncId(sync_id), last_seen))


@router.get(
    "/api/sse/status",
    response_class=Response,
    responses={**_stream("WorkspaceEvent"), **may_fail(TooManyStreamsError)},
    summary="Follow all events of the user",
)
async def follow_user(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    header: LastEventIdHeader = None,
    query: LastEventIdQuery = None,
) -> Response:
    """The data is `{"type": "sync", "sync": {...}}`, or of type `detection` or `connection`."""
    return EventStream(
        services, workspace_frames(services, workspace_id, parse_last_event_id(header or query))
    )
