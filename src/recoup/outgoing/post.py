"""One request to a webhook: no redirect, a checked address, an end to waiting, a bounded answer."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import httpx2

from recoup import __version__
from recoup.errors import WebhookError
from recoup.outgoing.addresses import resolve

_WHOLE_SECONDS = 15.0
_TIMEOUT = httpx2.Timeout(10.0, connect=5.0)
_MOST_BYTES = 4096
_EXCERPT_CHARACTERS = 500
_HEADERS = {
    "content-type": "application/json",
    "user-agent": f"recoup/{__version__}",
    # An answer that unpacks to gigabytes is left packed.
    "accept-encoding": "identity",
}


@dataclass(frozen=True, slots=True)
class Response:
    """What a receiver answered. excerpt: the beginning of its body. retry_after: in seconds."""

    status: int
    excerpt: str
    retry_after: int | None = None


async def post(url: str, body: bytes, headers: Mapping[str, str], *, to_private: bool) -> Response:
    """Raises WebhookError if there is no answer; a redirect is an answer."""
    try:
        async with asyncio.timeout(_WHOLE_SECONDS):
            return await _post(url, body, headers, to_private=to_private)
    except TimeoutError:
        raise WebhookError(f"No answer within {_WHOLE_SECONDS:.0f} s.") from None


async def _post(url: str, body: bytes, headers: Mapping[str, str], *, to_private: bool) -> Response:
    target = await resolve(url, to_private=to_private)
    # trust_env: a proxy of the environment would look the name up again.
    async with httpx2.AsyncClient(
        timeout=_TIMEOUT, follow_redirects=False, trust_env=False, verify=_trusted()
    ) as client:
        request = client.build_request(
            "POST",
            target.url,
            content=body,
            headers={**_HEADERS, "host": target.host_header, **headers},
            # The certificate must be that of the name.
            extensions={"sni_hostname": target.host},
        )
        try:
            answer = await client.send(request, stream=True)
            try:
                return Response(
                    answer.status_code,
                    await _excerpt(answer),
                    _seconds(answer.headers.get("retry-after")),
                )
            finally:
                await answer.aclose()
        except httpx2.HTTPError as exc:
            raise WebhookError(_say(exc)) from None


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are believed. To load them takes longer than a delivery."""
    return httpx2.create_ssl_context(trust_env=False)


async def _excerpt(answer: httpx2.Response) -> str:
    found = b""
    async for piece in answer.aiter_raw():
        found += piece
        if len(found) >= _MOST_BYTES:
            break
    text = found[:_MOST_BYTES].decode(errors="replace").replace("\0", "")
    return text[:_EXCERPT_CHARACTERS]


def _seconds(header: str | None) -> int | None:
    """Of a Retry-After in seconds; a date is not worth the trust in another clock."""
    if header is None or not (header.isascii() and header.isdigit()) or len(header) > 6:
        return None
    return int(header)


def _say(exc: httpx2.HTTPError) -> str:
    """In our words: the library's name the address, which may hold a secret."""
    if isinstance(exc, httpx2.TimeoutException):
        return "The receiver did not answer in time."
    if isinstance(exc, httpx2.ConnectError):
        tls = "certificate" in str(exc).lower() or "ssl" in str(exc).lower()
        return "TLS failed: check the certificate." if tls else "No connection to the receiver."
    return f"The connection broke ({type(exc).__name__})."
