"""The link of `recoup serve` for the first user, printed again as long as there is nobody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from recoup.cli.output import say
from recoup.cli.running import unless_stopped
from recoup.errors import DatabaseUnreachableError

if TYPE_CHECKING:
    from recoup.db.engine import Database

_RETRY_SECONDS = 5.0


class FirstLink:
    """A service beside the API. every_seconds: how often a fresh link is printed; a link's lifetime
    where None is given.
    """

    def __init__(self, database: Database, *, every_seconds: float | None = None) -> None:
        self._database = database
        self._every_seconds = every_seconds
        self._address: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def tell(self, address: str) -> None:
        """The server accepts connections at this address."""
        self._address.set_result(address)

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until everything stops, also once there is a user."""
        await unless_stopped(stop, self._offer())
        await stop.wait()

    async def _offer(self) -> None:
        from recoup.users.link_queries import LINK_LIFETIME

        every_seconds = self._every_seconds or LINK_LIFETIME.total_seconds()
        address = await self._address
        while True:
            try:
                link = await self._find_link(address)
            except DatabaseUnreachableError:
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            if link is None:
                return
            say("There are no users yet. Add one with `recoup user add EMAIL`, or open")
            say(f"  {link}")
            say("and choose your name and password there. The link works for ten minutes.")
            await asyncio.sleep(every_seconds)

    async def _find_link(self, address: str) -> str | None:
        """None once there is somebody."""
        from recoup.clock import utc_now
        from recoup.users.links import address_of, new_link
        from recoup.users.queries import any_user

        async with self._database.writing() as conn:
            if await any_user(conn):
                return None
            return address_of(await new_link(conn, None, now=utc_now()), address)
