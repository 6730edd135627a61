"""A seller with claims behind a real API, and assistants of the SDK that call the tools."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import uvicorn
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from recoup.assistants.access import Access
from recoup.assistants.server import http_app
from recoup.clock import utc_now
from recoup.config import Settings
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.users.queries import get_user
from recoup.users.roles import Scope
from recoup.users.token_queries import add_token
from tests.api.serving import serving
from tests.cli.programs import free_port
from tests.support.patience import PATIENCE
from tests.support.whole_seller import StoredSeller, seller_with_claims

Connect = Callable[[Scope], AbstractAsyncContextManager[Client]]


@dataclass(frozen=True)
class Shop:
    """The API of a seller, and a token of each scope."""

    url: str
    database: Database
    connection_id: str
    tokens: dict[Scope, str]


@pytest.fixture(scope="module")
async def shop(
    postgres: EmbeddedServer, stored_seller: StoredSeller, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shop]:
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("shop"),
        secret_keys="k" * 32,
        local_sandbox="http://127.0.0.1:9",
    )
    async with seller_with_claims(postgres, stored_seller, "assistants") as seller:
        tokens = {}
        async with seller.database.writing() as conn:
            user = await get_user(conn, "seller@example.com")
            for scope in (Scope.READ, Scope.SYNC):
                ends = utc_now() + timedelta(days=1)
                new = await add_token(
                    conn, user.user_id, key=settings.keys[0], scope=scope, expires_at=ends
                )
                tokens[scope] = new.text
        async with serving(settings, seller.database) as server:
            yield Shop(server.url, seller.database, seller.connection_id, tokens)


@pytest.fixture(scope="module")
async def tools_url(shop: Shop) -> AsyncIterator[str]:
    """The tools over HTTP, as `recoup mcp --http` serves them."""
    port = free_port()
    app = http_app(Access(shop.url, None), port=port, hosts=("tools.example.com",))
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, ws="none")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(PATIENCE):
        while not server.started:
            await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}/mcp"
    server.should_exit = True
    await task


def over_http(shop: Shop, tools_url: str) -> Connect:
    @asynccontextmanager
    async def connect(scope: Scope) -> AsyncIterator[Client]:
        headers = {"Authorization": f"Bearer {shop.tokens[scope]}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=PATIENCE) as http,
            Client(streamable_http_client(tools_url, http_client=http)) as client,
        ):
            yield client

    return connect


def over_stdio(shop: Shop, folder: Path) -> Connect:
    @asynccontextmanager
    async def connect(scope: Scope) -> AsyncIterator[Client]:
        server = StdioServerParameters(
            command=sys.executable,
            args=["-m", "recoup", "mcp", "--api", shop.url],
            env={**os.environ, "RECOUP_API_TOKEN": shop.tokens[scope]},
            cwd=folder,
        )
        async with Client(server) as client:
            yield client

    return connect


@pytest.fixture(params=["http", "stdio"])
def connect(request: pytest.FixtureRequest, shop: Shop, tools_url: str, tmp_path: Path) -> Connect:
    """Connects an assistant with a token of a scope."""
    return over_http(shop, tools_url) if request.param == "http" else over_stdio(shop, tmp_path)
