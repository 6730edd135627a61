"""What both clients give to httpx2, and what they make of its answers."""

from __future__ import annotations

from typing import Any

import httpx2

from recoup import __version__
from recoup.client._attempts import refusal
from recoup.client._operations import Operation, T
from recoup.client.errors import ApiError

# The server sends a heartbeat every 15 seconds: a stream that is silent for longer is dead.
TIMEOUT = httpx2.Timeout(10.0, read=40.0)
PATIENCE_SECONDS = 60.0


def options(address: str, token: str, workspace: str | None) -> dict[str, Any]:
    """The options of a client of httpx2.

    Proxies of the environment are not used: they do not know a loopback address.
    """
    headers = {"Authorization": f"Bearer {token}", "User-Agent": f"recoup-client/{__version__}"}
    if workspace is not None:
        headers["Recoup-Workspace"] = workspace
    return {"base_url": address, "headers": headers, "timeout": TIMEOUT, "trust_env": False}


def arguments(operation: Operation[Any]) -> dict[str, Any]:
    """The arguments of `request`."""
    return {
        "method": operation.method,
        "url": operation.path,
        "params": dict(operation.query),
        "json": operation.body,
        "headers": dict(operation.headers),
    }


def result_of(operation: Operation[T], response: httpx2.Response) -> T:
    """Raises ApiError where it is no success."""
    if not response.is_success:
        raise refusal_of(response)
    return operation.parse(response.json() if response.content else None)


def refusal_of(response: httpx2.Response) -> ApiError:
    try:
        document = response.json()
    except ValueError:
        document = None
    return refusal(response.status_code, response.headers, response.text, document)
