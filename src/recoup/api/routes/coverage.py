"""How much of a seller's data is loaded."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from recoup.api.openapi import may_fail
from recoup.api.parameters import OptionalIdentifier
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.clock import utc_now
from recoup.connections.queries import choose_connection
from recoup.errors import AmbiguousConnectionError, NoConnectionError, NotFoundError
from recoup.ids import ConnectionId
from recoup.sync.cursors.coverage import read_coverage
from recoup.sync.cursors.coverage_body import CoverageBody

router = APIRouter(tags=["sync"])


@router.get(
    "/api/coverage",
    responses=may_fail(NoConnectionError, AmbiguousConnectionError, NotFoundError),
    summary="Dates for which each stream is loaded, and what is missing",
)
async def get_coverage(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    connection_id: Annotated[OptionalIdentifier, Query(alias="connectionId")] = None,
) -> CoverageBody:
    """The loaded data covers the time from `from` to `to` without the holes."""
    named = ConnectionId(connection_id) if connection_id else None
    async with services.database.reading() as conn:
        connection = await choose_connection(conn, workspace_id, named)
        return await read_coverage(conn, connection, now=utc_now())
