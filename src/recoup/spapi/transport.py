"""The one place that speaks HTTP: how the client is made, and foreign errors become ours."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.util import find_spec
from typing import Any

import httpx2

from recoup import __version__
from recoup.errors import UnavailableError

USER_AGENT = (
    f"recoup/{__version__} (Language=Python/{'.'.join(platform.python_version_tuple()[:2])}; "
    f"Platform={platform.system() or 'unknown'})"
)
"""The form that Amazon asks for (SP-API guide, "Connect to the SP-API"); at most 500 characters."""

DOWNLOAD = "document download"
_PIECE_BYTES = 128 * 1024

_TIMEOUT = httpx2.Timeout(connect=5.0, read=30.0, write=30.0, pool=60.0)
_LIMITS = httpx2.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=30.0)


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer as it came, whatever its status."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def request_id(self) -> str | None:
        """Amazon's name for the request, which its support asks for."""
        return self.headers.get("x-amzn-requestid")


def new_http_client() -> httpx2.AsyncClient:
    """A client for all connections of a process. The caller closes it."""
    verify = httpx2.create_ssl_context()
    # A company's proxy (HTTPS_PROXY) is right for Amazon, but cannot reach the sandbox on this
    # machine, so loopback addresses go directly.
    direct = httpx2.AsyncHTTPTransport(verify=verify, limits=_LIMITS)
    return httpx2.AsyncClient(
        timeout=_TIMEOUT,
        limits=_LIMITS,
        verify=verify,
        http2=find_spec("h2") is not None,
        follow_redirects=False,
        headers={"user-agent": USER_AGENT},
        # Sellers share this client: a cookie set for one must not travel with another's request.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        mounts={"all://127.0.0.1": direct, "all://localhost": direct, "all://[::1]": direct},
    )


async def exchange(
    http: httpx2.AsyncClient,
    method: str,
    url: str,
    *,
    operation: str,
    within: timedelta,
    **content: Any,
) -> Reply:
    """Send one request and read its whole answer. `content` is what httpx2 takes for a request.

    Raises UnavailableError when no whole answer comes `within` the time.
    """
    try:
        async with asyncio.timeout(within.total_seconds()):
            response = await http.request(method, url, **content)
    except (httpx2.TimeoutException, TimeoutError) as exc:
        raise UnavailableError("Amazon did not answer in time.", operation=operation) from exc
    except httpx2.RequestError as exc:
        raise UnavailableError(
            f"The connection to Amazon failed ({type(exc).__name__}).", operation=operation
        ) from exc
    return Reply(response.status_code, response.headers, response.content)


@dataclass(frozen=True, slots=True)
class Download:
    """The answer of a document's address while it comes in: its bytes as they are on the wire."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes] = field(repr=False)


@asynccontextmanager
async def open_download(http: httpx2.AsyncClient, url: str) -> AsyncIterator[Download]:
    """A GET without credentials that follows no redirect; reading raises UnavailableError too."""
    try:
        async with http.stream("GET", url) as response:
            yield Download(response.status_code, response.headers, response.aiter_raw(_PIECE_BYTES))
    except httpx2.RequestError as exc:
        # The error's own text would name the address, and with it the right to download.
        raise UnavailableError(
            f"The download broke off ({type(exc).__name__}).", operation=DOWNLOAD
        ) from None
