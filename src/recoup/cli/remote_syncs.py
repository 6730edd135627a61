"""The syncs of a recoup that runs elsewhere, through its API (docs/client.md)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

from pydantic import ValidationError

from recoup.api.sync_bodies import HistoryBody
from recoup.body import CamelModel
from recoup.cli.errors import CommandError
from recoup.cli.syncs import Syncs, no_sync_yet
from recoup.client import ApiError, ApiForbiddenError, ApiUnauthenticatedError, AsyncClient
from recoup.errors import AmbiguousConnectionError, RecoupError
from recoup.sync.record.status import StatusBody

# Somebody sits in front of it: long enough for a server that starts anew, no minute for a wrong address.
_PATIENCE_SECONDS = 10.0

T = TypeVar("T")
Body = TypeVar("Body", bound=CamelModel)


def on_api(
    address: str, token: str, workspace: str | None, work: Callable[[Syncs], Awaitable[T]]
) -> T:
    """Runs the work on an API and returns its result. Blocking.

    Raises RecoupError; where the API wants a choice, the message names the option for it.
    """

    async def main() -> T:
        async with AsyncClient(
            address, token, workspace=workspace, patience_seconds=_PATIENCE_SECONDS
        ) as api:
            return await work(RemoteSyncs(api))

    try:
        return asyncio.run(main())
    except ApiError as exc:
        raise _in_options(exc) from exc


class RemoteSyncs:
    """Raises ApiError if the API refuses, ApiUnreachableError if it does not answer."""

    def __init__(self, api: AsyncClient) -> None:
        self._api = api

    async def start(self, connection: str | None) -> str:
        """Raises ApiConflictError while one is running."""
        return await self._api.start(connection)

    async def find(self, sync_id: str | None, connection: str | None) -> StatusBody:
        """Raises ApiNotFoundError, CommandError."""
        if sync_id is None:
            newest = await self._api.syncs(limit=1, connection_id=connection)
            if not newest:
                raise no_sync_yet()
            sync_id = newest[0].sync_id
        return _read(StatusBody, (await self._api.sync(sync_id)).document())

    async def follow(self, sync_id: str) -> AsyncGenerator[StatusBody]:
        """The states as the server sends them; a stream that breaks is resumed."""
        async with aclosing(self._api.watch(sync_id)) as states:
            async for state in states:
                yield _read(StatusBody, state.document())

    async def cancel(self, sync_id: str) -> None:
        """Raises ApiConflictError if it has ended."""
        await self._api.cancel(sync_id)

    async def history(self, limit: int) -> HistoryBody:
        """The newest syncs and the number of all."""
        return _read(HistoryBody, await self._api.get("/api/sync/history", limit=limit))

    async def advice(self) -> str | None:
        """None: whoever runs the server looks after its workers."""
        return None


def _read(body: type[Body], answer: Any) -> Body:
    """Raises CommandError for an answer of another version that this one cannot show."""
    try:
        return body.model_validate(answer)
    except ValidationError as exc:
        raise CommandError(
            "The API's answer has values that this recoup does not know: "
            "install the version that the server runs."
        ) from exc


def _in_options(error: ApiError) -> RecoupError:
    """The refusal with the option or the command that helps."""
    if connections := error.members.get("connections"):
        return AmbiguousConnectionError(tuple(connections))
    if workspaces := error.members.get("workspaces"):
        choice = ", ".join(f"{one['workspaceId']} ({one['name']})" for one in workspaces)
        return CommandError(f"There are several workspaces; choose one with --user: {choice}")
    if isinstance(error, ApiUnauthenticatedError):
        return CommandError(
            "The API does not accept RECOUP_API_TOKEN: `recoup user token EMAIL` prints a new one."
        )
    needed = error.members.get("neededScope")
    if isinstance(error, ApiForbiddenError) and needed:
        return CommandError(
            f"The token may not do this: `recoup user token EMAIL --scope {needed}` prints one "
            "that may."
        )
    return error
