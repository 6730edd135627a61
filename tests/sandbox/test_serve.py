"""The server as a whole: real processes, its end, its size."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time

import httpx2
import pytest

from recoup.sandbox.config import SandboxConfig
from recoup.sandbox.serve import serve
from tests.sandbox.running import ALL_STOCK, INVENTORY, ORDERS, SELLERS, YEAR_AGO, Running
from tests.support.patience import PATIENCE

PROGRAM = """
import asyncio, datetime, sys, tracemalloc
from recoup.sandbox.config import SandboxConfig
from recoup.sandbox.serve import serve

async def main():
    config = SandboxConfig(orders=int(sys.argv[1]), today=datetime.date(2026, 11, 15), limits=False)
    running = asyncio.ensure_future(serve(config, port=0, started=lambda p: print(p, flush=True)))
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    running.cancel()
    await asyncio.wait({running})

tracemalloc.start()
asyncio.run(main())
print(tracemalloc.get_traced_memory()[1])
"""


class Process:
    """A sandbox in a process of its own; `max_bytes` after its end is the most it held at once."""

    def __init__(self, orders: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(orders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.max_bytes = 0

    def __enter__(self):
        port = int(self._process.stdout.readline())
        self.client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE)
        form = {
            "grant_type": "refresh_token",
            "refresh_token": "Atzr|test",
            "client_id": "amzn1.application-oa2-client.test",
            "client_secret": "test-secret",
        }
        token = self.client.post("/auth/o2/token", data=form).json()["access_token"]
        self.client.headers["x-amz-access-token"] = token
        return self

    def __exit__(self, *_):
        self.client.close()
        out, _ = self._process.communicate("\n", timeout=PATIENCE)
        self.max_bytes = int(out)


def test_two_processes_tell_the_same_story():
    """The same seed, orders and today give the same bytes, in whatever order they are asked."""
    questions = [
        (ORDERS, {"createdAfter": YEAR_AGO, "createdBefore": "2025-12-30T00:00:00Z"}),
        (INVENTORY, ALL_STOCK | {"details": "true"}),
        (
            "/finances/2024-06-19/transactions",
            {"postedAfter": "2026-01-01T00:00:00Z", "postedBefore": "2026-03-01T00:00:00Z"},
        ),
        (SELLERS, {}),
    ]
    with Process(400) as one, Process(400) as other:
        first = [one.client.get(path, params=params).content for path, params in questions]
        second = [other.client.get(path, params=p).content for path, p in reversed(questions)]

    assert first == second[::-1]
    assert all(len(content) > 300 for content in first)


def test_page_tokens_survive_a_restart():
    """A token given by one process is continued by the next one."""
    with Process(400) as one:
        page = one.client.get(ORDERS, params={"createdAfter": YEAR_AGO}).json()
    with Process(400) as other:
        params = {"createdAfter": YEAR_AGO, "paginationToken": page["pagination"]["nextToken"]}
        following = other.client.get(ORDERS, params=params).json()

    assert len(following["orders"]) == 100
    assert not {o["orderId"] for o in page["orders"]} & {o["orderId"] for o in following["orders"]}


def test_many_orders_need_little_memory():
    """First, middle and last pages of every kind come from a process that never holds 40 MB of them."""
    with Process(300_000) as sandbox:
        get = sandbox.client.get
        pages = [
            get(ORDERS, params={"createdAfter": YEAR_AGO}),
            get(ORDERS, params={"lastUpdatedAfter": "2026-06-01T00:00:00Z"}),
            get(ORDERS, params={"lastUpdatedAfter": "2026-11-14T23:00:00Z"}),
            get(
                "/finances/2024-06-19/transactions",
                params={"postedAfter": "2026-06-01T00:00:00Z"},
            ),
            get(INVENTORY, params=ALL_STOCK),
        ]
        sizes = [
            len(page.json().get("orders", page.json().get("payload", {}).get("transactions", [])))
            for page in pages[:4]
        ]

    assert sizes == [100, 100, 100, 500]
    assert len(pages[4].json()["payload"]["inventorySummaries"]) == 50
    assert sandbox.max_bytes < 40_000_000


def test_a_port_in_use_is_an_os_error():
    """The caller of serve gets the OSError; the process is not ended behind its back."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            asyncio.run(serve(SandboxConfig(), port=port))


def test_it_stops_at_once_with_stalled_requests_open():
    """Open stalled requests do not hold the server back: it ends them before their clients give up."""
    with Running(faults=["stall:1"]) as sandbox:
        sandbox.control("faults", {"faults": []})
        token = sandbox.token()
        sandbox.control("faults", {"faults": ["stall:1"]})
        ends: list[type[Exception]] = []

        def call() -> None:
            try:
                sandbox.get(SELLERS, token)
            except httpx2.TransportError as error:
                ends.append(type(error))

        callers = [threading.Thread(target=call) for _ in range(5)]
        for caller in callers:
            caller.start()
        deadline = time.monotonic() + PATIENCE
        while stalled(sandbox) < 5 and time.monotonic() < deadline:
            pass
        sandbox.stop()
        for caller in callers:
            caller.join(PATIENCE)

    assert len(ends) == 5
    assert not any(issubclass(one, httpx2.TimeoutException) for one in ends)


def stalled(sandbox: Running) -> int:
    calls = sandbox.client.get("/_sandbox/calls").json()
    return calls.get("getMarketplaceParticipations", {"faults": {}})["faults"].get("stall", 0)
