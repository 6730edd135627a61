"""What the tests of the dashboard share: one server, one seller with everything a sync has brought."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.serving import Server, new_connection, token_of

# As everywhere (tests.support.patience), but one of several waits in a test.
PATIENCE_MS = 60_000
PAGES = (
    *(
        "/",
        "/#/syncs",
        "/#/syncs/quarantine",
        "/#/claims",
        "/#/claims?type=nothing",
        "/#/packs",
        "/#/packs?standing=windowUnknown",
        "/#/documents",
        "/#/costs",
        "/#/accounts",
        "/#/check",
    ),
    *("/#/data", "/#/data/orders", "/#/data/ledger", "/#/data/shipments?sku=nothing"),
    *("/#/settings/account", "/#/settings/people", "/#/settings/workspace", "/#/settings/audit"),
    "/#/settings/notifications",
)
"""The dashboard, some of it in a state that a filter makes."""


@dataclass
class Seat:
    """One person in front of the dashboard, in a browser of their own."""

    server: Server
    database: Database
    user: User
    context: BrowserContext
    troubles: list[str] = field(default_factory=list)
    """What the console told, and requests to other hosts: none is expected."""

    async def page(self, address: str = "/") -> Page:
        """Another tab."""
        page = await self.context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("request", self._note_host)
        await page.goto(address)
        return page

    async def connect(self, *sellers: str) -> Sequence[Connection]:
        """Accounts of these names with the local sandbox."""
        settings = self.server.settings
        return [
            await new_connection(self.database, settings, self.user, seller=seller)
            for seller in sellers
        ]

    async def start(self, connection: Connection) -> str:
        """A sync that no worker takes: the test says how it goes on."""
        async with self.server.client(self.user) as client:
            answer = await client.post(
                "/api/sync/start", json={"connectionId": connection.connection_id}
            )
        sync_id: str = answer.json()["syncId"]
        return sync_id

    def _note(self, message: ConsoleMessage) -> None:
        # The browser tells each refused or failed request, which tests bring about.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.troubles.append(message.text)

    def _note_host(self, request: Request) -> None:
        if not request.url.startswith((self.server.url, "data:", "blob:")):
            self.troubles.append(f"asked {request.url}")


@asynccontextmanager
async def seated(
    browser: Browser, server: Server, database: Database, user: User, **options: object
) -> AsyncIterator[Seat]:
    """Signed in; `options` are those of a browser context."""
    context = await browser.new_context(base_url=server.url, **options)  # type: ignore[arg-type] # any of them
    context.set_default_timeout(PATIENCE_MS)
    cookie = {"name": "session_token", "value": token_of(user, server.settings), "url": server.url}
    await context.add_cookies([cookie])  # type: ignore[list-item] # a TypedDict of the driver's
    yield Seat(server, database, user, context)
    await context.close()


async def visit(page: Page, address: str) -> None:
    """Load a page from nothing, so that what is seen is no rest of the one before."""
    await page.goto("about:blank")
    await page.goto(address)
    await expect(page.locator("main:not([aria-busy]) h1")).to_be_visible()
