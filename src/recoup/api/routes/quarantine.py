"""Source rows that could not be read."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from fastapi import APIRouter, Query

from recoup.api.cursors import bad_cursor
from recoup.api.data_bodies import Page
from recoup.api.listings import PageQuery
from recoup.api.openapi import may_fail
from recoup.api.paging import Pages, Place, read_page
from recoup.api.parameters import OptionalIdentifier, RequestModel
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.body import CamelModel, Timestamp
from recoup.clock import utc_now
from recoup.connections.queries import get_connection
from recoup.db.engine import Reader
from recoup.errors import InvalidRequestError, NotFoundError
from recoup.ids import ConnectionId, WorkspaceId
from recoup.sync.reading.replay import replay_quarantine
from recoup.sync.record.quarantine_queries import QuarantinedRow, list_quarantine

router = APIRouter(tags=["operations"])


class QuarantinedBody(CamelModel):
    quarantine_id: int
    connection_id: str
    stream: str
    sync_id: str
    reason: str
    raw: Any
    source: str
    created_at: Timestamp


class QuarantineQuery(PageQuery):
    stream: OptionalIdentifier = None


class QuarantinePage(Page):
    items: list[QuarantinedBody]


class ReplayRequest(RequestModel):
    connection_id: OptionalIdentifier = None


class ReplayBody(CamelModel):
    tried: int
    loaded: int
    remaining: int


def _pages(
    workspace_id: WorkspaceId, named: ConnectionId | None, stream: str | None
) -> Pages[QuarantinedRow]:
    def read(conn: Reader, limit: int, after: Place | None) -> Awaitable[list[QuarantinedRow]]:
        before = None if after is None else after[0]
        return list_quarantine(
            conn, workspace_id, connection_id=named, stream=stream, limit=limit, before=before
        )

    return Pages(
        cursor_name="quarantine",
        place_length=1,
        read=read,
        place_of=lambda row: (row.quarantine_id,),
        parse_place=_place,
    )


def _place(texts: tuple[str, ...]) -> Place:
    (number,) = texts
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise bad_cursor()
    return (int(number),)


@router.get(
    "/api/quarantine",
    responses=may_fail(InvalidRequestError, NotFoundError),
    summary="Source rows that could not be read, with the reason",
)
async def get_quarantine(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[QuarantineQuery, Query()],
) -> QuarantinePage:
    """Newest first. `raw` is the row as Amazon sent it, without personal data."""
    named = ConnectionId(query.connection_id) if query.connection_id else None
    async with services.database.reading() as conn:
        if named is not None:
            await get_connection(conn, workspace_id, named)
        pages = _pages(workspace_id, named, query.stream)
        rows, cursor = await read_page(conn, pages, limit=query.limit, cursor=query.cursor)
    items = [QuarantinedBody.model_validate(row, from_attributes=True) for row in rows]
    return QuarantinePage(items=items, next_cursor=cursor)


@router.post(
    "/api/quarantine/replay",
    responses=may_fail(NotFoundError),
    summary="Retry rows that could not be read, after an upgrade",
)
async def replay(
    services: ServicesOfApp, workspace_id: CurrentWorkspace, request: ReplayRequest | None = None
) -> ReplayBody:
    """Rows of one connection, or of all. What can be read now leaves the quarantine."""
    named = ConnectionId(request.connection_id) if request and request.connection_id else None
    if named is not None:
        async with services.database.reading() as conn:
            await get_connection(conn, workspace_id, named)
    done = await replay_quarantine(services.database, workspace_id, named, now=utc_now())
    async with services.database.writing() as conn:
        await record(conn, Action.QUARANTINE_REPLAYED, named, loaded=done.loaded)
    return ReplayBody(tried=done.tried, loaded=done.loaded, remaining=done.remaining)
