"""A service with the sandbox's seller, as somebody who tries recoup has it, and a browser in front of it.

For pictures and measurements: everything in processes and a folder of its own, gone afterwards.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from playwright.async_api import Browser, BrowserContext, async_playwright

from recoup.cli.services import free_port

_HOST = "127.0.0.1"
_EMAIL = "ann@example.com"
_SELLER = {
    "refreshToken": "Atzr|test",
    "sellingPartnerId": "DEMOSELLER",
    "region": "NA",
    "environment": "local",
    "marketplaceIds": ["ATVPDKIKX0DER"],
}
_READY_SECONDS = 120.0
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class DemoShop:
    """A running service, and a token of its owner."""

    url: str
    token: str

    def client(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            base_url=self.url, headers={"authorization": f"Bearer {self.token}"}, timeout=30.0
        )


@contextmanager
def demo_shop() -> Iterator[DemoShop]:
    """`recoup serve --sandbox` with a user and no seller yet."""
    port, sandbox_port = free_port(_HOST), free_port(_HOST)
    with tempfile.TemporaryDirectory(prefix="recoup-shop-") as folder:
        # Settings of this shell, and of a file in this folder, are another installation's.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("RECOUP_")}
        environment["RECOUP_DATA_DIR"] = folder
        Path(folder).chmod(
            0o711
        )  # the account that PostgreSQL runs as instead of root passes through

        def command(*words: str) -> str:
            asked = [sys.executable, "-m", "recoup", *words]
            done = subprocess.run(  # noqa: S603 - the words are ours
                asked, env=environment, cwd=folder, check=True, capture_output=True, text=True
            )
            return done.stdout.strip()

        command("user", "add", _EMAIL)
        serve = ("serve", "--sandbox", "--port", str(port), "--sandbox-port", str(sandbox_port))
        service = subprocess.Popen(  # noqa: S603 - the words are ours
            [sys.executable, "-m", "recoup", *serve],
            env=environment,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield DemoShop(f"http://{_HOST}:{port}", command("user", "token", _EMAIL))
        finally:
            service.terminate()
            service.wait()


async def fill(shop: DemoShop) -> None:
    """A first sync and a second one, some costs and some decisions."""
    async with shop.client() as client:
        await _until_ready(client)
        added = await client.post("/api/v1/integrations/amazon/connections", json=_SELLER)
        added.raise_for_status()
        for _ in range(2):
            await _sync(client)
        await _enter_costs(client)
        await _decide(client)


async def _until_ready(client: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(_READY_SECONDS):
        while True:
            try:
                if (await client.get("/readyz")).is_success:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.2)


async def _sync(client: httpx2.AsyncClient) -> None:
    started = await client.post("/api/sync/start")
    sync_id = started.json()["syncId"]
    # The server ends the stream with the sync, and sends a heartbeat until then.
    async with client.stream("GET", f"/api/sse/sync-progress/{sync_id}") as events:
        async for _ in events.aiter_bytes():
            pass
    status = (await client.get(f"/api/sync/status/{sync_id}")).json()["status"]
    if status != "complete":
        raise RuntimeError(f"The sync ended {status}.")


async def _enter_costs(client: httpx2.AsyncClient) -> None:
    """For every second product that lacks one; detection then knows their amounts."""
    missing = (await client.get("/api/sourcing-costs/missing")).json()["items"]
    named = [one for one in missing if one["sku"]][::2]
    costs = [
        {"sku": one["sku"], "cost": f"{4 + n}.20", "currency": "USD", "validFrom": "2020-01-01"}
        for n, one in enumerate(named)
    ]
    (await client.put("/api/sourcing-costs", json={"items": costs})).raise_for_status()
    status = (await client.get("/api/sync/status")).json()
    connection = {"connectionId": status["syncs"][0]["connectionId"]}
    (await client.post("/api/recoveries/detect", json=connection)).raise_for_status()


async def _decide(client: httpx2.AsyncClient) -> None:
    """Some claims of each outcome."""
    query = "/api/recoveries?standing=owed&sort=-amount&limit=8"
    claims = (await client.get(query)).json()["items"]
    for number, claim in enumerate(claims):
        path = f"/api/recoveries/{claim['claimId']}"
        case = {"status": "filed", "caseId": f"{15000000000 + 7919 * number}"}
        (await client.patch(path, json=case)).raise_for_status()
        outcome = ("approved", "approved", "rejected", None)[number % 4]
        if outcome:
            (await client.patch(path, json={"status": outcome})).raise_for_status()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """The system's browser."""
    found = next(filter(None, map(shutil.which, _CHROMIUMS)), None)
    if found is None:
        raise SystemExit("Chromium is missing: run `apt-get install chromium`.")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's own sandbox refuses root
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=found, args=options)
        yield browser
        await browser.close()


@asynccontextmanager
async def signed_in(
    browser: Browser, shop: DemoShop, **options: object
) -> AsyncIterator[BrowserContext]:
    """`options` are those of a browser context."""
    shown: dict[str, object] = {"base_url": shop.url, "locale": "en-US", "timezone_id": "UTC"}
    context = await browser.new_context(**shown, **options)  # type: ignore[arg-type] # any of them
    await context.add_cookies([{"name": "session_token", "value": shop.token, "url": shop.url}])
    yield context
    await context.close()
