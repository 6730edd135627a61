"""For those who run recoup, without sign-in: is it alive, is it ready, what is it doing."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from recoup.api.docs_page import render_docs
from recoup.api.openapi import ProblemBody, may_be_too_many
from recoup.api.problems import Problem, response_of
from recoup.api.readiness import OK
from recoup.api.services import OpenAnswersOfApp
from recoup.body import CamelModel

router = APIRouter(tags=["operations"])
# A worker that is started reports within this.
_LOOK_AGAIN_SECONDS = "5"


class HealthBody(CamelModel):
    status: Literal["ok"] = "ok"


class ReadinessBody(CamelModel):
    status: Literal["ready"] = "ready"
    checks: dict[str, str]


@router.get("/healthz", responses=may_be_too_many(), summary="Liveness")
async def get_health() -> HealthBody:
    return HealthBody()


@router.get(
    "/readyz",
    response_model=ReadinessBody,
    responses={
        **may_be_too_many(),
        503: {"model": ProblemBody, "description": "Not ready; see `checks`"},
    },
    summary="Readiness: database, migrations and a worker",
)
async def get_readiness(answers: OpenAnswersOfApp) -> ReadinessBody | Response:
    checks = await answers.readiness.get()
    failed = [f"{name}: {words}" for name, words in checks.items() if words != OK]
    if not failed:
        return ReadinessBody(checks=checks)
    detail = "; ".join(failed)
    return response_of(
        Problem(
            *(503, "/problems/not-ready", "Not ready", detail),
            extensions={"checks": checks},
            headers={"Retry-After": _LOOK_AGAIN_SECONDS},
        )
    )


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses=may_be_too_many(),
    summary="Prometheus metrics",
)
async def get_metrics(answers: OpenAnswersOfApp) -> Response:
    text = await answers.metrics.get()
    return Response(text, headers={"content-type": CONTENT_TYPE_LATEST})


@router.get("/api/docs", include_in_schema=False)
async def get_docs(request: Request) -> HTMLResponse:
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    page = render_docs(request.app.openapi())
    return HTMLResponse(page, headers={"content-security-policy": policy})
