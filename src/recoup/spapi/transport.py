"""The only module that speaks HTTP: creates the client, and translates its errors to ours."""

from __future__ import annotations

import asyncio
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.util import find_spec
from typing import Any

import httpx2

from recoup import __version__
from recoup.errors import ForbiddenHostError, MalformedAnswerError, OversizeError, UnavailableError
from recoup.spapi.ceilings import (
    ANSWER_BYTES,
    DOWNLOAD_TIME,
    ERROR_BYTES,
    MIB,
    SLOW_BYTES,
    SLOW_WINDOW,
)
from recoup.spapi.gunzip import GzipReader

USER_AGENT = f"recoup/{__version__} (Language=Python)"
"""Who calls, in the form that Amazon requests (SP-API guide, "Connect to the SP-API"), and has required
of software that acts for a seller since 2026-03-04 (docs/amazon.md#calls).
"""

DOWNLOAD = "document download"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")

_TIMEOUT = httpx2.Timeout(connect=5.0, read=30.0, write=30.0, pool=60.0)
_LIMITS = httpx2.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=30.0)


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def request_id(self) -> str | None:
        """Amazon's id of the request, which its support requires; None for what looks like none."""
        told = self.headers.get("x-amzn-requestid", "")
        return told if _REQUEST_ID.fullmatch(told) else None


HttpClient = httpx2.AsyncClient
"""The client as those name it who only pass it on."""


def new_http_client() -> HttpClient:
    """A client for all connections of a process. The caller closes it."""
    verify = _trusted()
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


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are believed: to load them takes as long as a hundred small answers."""
    return httpx2.create_ssl_context()


async def exchange(
    http: httpx2.AsyncClient,
    method: str,
    url: str,
    *,
    operation: str,
    within: timedelta,
    **content: Any,
) -> Reply:
    """Sends one request and reads its whole answer. `content` is what httpx2 takes for a request.

    Raises UnavailableError when no whole answer comes `within` the time, OversizeError for one that
    is larger than ANSWER_BYTES, MalformedAnswerError for one that cannot be unpacked.
    """
    content["headers"] = {**content.get("headers", {}), "accept-encoding": "gzip"}
    try:
        async with (
            asyncio.timeout(within.total_seconds()),
            http.stream(method, url, **content) as response,
        ):
            body = await _read_body(response, operation)
    except (httpx2.InvalidURL, UnicodeEncodeError):
        raise MalformedAnswerError(
            "An id or a token that Amazon named is part of no address.", operation=operation
        ) from None
    except (httpx2.TimeoutException, TimeoutError) as exc:
        raise UnavailableError("Amazon did not respond in time.", operation=operation) from exc
    except httpx2.RequestError as exc:
        raise UnavailableError(
            f"The connection to Amazon failed ({type(exc).__name__}).", operation=operation
        ) from exc
    return Reply(response.status_code, response.headers, body)


async def _read_body(response: httpx2.Response, operation: str) -> bytes:
    """The unpacked body; none for an error with more words than anybody reads."""
    is_error = response.status_code >= 400
    most = ERROR_BYTES if is_error else ANSWER_BYTES
    body = bytearray()
    try:
        async for piece in _unpacked(response, operation):
            body += piece
            if len(body) > most and is_error:
                return b""
            if len(body) > most:
                raise _oversize(response, operation)
    except zlib.error as exc:
        raise MalformedAnswerError(
            "The compressed answer is damaged.", operation=operation, status=response.status_code
        ) from exc
    return bytes(body)


def _oversize(response: httpx2.Response, operation: str) -> OversizeError:
    return OversizeError(
        f"Amazon's answer is larger than {ANSWER_BYTES // MIB} MiB, so recoup did not read it.",
        operation=operation,
        status=response.status_code,
    )


async def _unpacked(response: httpx2.Response, operation: str) -> AsyncIterator[bytes]:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"gzip", "x-gzip", "identity", ""}:
        raise MalformedAnswerError(
            "Amazon's answer has an encoding that was not asked for.",
            operation=operation,
            status=response.status_code,
        )
    gunzip, arrived = GzipReader(), 0
    async for piece in response.aiter_raw():
        # Gzip can go on for ever and unpack to nothing.
        arrived += len(piece)
        if arrived > ANSWER_BYTES:
            raise _oversize(response, operation)
        if "gzip" not in encoding:
            yield piece
            continue
        for plain in gunzip.feed(piece):
            yield plain


@dataclass(frozen=True, slots=True)
class Download:
    """The answer of a document's address while it arrives: its bytes as on the wire."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes] = field(repr=False)


@asynccontextmanager
async def open_download(
    http: httpx2.AsyncClient,
    url: str,
    *,
    monotonic: Callable[[], float],
) -> AsyncIterator[Download]:
    """A GET without credentials or redirects; reading raises UnavailableError too.

    It is broken off (UnavailableError) when less than SLOW_BYTES arrive in SLOW_WINDOW, and
    (OversizeError) when it takes longer than DOWNLOAD_TIME. Raises ForbiddenHostError for an
    address that is none.
    """
    try:
        async with http.stream("GET", url) as response:
            # As they arrive: a size would hold back a file that drips until it is reached.
            pieces = _in_time(response.aiter_raw(), monotonic)
            yield Download(response.status_code, response.headers, pieces)
    except httpx2.InvalidURL:
        raise ForbiddenHostError("A report's address is not one at all.") from None
    except httpx2.RequestError as exc:
        # The error's own text would name the address, and with it the right to download.
        raise UnavailableError(
            f"The download broke off ({type(exc).__name__}).", operation=DOWNLOAD
        ) from None


async def _in_time(
    pieces: AsyncIterator[bytes], monotonic: Callable[[], float]
) -> AsyncIterator[bytes]:
    began = since = monotonic()
    arrived = 0
    async for piece in pieces:
        yield piece
        arrived += len(piece)
        now = monotonic()
        if now - began > DOWNLOAD_TIME.total_seconds():
            raise OversizeError(
                f"The download took longer than {DOWNLOAD_TIME}, so recoup stopped it. "
                "The next sync tries again.",
                operation=DOWNLOAD,
            )
        if now - since > SLOW_WINDOW.total_seconds():
            if arrived < SLOW_BYTES:
                raise UnavailableError("The file arrives too slowly.", operation=DOWNLOAD)
            since, arrived = now, 0
