"""For those who run recoup, without sign-in: is it alive, is it ready, what is it doing."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from recoup.api.docs_page import render_docs
from recoup.api.openapi import ProblemBody
from recoup.api.parameters import CamelModel
from recoup.api.problems import Problem, response_of
from recoup.api.readiness import OK, check_readiness
from recoup.api.services import ServicesOfApp

router = APIRouter(tags=["operations"])


class HealthBody(CamelModel):
    status: Literal["ok"] = "ok"


class ReadinessBody(CamelModel):
    status: Literal["ready"] = "ready"
    checks: dict[str, str]


@router.get("/healthz", summary="Whether the process answers")
async def get_health() -> HealthBody:
    return HealthBody()


@router.get(
    "/readyz",
    response_model=ReadinessBody,
    responses={503: {"model": ProblemBody, "description": "Not ready; `checks` says why"}},
    summary="Whether database, migrations and a worker are there",
)
async def get_readiness(services: ServicesOfApp) -> ReadinessBody | Response:
    checks = await check_readiness(services)
    failed = [f"{name}: {words}" for name, words in checks.items() if words != OK]
    if not failed:
        return ReadinessBody(checks=checks)
    detail = "; ".join(failed)
    return response_of(Problem(503, "/problems/not-ready", "Not ready", detail, {"checks": checks}))


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    summary="Prometheus metrics",
)
async def get_metrics(services: ServicesOfApp) -> Response:
    text = await services.metrics.render(services.database)
    return Response(text, headers={"content-type": CONTENT_TYPE_LATEST})


@router.get("/api/docs", include_in_schema=False)
async def get_docs(request: Request) -> HTMLResponse:
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    page = render_docs(request.app.openapi())
    return HTMLResponse(page, headers={"content-security-policy": policy})
