"""Source rows that could not be read."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from recoup.api.cursors import bad_cursor, decode_cursor, encode_cursor
from recoup.api.data_bodies import Page
from recoup.api.fields import Timestamp
from recoup.api.listings import PageQuery
from recoup.api.openapi import may_fail
from recoup.api.parameters import CamelModel, OptionalIdentifier
from recoup.api.services import CurrentUser, ServicesOfApp
from recoup.clock import utc_now
from recoup.connections.queries import get_connection
from recoup.errors import InvalidRequestError, NotFoundError
from recoup.ids import ConnectionId
from recoup.sync.quarantine_queries import list_quarantine
from recoup.sync.replay import replay_quarantine

router = APIRouter(tags=["operations"])

_NAME = "quarantine"


class QuarantinedBody(CamelModel):
    quarantine_id: int
    connection_id: str
    stream: str
    sync_id: str
    reason: str
    raw: Any
    source: str
    created_at: Timestamp


class QuarantinePage(Page):
    items: list[QuarantinedBody]


class ReplayRequest(CamelModel):
    connection_id: OptionalIdentifier = None


class ReplayBody(CamelModel):
    tried: int
    loaded: int
    remaining: int


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    (number,) = decode_cursor(_NAME, cursor, count=1)
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise bad_cursor()
    return int(number)


@router.get(
    "/api/quarantine",
    response_model=QuarantinePage,
    responses=may_fail(InvalidRequestError, NotFoundError),
    summary="Source rows that could not be read, with the reason",
)
async def get_quarantine(
    services: ServicesOfApp, user_id: CurrentUser, query: Annotated[PageQuery, Query()]
) -> dict[str, Any]:
    """Newest first. `raw` is the row as Amazon sent it, without personal data."""
    before = _before(query.cursor)
    named = ConnectionId(query.connection_id) if query.connection_id else None
    async with services.database.reading() as conn:
        if named is not None:
            await get_connection(conn, user_id, named)
        rows = await list_quarantine(
            conn, user_id, connection_id=named, limit=query.limit + 1, before=before
        )
    page = rows[: query.limit]
    more = len(rows) > query.limit
    cursor = encode_cursor(_NAME, [str(page[-1].quarantine_id)]) if more else None
    return {
        "items": [{n: getattr(row, n) for n in QuarantinedBody.model_fields} for row in page],
        "nextCursor": cursor,
    }


@router.post(
    "/api/quarantine/replay",
    response_model=ReplayBody,
    responses=may_fail(NotFoundError),
    summary="Try rows that could not be read again, after an upgrade",
)
async def replay(
    services: ServicesOfApp, user_id: CurrentUser, request: ReplayRequest | None = None
) -> dict[str, int]:
    """Rows of one connection, or of all. What can be read now leaves the quarantine."""
    named = ConnectionId(request.connection_id) if request and request.connection_id else None
    if named is not None:
        async with services.database.reading() as conn:
            await get_connection(conn, user_id, named)
    done = await replay_quarantine(services.database, user_id, named, now=utc_now())
    return {"tried": done.tried, "loaded": done.loaded, "remaining": done.remaining}
