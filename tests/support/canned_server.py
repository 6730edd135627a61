"""Amazon's own sandbox as its models describe it: canned pairs, matched strictly.

Built from the published models (`x-amzn-api-sandbox`), so it knows nothing of recoup.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

NO_MATCH = {
    "errors": [
        {"code": "InvalidInput", "message": "Could not match input arguments", "details": ""}
    ]
}


@dataclass(frozen=True)
class Pair:
    """One canned answer and what a request must contain for it."""

    parameters: dict[str, Any]
    status: int
    body: Any


def canned_app(models: Path, skus: list[str]) -> Starlette:
    """All GET operations of the models. FBA inventory is dynamic there: it holds `skus`."""
    routes = [Route("/auth/o2/token", _token, methods=["POST"])]
    for file in sorted(models.glob("*.json")):
        for path, methods in json.loads(file.read_text())["paths"].items():
            if path == "/fba/inventory/v1/summaries":
                routes.append(Route(path, _inventory(skus)))
            elif "get" in methods:
                routes.append(Route(path, _static(_pairs(methods["get"]))))
    return Starlette(routes=routes)


def _pairs(operation: dict[str, Any]) -> list[Pair]:
    """The most specific first: a pair for anything would hide all others."""
    pairs = [
        Pair(
            {k: v.get("value") for k, v in case["request"].get("parameters", {}).items()},
            int(status),
            case.get("response"),
        )
        for status, response in operation["responses"].items()
        for case in response.get("x-amzn-api-sandbox", {}).get("static", [])
    ]
    return sorted(pairs, key=lambda pair: -len(pair.parameters))


def _static(pairs: list[Pair]):
    async def answer(request: Request) -> Response:
        if not request.headers.get("x-amz-access-token"):
            return JSONResponse({"errors": [{"code": "Unauthorized", "message": "no"}]}, 403)
        given = {**dict(request.query_params), **request.path_params}
        for pair in pairs:
            if all(_text(value) == given.get(name) for name, value in pair.parameters.items()):
                return JSONResponse(pair.body, pair.status, {"x-amzn-RequestId": "canned-1"})
        return JSONResponse(NO_MATCH, 400)

    return answer


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _inventory(skus: list[str]):
    async def answer(request: Request) -> Response:
        marketplace = request.query_params["marketplaceIds"]
        assert re.fullmatch("[A-Z0-9]+", marketplace)
        summaries = [{"sellerSku": sku, "fnSku": f"X{sku}", "totalQuantity": 5} for sku in skus]
        granularity = {"granularityType": "Marketplace", "granularityId": marketplace}
        payload = {"granularity": granularity, "inventorySummaries": summaries}
        return JSONResponse({"payload": payload})

    return answer


async def _token(_request: Request) -> Response:
    return JSONResponse(
        {"access_token": "Atza|x", "token_type": "bearer", "expires_in": 3600, "refresh_token": "r"}
    )


@asynccontextmanager
async def canned_server(models: Path, skus: list[str]) -> AsyncIterator[str]:
    """The address of a running one."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(canned_app(models, skus), log_config=None))
    serving = asyncio.create_task(server._serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listener.close()
