"""Legal holds: while one counts, recoup deletes nothing of what it keeps (docs/security.md#legal-hold)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import Field, StringConstraints

from recoup.api.openapi import may_fail
from recoup.api.parameters import OptionalIdentifier, RequestModel
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.body import CamelModel, Timestamp
from recoup.config import Settings
from recoup.db.engine import Reader
from recoup.errors import ConflictError, NotFoundError
from recoup.ids import ConnectionId, WorkspaceId
from recoup.sync.record.legal_hold_queries import (
    end_legal_hold,
    list_legal_holds,
    set_legal_hold,
)

router = APIRouter(tags=["people"])

_Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class LegalHoldRequest(RequestModel):
    connection_id: OptionalIdentifier = Field(
        default=None, description="Null: everything of the workspace."
    )
    is_held: bool = Field(description="False ends the hold.")
    reason: _Reason = Field(description="Why it begins or ends, for the audit log.")


class LegalHoldBody(CamelModel):
    connection_id: str | None = Field(description="Null: everything of the workspace.")
    reason: str
    since: Timestamp


class LegalHoldsBody(CamelModel):
    holds: list[LegalHoldBody]
    retention_months: int = Field(
        description="After so many data of sellers without one is deleted."
    )


@router.get("/api/legal-hold", responses=may_fail(), summary="What must not be deleted")
async def get_legal_holds(
    services: ServicesOfApp, workspace_id: CurrentWorkspace
) -> LegalHoldsBody:
    async with services.database.reading() as conn:
        return await _read(conn, workspace_id, services.settings)


@router.put(
    "/api/legal-hold",
    responses=may_fail(NotFoundError, ConflictError, write=True),
    summary="Set or end a legal hold",
)
async def put_legal_hold(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    body: Annotated[LegalHoldRequest, Body()],
) -> LegalHoldsBody:
    """Nothing is deleted with age, and nothing can be purged, while a hold counts."""
    change = set_legal_hold if body.is_held else end_legal_hold
    named = ConnectionId(body.connection_id) if body.connection_id else None
    async with services.database.writing() as conn:
        await change(conn, workspace_id, named, body.reason)
        return await _read(conn, workspace_id, services.settings)


async def _read(conn: Reader, workspace_id: WorkspaceId, settings: Settings) -> LegalHoldsBody:
    return LegalHoldsBody(
        retention_months=settings.retention_months,
        holds=[
            LegalHoldBody(connection_id=one.connection_id, reason=one.reason, since=one.since)
            for one in await list_legal_holds(conn, workspace_id)
        ],
    )
