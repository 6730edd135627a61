"""A small client of recoup's own HTTP API, as any program would use it.

httpx2 is at home in spapi; it is here too because the demo must go the way of a real client,
through the socket, and not through the functions behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx2

from recoup.claims.bodies.claim import ClaimList
from recoup.cli.errors import CommandError
from recoup.sync.record.states import SyncStatus
from recoup.sync.record.status import StatusBody

# The server sends a heartbeat every 15 seconds: a stream that is silent for longer is dead.
_TIMEOUT = httpx2.Timeout(10.0, read=40.0)
_RECONNECTS = 5
_RECONNECT_SECONDS = 0.5


class ApiClient:
    """Raises CommandError if the API refuses or does not answer."""

    def __init__(self, address: str, token: str) -> None:
        self._http = httpx2.AsyncClient(
            base_url=address,
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT,
            trust_env=False,  # a proxy does not know our loopback address
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def connect_seller(self, seller: Mapping[str, object]) -> str:
        """Returns the connection's id."""
        created = await self._ask("POST", "/api/v1/integrations/amazon/connections", seller)
        return str(created["connectionId"])

    async def start_sync(self, connection_id: str) -> str:
        """Returns the sync's id."""
        started = await self._ask("POST", "/api/sync/start", {"connectionId": connection_id})
        return str(started["syncId"])

    async def list_urgent_claims(self, limit: int) -> ClaimList:
        """The claims that are owed and expire soonest, with the totals of all that are owed."""
        path = f"/api/recoveries?owed=true&sort=deadline&limit={limit}"
        return ClaimList.model_validate(await self._ask("GET", path))

    async def follow(self, sync_id: str) -> AsyncIterator[StatusBody]:
        """Yields the sync's states as the server sends them; the last one is its end.

        A broken stream is taken up again where it broke.
        """
        last_event_id = ""
        for _ in range(_RECONNECTS):
            try:
                async for event_id, state in self._events(sync_id, last_event_id):
                    last_event_id = event_id
                    yield state
                    if state.status is not SyncStatus.IN_PROGRESS:
                        return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(_RECONNECT_SECONDS)
        raise CommandError("The live progress was interrupted: see `recoup sync status`.")

    async def _events(
        self, sync_id: str, last_event_id: str
    ) -> AsyncIterator[tuple[str, StatusBody]]:
        """Ids and data of one connection's events (WHATWG HTML, 9.2.6); skips comments."""
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        path = f"/api/sse/sync-progress/{sync_id}"
        async with self._http.stream("GET", path, headers=headers) as response:
            if response.status_code != httpx2.codes.OK:
                await response.aread()
                raise _refusal(response)
            event_id, data = last_event_id, ""
            async for line in response.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "id":
                    event_id = value
                elif field == "data":
                    data += value
                elif not line and data:
                    yield event_id, StatusBody.model_validate_json(data)
                    data = ""

    async def _ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        try:
            response = await self._http.request(method, path, json=body)
        except httpx2.TransportError as exc:
            raise CommandError(f"The API is not responding: {exc}") from exc
        if not response.is_success:
            raise _refusal(response)
        answer: dict[str, Any] = response.json()
        return answer


def _refusal(response: httpx2.Response) -> CommandError:
    """The text of the problem document (RFC 9457)."""
    try:
        problem = response.json()
        reason = problem.get("detail") or problem.get("title")
    except ValueError:
        reason = response.text[:200]
    return CommandError(f"The API returned an error ({response.status_code}): {reason}")
