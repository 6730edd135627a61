"""Filing packs: claims as Seller Central takes them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Header, Path, Query
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from pydantic import Field

from recoup.api.body_csv import pack_csv
from recoup.api.csv_text import MEDIA_TYPE
from recoup.api.negotiation import preferred
from recoup.api.openapi import Responses, may_fail
from recoup.api.pack_page import render_pack
from recoup.api.parameters import Blank, Identifier, OptionalIdentifier, RequestModel
from recoup.api.print_page import CONTENT_SECURITY_POLICY
from recoup.api.services import CurrentUser, CurrentWorkspace, ServicesOfApp
from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.body import CamelModel, Timestamp
from recoup.claims.bodies.pack import PackBody, PackSummaryBody, pack_body, pack_summary_body
from recoup.claims.bodies.pack_lines import pack_lines
from recoup.claims.bodies.totals import Totals, totals_body
from recoup.claims.lifecycle import Standing
from recoup.claims.packs.filing import file_pack
from recoup.claims.packs.queries import list_filings
from recoup.claims.packs.reading import read_groups, read_pack, read_packs
from recoup.claims.reading.claims import Total
from recoup.clock import utc_now
from recoup.connections.queries import get_connection
from recoup.errors import NotFoundError, PackMovedError
from recoup.ids import ConnectionId

router = APIRouter(tags=["recoveries"])

Accept = Annotated[str | None, Header(alias="Accept", include_in_schema=False)]

_FORMS = ("application/json", "text/html", "text/plain", MEDIA_TYPE)
_ANSWERS: Responses = {
    200: {
        "description": "The pack as JSON, as a page to print, as text, or its claims as CSV",
        "content": {"text/html": {}, "text/plain": {}, MEDIA_TYPE: {}},
    },
    **may_fail(NotFoundError),
}


class PackQuery(CamelModel):
    connection_id: OptionalIdentifier = None
    standing: Annotated[
        Standing,
        Blank,
        Field(description="`owed`, or `toReview` and `windowUnknown`, which need a check first."),
    ] = Standing.OWED
    limit: int = Field(default=100, ge=1, le=500)
    offset: int = Field(default=0, ge=0, le=1_000_000)


class PackList(CamelModel):
    items: list[PackSummaryBody]
    pack_count: int
    totals: Totals = Field(description="Of all packs. Currencies are never added.")
    is_complete: bool = Field(
        description="false: there are more claims than are grouped at once, the most urgent ones."
    )


class FiledRequest(RequestModel):
    case_id: Identifier
    claims: dict[Identifier, Identifier] | None = Field(
        default=None,
        min_length=1,
        max_length=2000,
        description="`version` of each claim by its id, as the pack was read: if one has changed "
        "since, nothing is filed. Without it, nothing is filed if a claim of the pack has changed "
        "within 24 hours.",
    )


class FiledBody(CamelModel):
    pack_id: str
    case_id: str
    filed_at: Timestamp
    claim_ids: list[str]
    is_repeat: bool = Field(description="Whether the same request had been answered before.")


@router.get("/api/packs", responses=may_fail(NotFoundError), summary="Filing packs")
async def list_packs(
    services: ServicesOfApp, workspace_id: CurrentWorkspace, query: Annotated[PackQuery, Query()]
) -> PackList:
    """Claims that can be filed today, grouped as Seller Central takes them; most urgent first."""
    named = None if query.connection_id is None else ConnectionId(query.connection_id)
    async with services.database.reading() as conn:
        if named is not None:
            await get_connection(conn, workspace_id, named)
        found = await read_groups(
            conn, workspace_id, utc_now(), connection_id=named, standing=query.standing
        )
        shown = found.groups[query.offset : query.offset + query.limit]
        packs = await read_packs(conn, shown)
    claims = [row for group in found.groups for row in group.claims]
    return PackList(
        items=[pack_summary_body(one) for one in packs],
        pack_count=len(found.groups),
        totals=totals_body(
            Total(row.currency if row.amount is not None else None, row.amount, 1) for row in claims
        ),
        is_complete=found.is_complete,
    )


@router.get(
    "/api/packs/{packId}",
    response_model=PackBody,
    responses=_ANSWERS,
    summary="Everything needed to file a pack by hand",
)
async def get_pack(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    pack_id: Annotated[Identifier, Path(alias="packId")],
    accept: Accept = None,
) -> PackBody | Response:
    """Nothing is submitted anywhere: Amazon has no API for claims."""
    async with services.database.reading() as conn:
        pack = await read_pack(conn, workspace_id, pack_id, utc_now())
        body = pack_body(pack, await list_filings(conn, workspace_id, pack_id))
    match preferred(accept, _FORMS):
        case "text/html":
            policy = {"content-security-policy": CONTENT_SECURITY_POLICY}
            return HTMLResponse(render_pack(body), headers=policy)
        case "text/plain":
            return PlainTextResponse("\n".join(pack_lines(body)) + "\n")
        case "text/csv":
            headers = {"content-disposition": f'attachment; filename="{body.pack_id}.csv"'}
            return Response(pack_csv(body), media_type=MEDIA_TYPE, headers=headers)
    return body


@router.post(
    "/api/packs/{packId}/filed",
    responses=may_fail(NotFoundError, PackMovedError, write=True),
    summary="Mark all claims of a pack as filed under a case",
)
async def file_one_pack(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    user_id: CurrentUser,
    pack_id: Annotated[Identifier, Path(alias="packId")],
    body: Annotated[FiledRequest, Body()],
) -> FiledBody:
    """All of them or none. The same request again changes nothing; 409 lists what `moved`."""
    async with services.database.writing() as conn:
        done = await file_pack(
            conn,
            workspace_id,
            pack_id,
            body.case_id,
            read=body.claims,
            who=user_id,
            now=utc_now(),
        )
        filing = done.filing
        if not done.is_repeat:
            claims = sorted(filing.claims)
            await record(conn, Action.PACK_FILED, pack_id, case_id=filing.case_id, claims=claims)
    return FiledBody(
        pack_id=pack_id,
        case_id=filing.case_id,
        filed_at=filing.filed_at,
        claim_ids=sorted(filing.claims),
        is_repeat=done.is_repeat,
    )
