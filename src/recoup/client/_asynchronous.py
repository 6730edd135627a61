"""The asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self

import httpx2

from recoup.client import _operations as operations
from recoup.client._attempts import Attempts, unreachable
from recoup.client._feeds import Feed, Message, event_of, sync_feed, workspace_feed
from recoup.client._operations import Operation, T
from recoup.client._transport import (
    PATIENCE_SECONDS,
    arguments,
    options,
    refusal_of,
    result_of,
)
from recoup.client.errors import ApiError
from recoup.client.models import (
    Claim,
    ClaimDetail,
    ClaimPage,
    Connection,
    Coverage,
    Event,
    Page,
    Sync,
    SyncEntry,
)


class AsyncClient:
    """Raises ApiError if the API refuses, ApiUnreachableError if it does not answer.

    `patience_seconds` is how long a call waits in all while the API asks to wait or is not reached.
    """

    def __init__(
        self,
        address: str,
        token: str,
        *,
        workspace: str | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._http = httpx2.AsyncClient(**options(address, token, workspace))
        self._patience_seconds = patience_seconds

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def get(self, path: str, **filters: object) -> dict[str, Any]:
        """Any GET of the API; filters in Python's names (`order_id`)."""
        return await self._do(operations.get(path, filters, operations.as_document))

    async def connections(self) -> list[Connection]:
        """The connected seller accounts."""
        return await self._do(operations.list_connections())

    async def connect(self, seller: Mapping[str, Any]) -> Connection:
        """Connects a seller by refresh token; the fields are those of docs/api.md#connect-a-seller."""
        return await self._do(operations.connect(seller))

    async def start(self, connection_id: str | None = None, *, key: str | None = None) -> str:
        """Starts a sync and returns its id. The same `key` always starts the same sync.

        Raises ApiConflictError while one is running: `error.members["syncId"]`.
        """
        return await self._do(operations.start_sync(connection_id, key))

    async def cancel(self, sync_id: str) -> None:
        """Cancels a sync. Raises ApiConflictError if it has ended."""
        await self._do(operations.cancel_sync(sync_id))

    async def sync(self, sync_id: str) -> Sync:
        """The state of a sync."""
        return await self._do(operations.read_sync(sync_id))

    async def syncs(self, **filters: object) -> list[SyncEntry]:
        """Past syncs, newest first: `limit`, `offset`, `status`, `connection_id`, `since`, `until`."""
        return await self._do(operations.list_syncs(filters))

    async def coverage(self, connection_id: str | None = None) -> Coverage:
        """Dates for which each stream is loaded, what is missing, and why."""
        return await self._do(operations.read_coverage(connection_id))

    async def claim_page(self, **filters: object) -> ClaimPage:
        """One page of claims with the totals of the whole selection (docs/api.md#recoveries)."""
        return await self._do(operations.list_claims(filters))

    async def claims(self, **filters: object) -> AsyncIterator[Claim]:
        """All claims of a selection, page by page: `owed=True`, `type`, `min_confidence` ..."""
        cursor: object = filters.pop("cursor", None)
        while True:
            page = await self.claim_page(cursor=cursor, **filters)
            for one in page.items:
                yield one
            if (cursor := page.next_cursor) is None:
                return

    async def claim(self, claim_id: str) -> ClaimDetail:
        """One claim with evidence, history, policy and possible steps."""
        return await self._do(operations.read_claim(claim_id))

    async def decide(
        self,
        claim_id: str,
        *,
        status: str | None = None,
        case_id: str | None = None,
        note: str | None = None,
        arrived: bool | None = None,
    ) -> ClaimDetail:
        """Records a decision about a claim. Raises ApiConflictError for an impossible step."""
        decision = {"status": status, "case_id": case_id, "note": note, "arrived": arrived}
        return await self._do(operations.decide_claim(claim_id, decision))

    async def file_pack(self, pack_id: str, case_id: str) -> dict[str, Any]:
        """Records that the claims of a pack were filed as one case."""
        return await self._do(operations.file_pack(pack_id, case_id))

    async def page(self, name: str, **filters: object) -> Page:
        """One page of a list: `orders`, `ledger`, `transactions` ... (docs/api.md#read-the-data)."""
        return await self._do(operations.list_rows(name, filters))

    async def rows(self, name: str, **filters: object) -> AsyncIterator[dict[str, Any]]:
        """All rows of a list, page by page."""
        cursor: object = filters.pop("cursor", None)
        while True:
            page = await self.page(name, cursor=cursor, **filters)
            for row in page.items:
                yield row
            if (cursor := page.next_cursor) is None:
                return

    async def watch(self, sync_id: str) -> AsyncGenerator[Sync]:
        """The sync's states as the server sends them; the last one is its end.

        A stream that breaks is resumed where it broke.
        """
        async with aclosing(self._follow(sync_feed(sync_id))) as messages:
            async for message in messages:
                state = Sync.model_validate(message.data)
                yield state
                if not state.is_running:
                    return

    async def events(self, last_event_id: str = "") -> AsyncIterator[Event]:
        """Everything that happens in the workspace, without an end; resumed where it broke."""
        async with aclosing(self._follow(workspace_feed(last_event_id))) as messages:
            async for message in messages:
                yield event_of(message)

    async def _follow(self, feed: Feed) -> AsyncGenerator[Message]:
        while True:
            error: ApiError | None = None
            try:
                async with self._http.stream("GET", feed.path, headers=feed.headers) as response:
                    if response.status_code == httpx2.codes.NO_CONTENT:
                        return
                    if response.status_code != httpx2.codes.OK:
                        await response.aread()
                        raise refusal_of(response)
                    async for line in response.aiter_lines():
                        message = feed.take(line)
                        if message is not None:
                            yield message
            except httpx2.TransportError as exc:
                error = unreachable(exc)
            except ApiError as exc:
                error = exc
            await asyncio.sleep(feed.wait_after(error))

    async def _do(self, operation: Operation[T]) -> T:
        attempts = Attempts(operation, patience_seconds=self._patience_seconds)
        while True:
            try:
                response = await self._http.request(**arguments(operation))
                return result_of(operation, response)
            except httpx2.TransportError as exc:
                error: ApiError = unreachable(exc)
                error.__cause__ = exc
            except ApiError as exc:
                error = exc
            await asyncio.sleep(attempts.wait_after(error))
