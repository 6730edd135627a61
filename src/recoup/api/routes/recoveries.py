"""What Amazon owes: the claims, what became of them, and what they are worth."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query
from fastapi.responses import HTMLResponse, Response

from recoup.api.body_csv import packet_csv
from recoup.api.csv_text import MEDIA_TYPE
from recoup.api.listings import WantsCsv
from recoup.api.negotiation import preferred
from recoup.api.openapi import Responses, may_fail
from recoup.api.packet_page import render_packet
from recoup.api.parameters import Identifier
from recoup.api.print_page import CONTENT_SECURITY_POLICY
from recoup.api.recoveries import (
    explain,
    read_claim_detail,
    read_claim_page,
    select_claims,
    stream_claims,
)
from recoup.api.recovery_bodies import (
    ClaimPage,
    ClaimQuery,
    DecisionBody,
    DetectedBody,
    DetectRequest,
    ExplainQuery,
    Explanation,
)
from recoup.api.services import CurrentUser, CurrentWorkspace, ServicesOfApp
from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.claims.bodies.claim import ClaimDetail
from recoup.claims.bodies.metrics import MetricsBody, Summary, metrics_body, summary_body
from recoup.claims.bodies.packet import Packet, packet_of
from recoup.claims.reading.claims import total_claims
from recoup.claims.reading.decisions import decide
from recoup.claims.reading.figures import total_facets
from recoup.claims.reading.metrics import count_outcomes
from recoup.claims.reading.recovered import total_paid
from recoup.claims.reading.selection import ClaimSelection
from recoup.clock import utc_now
from recoup.connections.queries import choose_connection
from recoup.errors import (
    AmbiguousConnectionError,
    ConflictError,
    ImpossibleStepError,
    InvalidRequestError,
    NoConnectionError,
    NotFoundError,
    SyncAlreadyActiveError,
)
from recoup.ids import ConnectionId
from recoup.sync.detect_claims import detect_again

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
    workspace_id: CurrentWorkspace,
    query: Annotated[ClaimQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """Newest first unless `sort` says otherwise. The CSV contains the whole selection."""
    selection = await select_claims(services.database, workspace_id, query)
    if as_csv:
        return await stream_claims(services.database, selection, query)
    page = await read_claim_page(services.database, selection, query)
    return Response(page, media_type="application/json")


@router.get(
    "/api/recoveries/explain",
    responses=may_fail(InvalidRequestError, NotFoundError),
    summary="Why an event is a claim or not",
)
async def explain_recoveries(
    services: ServicesOfApp, workspace_id: CurrentWorkspace, query: Annotated[ExplainQuery, Query()]
) -> Explanation:
    """Every event of a product or an order that could be a claim, with what settled it."""
    return await explain(services.database, workspace_id, query)


@router.post(
    "/api/recoveries/detect",
    responses=may_fail(
        NotFoundError,
        NoConnectionError,
        AmbiguousConnectionError,
        SyncAlreadyActiveError,
        write=True,
    ),
    summary="Detect claims in the loaded data, without calling Amazon",
)
async def detect_recoveries(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    body: Annotated[DetectRequest | None, Body()] = None,
) -> DetectedBody:
    """For instance after sourcing costs were entered. A running sync detects at its end: 409."""
    named = ConnectionId(body.connection_id) if body and body.connection_id else None
    async with services.database.reading() as conn:
        connection = await choose_connection(conn, workspace_id, named)
    chosen = connection.connection_id
    stored = await detect_again(services.database, workspace_id, chosen, now=utc_now())
    async with services.database.writing() as conn:
        await record(conn, Action.CLAIMS_DETECTED, chosen)
    return DetectedBody(connection_id=chosen, **asdict(stored))


@router.get(
    "/api/recoveries/{claimId}",
    responses=may_fail(NotFoundError),
    summary="One claim with its evidence and history",
)
async def get_recovery(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    claim_id: Annotated[Identifier, Path(alias="claimId")],
) -> ClaimDetail:
    return await read_claim_detail(services.database, workspace_id, claim_id)


@router.patch(
    "/api/recoveries/{claimId}",
    responses=may_fail(
        NotFoundError, ImpossibleStepError, ConflictError, InvalidRequestError, write=True
    ),
    summary="Record a decision about a claim",
)
async def patch_recovery(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    user_id: CurrentUser,
    claim_id: Annotated[Identifier, Path(alias="claimId")],
    body: Annotated[DecisionBody, Body()],
) -> ClaimDetail:
    """Sets a stage or a status, which then agree; an impossible step lists `possible`."""
    now = utc_now()
    decision = body.decision(now.date())
    async with services.database.writing() as conn:
        await decide(conn, workspace_id, claim_id, decision, who=user_id, now=now)
        await record(conn, Action.CLAIM_CHANGED, claim_id, **_told_of(body))
    return await read_claim_detail(services.database, workspace_id, claim_id)


@router.get(
    "/api/recoveries/{claimId}/packet",
    response_model=Packet,
    responses=_PACKET_ANSWERS,
    summary="Everything needed to file a claim by hand",
)
async def get_packet(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    claim_id: Annotated[Identifier, Path(alias="claimId")],
    accept: Accept = None,
) -> Packet | Response:
    """Nothing is submitted anywhere: Amazon has no API for claims."""
    packet = packet_of(await read_claim_detail(services.database, workspace_id, claim_id))
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
    responses=may_fail(),
    summary="Totals of what Amazon owes",
)
async def get_summary(services: ServicesOfApp, workspace_id: CurrentWorkspace) -> Summary:
    """The claims that are owed; currencies are never added."""
    async with services.database.reading() as conn:
        return summary_body(await total_claims(conn, ClaimSelection(workspace_id, utc_now())))


@router.get(
    "/api/metrics/recoveries",
    responses=may_fail(),
    summary="Outcomes of claims and accuracy of the rules",
)
async def get_recovery_metrics(
    services: ServicesOfApp, workspace_id: CurrentWorkspace
) -> MetricsBody:
    now = utc_now()
    async with services.database.reading() as conn:
        totals = await total_facets(conn, workspace_id, now)
        paid = await total_paid(conn, workspace_id, now)
        outcomes = await count_outcomes(conn, workspace_id)
    return metrics_body(totals, paid, outcomes, now)


def _told_of(body: DecisionBody) -> dict[str, Any]:
    """What the audit log says of a decision; texts are for the people of the workspace only."""
    return body.model_dump(
        mode="json",
        exclude_none=True,
        exclude={"note": True, "hold_reason": True, "response": {"text"}},
    )
