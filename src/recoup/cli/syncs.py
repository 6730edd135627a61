"""Where the sync commands work: on the database, or through the API of a recoup that runs elsewhere."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from recoup.cli.entrance import enter
from recoup.cli.errors import CommandError
from recoup.cli.storage import on_database

if TYPE_CHECKING:
    from recoup.api.sync_bodies import HistoryBody
    from recoup.sync.record.status import StatusBody

T = TypeVar("T")


class Syncs(Protocol):
    """The syncs of one workspace. Each method raises RecoupError if it is refused."""

    async def start(self, connection: str | None) -> str:
        """Starts a sync and returns its id."""
        ...

    async def find(self, sync_id: str | None, connection: str | None) -> StatusBody:
        """The named sync, otherwise the newest, of the connection if one is named."""
        ...

    def follow(self, sync_id: str) -> AsyncGenerator[StatusBody]:
        """Each state of a sync; the last one is its end."""
        ...

    async def cancel(self, sync_id: str) -> None:
        """Cancels a sync. Data that was already loaded is kept."""
        ...

    async def history(self, limit: int) -> HistoryBody:
        """The newest syncs and the number of all."""
        ...

    async def advice(self) -> str | None:
        """Why a started sync may not begin; None if nothing is known to be wrong."""
        ...


def on_syncs(
    work: Callable[[Syncs], Awaitable[T]],
    *,
    api: str | None,
    user: str | None,
    scope: str = "read",
) -> T:
    """Runs the work on the database, or on the API at an address. Blocking.

    scope: the least that a token needs for it.
    """
    settings = enter()
    if api is None:
        from recoup.cli.stored_syncs import StoredSyncs

        return on_database(settings, lambda database: work(StoredSyncs(settings, database, user)))

    from recoup.cli.remote import require_address, require_token
    from recoup.cli.remote_syncs import on_api

    address, token = require_address(api), require_token(settings, scope=scope)
    return on_api(address, token, user, work)


def no_sync_yet() -> CommandError:
    return CommandError("There are no syncs yet; start one with `recoup sync start`.")
