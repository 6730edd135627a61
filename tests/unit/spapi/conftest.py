"""A scripted Amazon on a real socket, with time, waiting and chance in the test's hands."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from recoup.spapi.auth import AccessTokens
from recoup.spapi.client import RetryPolicy, SpApi, new_http_client
from recoup.spapi.servers import Application
from tests.support.scripted_server import ScriptedServer
from tests.unit.spapi.amazon import (
    CLIENT_SECRET,
    REFRESH_TOKEN,
    TOKEN_PATH,
    RecordingBudget,
    Time,
    token_reply,
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def retry(time: Time) -> RetryPolicy:
    return RetryPolicy(sleep=time.sleep, jitter=lambda: 1.0, monotonic=time.monotonic)


@pytest.fixture
async def server(anyio_backend: str) -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as running:
        yield running


@pytest.fixture
async def http(anyio_backend: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with new_http_client() as client:
        yield client


@pytest.fixture
def tokens(
    server: ScriptedServer, http: httpx2.AsyncClient, time: Time, retry: RetryPolicy
) -> AccessTokens:
    return AccessTokens(
        http,
        endpoint=server.url,
        application=Application("client-id", CLIENT_SECRET),
        clock=time.clock,
        retry=retry,
    )


@pytest.fixture
def budget(time: Time) -> RecordingBudget:
    return RecordingBudget(time)


@pytest.fixture
def api(
    server: ScriptedServer,
    http: httpx2.AsyncClient,
    tokens: AccessTokens,
    budget: RecordingBudget,
    time: Time,
    retry: RetryPolicy,
) -> SpApi:
    """A seller's API; Login with Amazon gives out `Atza|first` unless scripted otherwise."""
    server.always(TOKEN_PATH, token_reply())
    return SpApi(
        http=http,
        endpoint=server.url,
        tokens=tokens,
        refresh_token=REFRESH_TOKEN,
        budget=budget,
        clock=time.clock,
        retry=retry,
    )
