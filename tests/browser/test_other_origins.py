"""Frontends of other people: what a browser lets a page of another origin do, and the example."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect

from recoup.config import Settings
from recoup.connections.queries import disconnect
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.jobs.worker import Worker
from recoup.streams import all_streams
from recoup.users.queries import User
from tests.api.claim_rows import store_claims
from tests.api.serving import Server, new_connection, serving, token_of
from tests.cli.programs import free_port
from tests.sandbox.running import Running
from tests.support.away import away
from tests.support.scripted_server import Reply, ScriptedServer

EXAMPLE = Path(__file__).parents[2] / "examples" / "frontend" / "index.html"
HTML = {"content-type": "text/html; charset=utf-8"}
# What a frontend with the user's session does: it reads, and it writes.
READ = "url => fetch(`${url}/api/me`, {credentials: 'include'}).then(a => a.status, e => e.name)"
WRITE = """url => fetch(`${url}/api/workspace`, {method: 'PATCH', credentials: 'include',
    headers: {'content-type': 'application/json'}, body: '{"name": "Renamed"}'})
    .then(a => a.status, e => e.name)"""
LISTEN = """url => new Promise((done) => {
    const feed = new EventSource(`${url}/api/sse/status`, {withCredentials: true});
    feed.onopen = () => { feed.close(); done('open'); };
    feed.onerror = () => { feed.close(); done('error'); };
})"""


@pytest.fixture
async def frontend() -> AsyncIterator[ScriptedServer]:
    """Somebody else's web server, which has the example as it is in the repository."""
    async with ScriptedServer() as server:
        server.always("/", Reply(200, EXAMPLE.read_bytes(), HTML))
        server.always("/favicon.ico", Reply(404))
        yield server


def as_localhost(url: str) -> str:
    """Another site for a browser, although the same machine."""
    return url.replace("127.0.0.1", "localhost")


@pytest.fixture
async def server(
    tmp_path: Path, sandbox: Running, database: Database, frontend: ScriptedServer
) -> AsyncIterator[Server]:
    """Allows the frontend under both of its names."""
    port = free_port()
    settings = Settings(
        data_dir=tmp_path,
        local_sandbox=f"http://127.0.0.1:{sandbox.port}",
        public_url=f"http://127.0.0.1:{port}",
        allowed_origins=f"{frontend.url},{as_localhost(frontend.url)}",
        sync_schedule="",
    )
    async with serving(settings, database, port=port) as server:
        yield server


@pytest.fixture
async def working(server: Server, database: Database) -> AsyncIterator[None]:
    """A worker for what is read fastest, so that syncs end soon."""
    stop = asyncio.Event()
    streams = [one for one in all_streams() if one.name == "inventory"]
    worker = Worker(server.settings, database, streams=streams)
    task = asyncio.create_task(worker.run(stop))
    yield
    stop.set()
    await task


def test_the_example_is_short() -> None:
    """Forty lines that whoever begins a frontend can read."""
    assert len(EXAMPLE.read_text().splitlines()) <= 40


@pytest.mark.usefixtures("working")
@pytest.mark.parametrize("site", [str, as_localhost], ids=["same site", "another site"])
async def test_the_example_works_as_it_is_written(
    visitor: BrowserContext,
    server: Server,
    database: Database,
    user: User,
    frontend: ScriptedServer,
    site: Any,
) -> None:
    """From another origin, with a token: it starts a sync, follows it to its end, shows what is owed."""
    await new_connection(database, server.settings, user, seller="DEMOSELLER")
    # Of another account, whose claims no detection of this test looks at.
    past = await new_connection(database, server.settings, user, seller="A2")
    async with database.writing() as conn:
        await disconnect(conn, past.workspace_id, past.connection_id)
    await store_claims(database, past.connection_id, range(2))
    await store_claims(database, past.connection_id, range(2, 3), currency="GBP")
    page = await visitor.new_page()
    await page.goto(site(frontend.url))
    await page.get_by_label("recoup").fill(server.url)
    await page.get_by_label("Token").fill(token_of(user, server.settings))
    await page.get_by_role("button", name="Sync").click()

    await expect(page.get_by_role("status")).to_contain_text("Sync completed")
    await expect(page.get_by_label("Progress")).to_have_js_property("value", 100)
    owed = page.get_by_label("Owed").get_by_role("listitem")
    await expect(owed).to_have_text(["24.60 USD in 2 claims", "12.30 GBP in 1 claims"])
    await page.get_by_label("Token").fill("wrong")
    await page.get_by_role("button", name="Sync").click()
    await expect(page.get_by_role("status")).to_contain_text("sign in again")


async def test_a_session_works_on_the_same_site_only(
    page: Page, server: Server, frontend: ScriptedServer
) -> None:
    """Another port of the same host sends the cookie (SameSite=Lax), and may write and listen. A page
    of another site sends none, allowed or not: it needs a token.
    """
    await page.goto(frontend.url)
    same = [await page.evaluate(script, server.url) for script in (READ, WRITE, LISTEN)]
    await page.goto(as_localhost(frontend.url))
    other = [await page.evaluate(script, server.url) for script in (READ, WRITE, LISTEN)]

    assert same == [200, 204, "open"]
    assert other == [401, 401, "error"]


async def test_a_page_of_others_hears_again_after_the_database_was_away(
    page: Page,
    server: Server,
    database: Database,
    user: User,
    frontend: ScriptedServer,
    postgres: EmbeddedServer,
    database_url: str,
) -> None:
    """Its code is one line, `new EventSource`: the browser comes back by itself."""
    await new_connection(database, server.settings, user)
    await page.goto(frontend.url)
    with away(postgres, database_url):
        await page.evaluate(
            """url => {
                window.told = 0;
                window.failed = 0;
                window.feed = new EventSource(`${url}/api/sse/status`, {withCredentials: true});
                feed.onmessage = () => { told += 1; };
                feed.onerror = () => { failed += 1; };
            }""",
            server.url,
        )
        await page.wait_for_function("failed > 0")
        assert await page.evaluate("feed.readyState") == 0  # it will try again
    async with server.client(user) as client:
        assert (await client.post("/api/sync/start")).status_code == 200
    await page.wait_for_function("told > 0")


async def test_a_page_that_is_not_allowed_reads_and_writes_nothing(
    page: Page, server: Server, database: Database
) -> None:
    """On the same site its browser sends the cookie, so recoup refuses, and the browser hides why."""
    async with ScriptedServer() as stranger:
        stranger.always("/", Reply(200, b"<!doctype html><title>x</title>", HTML))
        stranger.always("/favicon.ico", Reply(404))
        await page.goto(stranger.url)
        answers = [await page.evaluate(script, server.url) for script in (READ, WRITE, LISTEN)]

    assert answers == ["TypeError", "TypeError", "error"]
    async with database.reading() as conn:
        renamed = await conn.exec_driver_sql(
            "select count(*) from workspace where name = 'Renamed'"
        )
    assert renamed.scalar_one() == 0
