"""What Amazon owes: the claims, what became of them, and what they are worth."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query
from fastapi.responses import HTMLResponse, Response

from recoup.api.csv_text import MEDIA_TYPE
from recoup.api.listings import WantsCsv
from recoup.api.negotiation import preferred
from recoup.api.openapi import Responses, may_fail
from recoup.api.packet_page import CONTENT_SECURITY_POLICY, render_packet
from recoup.api.parameters import Identifier
from recoup.api.recoveries import (
    explain,
    read_claim_detail,
    read_claim_page,
    select_claims,
    stream_claims,
)
from recoup.api.recovery_bodies import (
    ClaimDetail,
    ClaimPage,
    ClaimQuery,
    DecisionBody,
    ExplainQuery,
    Explanation,
    MetricsBody,
    Packet,
    Summary,
)
from recoup.api.recovery_csv import packet_csv
from recoup.api.services import CurrentUser, ServicesOfApp
from recoup.claims.lifecycle_queries import Decision, decide
from recoup.claims.metrics_body import metrics_body, summary_body
from recoup.claims.metrics_queries import count_outcomes, total_months, total_stages
from recoup.claims.packet import packet_of
from recoup.clock import utc_now
from recoup.errors import (
    ConflictError,
    ImpossibleStepError,
    InvalidRequestError,
    NotFoundError,
)

router = APIRouter(tags=["recoveries"])

Accept = Annotated[str | None, Header(alias="Accept", include_in_schema=False)]

_PAGE_ANSWERS: Responses = {
    200: {"description": "A page of claims", "content": {MEDIA_TYPE: {}}},
    **may_fail(InvalidRequestError, NotFoundError),
}
_PACKET_ANSWERS: Responses = {
    200: {
        "description": "The packet as JSON, as a page to print, or its source rows as CSV",
        "content": {"text/html": {}, MEDIA_TYPE: {}},
    },
    **may_fail(NotFoundError),
}


@router.get("/api/recoveries", response_model=ClaimPage, responses=_PAGE_ANSWERS, summary="Claims")
async def list_recoveries(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[ClaimQuery, Query()],
    as_csv: WantsCsv,
) -> dict[str, Any] | Response:
    """Newest first unless `sort` says otherwise. The CSV holds the whole selection."""
    selection = await select_claims(services.database, user_id, query)
    if as_csv:
        return await stream_claims(services.database, selection, query)
    return await read_claim_page(services.database, selection, query)


@router.get(
    "/api/recoveries/explain",
    response_model=Explanation,
    responses=may_fail(InvalidRequestError, NotFoundError),
    summary="Why something is a claim, or is none",
)
async def explain_recoveries(
    services: ServicesOfApp, user_id: CurrentUser, query: Annotated[ExplainQuery, Query()]
) -> dict[str, Any]:
    """Every event of a product or an order that could be a claim, with what settled it."""
    return await explain(services.database, user_id, query)


@router.get(
    "/api/recoveries/{claimId}",
    response_model=ClaimDetail,
    responses=may_fail(NotFoundError),
    summary="One claim with its evidence and history",
)
async def get_recovery(
    services: ServicesOfApp,
    user_id: CurrentUser,
    claim_id: Annotated[Identifier, Path(alias="claimId")],
) -> dict[str, Any]:
    return await read_claim_detail(services.database, user_id, claim_id)


@router.patch(
    "/api/recoveries/{claimId}",
    response_model=ClaimDetail,
    responses=may_fail(NotFoundError, ImpossibleStepError, ConflictError, write=True),
    summary="What a person made of a claim",
)
async def patch_recovery(
    services: ServicesOfApp,
    user_id: CurrentUser,
    claim_id: Annotated[Identifier, Path(alias="claimId")],
    body: Annotated[DecisionBody, Body()],
) -> dict[str, Any]:
    """detected -> filed -> approved / rejected / dismissed; an impossible step lists `possible`."""
    decision = Decision(**body.model_dump())
    async with services.database.writing() as conn:
        await decide(conn, user_id, claim_id, decision, now=utc_now())
    return await read_claim_detail(services.database, user_id, claim_id)


@router.get(
    "/api/recoveries/{claimId}/packet",
    response_model=Packet,
    responses=_PACKET_ANSWERS,
    summary="All that is needed to file a claim by hand",
)
async def get_packet(
    services: ServicesOfApp,
    user_id: CurrentUser,
    claim_id: Annotated[Identifier, Path(alias="claimId")],
    accept: Accept = None,
) -> dict[str, Any] | Response:
    """Nothing is submitted anywhere: Amazon has no API for claims."""
    packet = packet_of(await read_claim_detail(services.database, user_id, claim_id))
    form = preferred(accept, ("application/json", "text/html", MEDIA_TYPE))
    if form == "text/html":
        policy = {"content-security-policy": CONTENT_SECURITY_POLICY}
        return HTMLResponse(render_packet(packet), headers=policy)
    if form == MEDIA_TYPE:
        headers = {"content-disposition": f'attachment; filename="{claim_id}.csv"'}
        return Response(packet_csv(packet), media_type=MEDIA_TYPE, headers=headers)
    return packet


@router.get(
    "/api/v1/integrations/amazon/recoveries",
    response_model=Summary,
    responses=may_fail(),
    summary="What Amazon owes, in sum",
)
async def get_summary(services: ServicesOfApp, user_id: CurrentUser) -> dict[str, Any]:
    """Of claims that are pending, filed or approved; currencies are never added."""
    async with services.database.reading() as conn:
        return summary_body(await total_stages(conn, user_id, utc_now()))


@router.get(
    "/api/metrics/recoveries",
    response_model=MetricsBody,
    responses=may_fail(),
    summary="What became of claims, and how right the rules were",
)
async def get_recovery_metrics(services: ServicesOfApp, user_id: CurrentUser) -> dict[str, Any]:
    async with services.database.reading() as conn:
        return metrics_body(
            await total_stages(conn, user_id, utc_now()),
            await total_months(conn, user_id),
            await count_outcomes(conn, user_id),
        )
