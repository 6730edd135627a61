"""A real browser in front of a real server, and the sandbox behind it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from recoup.config import Settings
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.logs import configure_logs
from recoup.users.queries import User
from tests.api.serving import Server, new_user, serving, the_seller, token_of
from tests.browser.shop import PATIENCE_MS, Seat, seated
from tests.cli.programs import free_port
from tests.sandbox.running import Running
from tests.support.chromium import OPTIONS, find_chromium
from tests.support.whole_seller import StoredSeller, whole_seller

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    """As in production: structlog's own default renders every frame's variables."""
    configure_logs(log_format="json", level="warning")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path, options = find_chromium(), OPTIONS
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=path, args=options)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Running]:
    with Running(orders=5) as running:
        yield running


@pytest.fixture(scope="session")
async def shop_database(
    postgres: EmbeddedServer, stored_seller: StoredSeller
) -> AsyncIterator[Database]:
    """A seller with all that a sync brings; each test that writes has a user of its own in it."""
    async with whole_seller(postgres, stored_seller, "shop") as seller:
        yield seller.database


@pytest.fixture(scope="session")
async def shop(
    tmp_path_factory: pytest.TempPathFactory, sandbox: Running, shop_database: Database
) -> AsyncIterator[Server]:
    """The server of all tests that do not stop it."""
    port = free_port()
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("shop"),
        local_sandbox=f"http://127.0.0.1:{sandbox.port}",
        public_url=f"http://127.0.0.1:{port}",
    )
    async with serving(settings, shop_database, port=port) as server:
        yield server


@pytest.fixture(scope="session")
async def seller(shop_database: Database) -> User:
    return await the_seller(shop_database)


@pytest.fixture
async def seat(browser: Browser, shop: Server, shop_database: Database) -> AsyncIterator[Seat]:
    """A person who has nothing yet; no test leaves a trouble in the console."""
    user = await new_user(shop_database, f"{uuid.uuid4().hex[:8]}@example.com")
    async with seated(browser, shop, shop_database, user) as seat:
        yield seat
    assert seat.troubles == []


@pytest.fixture
async def full_seat(
    browser: Browser, shop: Server, shop_database: Database, seller: User
) -> AsyncIterator[Seat]:
    """The seller of the sandbox, to read only."""
    async with seated(browser, shop, shop_database, seller) as seat:
        yield seat
    assert seat.troubles == []


@pytest.fixture
async def server(tmp_path: Path, sandbox: Running, database: Database) -> AsyncIterator[Server]:
    """An instance that knows the address at which the browser reaches it."""
    port = free_port()
    settings = Settings(
        data_dir=tmp_path,
        local_sandbox=f"http://127.0.0.1:{sandbox.port}",
        public_url=f"http://127.0.0.1:{port}",
    )
    async with serving(settings, database, port=port) as server:
        yield server


@pytest.fixture
async def user(database: Database) -> User:
    return await new_user(database)


@pytest.fixture
async def visitor(browser: Browser, server: Server) -> AsyncIterator[BrowserContext]:
    """A browser that has never been here."""
    context = await browser.new_context(base_url=server.url)
    context.set_default_timeout(PATIENCE_MS)
    yield context
    await context.close()


@pytest.fixture
async def page(visitor: BrowserContext, server: Server, user: User) -> Page:
    """A page of the dashboard's user, signed in."""
    cookie = {"name": "session_token", "value": token_of(user, server.settings), "url": server.url}
    await visitor.add_cookies([cookie])
    return await visitor.new_page()
