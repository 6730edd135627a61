"""Memory, descriptors and connections of `recoup serve` over a while of use, also of the bad kind.

    python -m benchmarks.soak --minutes 10

Sellers sync, cancel and sync again; browsers open event streams and leave; lists are read as JSON and CSV.
Beside them are clients that open a connection and say nothing, that ask for a CSV file or an event
stream and never read. Every few seconds the API's and the worker's memory and descriptors are noted, and
the connections to PostgreSQL. The first minute warms up. What leaks grows: the table compares the
first third of the rest with the last one. Pools grow with use, so the same is noted before any use, and
once all clients have been gone for so long that idle connections to Amazon are closed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import socket
import statistics
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psycopg

from benchmarks.service import Process, Seller, client_of, installation
from recoup.logs import configure_logs

_WARM_SECONDS = 60.0
_START_SECONDS = 20.0
# A sync under way ends meanwhile; idle connections to Amazon are closed after 30 s.
_REST_SECONDS = 100.0
_NOTE_EVERY_SECONDS = 5.0
_LISTS = ("orders", "inventory", "transactions", "ledger", "returns", "recoveries")
_BAD_CLIENTS = 20


@dataclass
class Notes:
    """One list of values for each thing that must stay flat."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        self.values.setdefault(name, []).append(value)

    def show(self) -> None:
        print(f"{'':24} {'first third':>12} {'last third':>12} {'most':>9} {'ratio':>6}")
        for name, values in self.values.items():
            third = max(1, len(values) // 3)
            first, last = statistics.median(values[:third]), statistics.median(values[-third:])
            print(f"{name:24} {first:12.1f} {last:12.1f} {max(values):9.1f} {last / first:6.2f}")


def _memory_mb(pid: int) -> float:
    fields = Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()
    return int(fields[0]) / 1024


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def look(api: Process, url: str, notes: Notes) -> None:
    for name, pid in zip(("API", "worker"), api.family(), strict=False):
        notes.add(f"{name} MB", _memory_mb(pid))
        notes.add(f"{name} descriptors", _descriptors(pid))
    with psycopg.connect(url, autocommit=True) as conn:
        count = conn.execute(
            "select count(*) from pg_stat_activity "
            "where usename = 'recoup_owner' and pid <> pg_backend_pid()"
        ).fetchone()
    assert count is not None
    notes.add("connections to PostgreSQL", count[0])


async def note(api: Process, url: str, notes: Notes) -> None:
    """Notes until cancelled."""
    await asyncio.sleep(_WARM_SECONDS)
    while True:
        look(api, url, notes)
        await asyncio.sleep(_NOTE_EVERY_SECONDS)


class Use:
    """What clients do, each over and over until cancelled. Statuses of answers are counted."""

    def __init__(self, api: Process, answers: Counter[str]) -> None:
        self._api = api
        self._answers = answers
        self._port = int(api.address.rpartition(":")[2])

    async def sync(self, seller: Seller) -> None:
        """Every other sync is cancelled under way."""
        async with client_of(self._api, seller) as client:
            for n in range(sys.maxsize):
                started = await self._post(client, "/api/sync/start")
                if started is None:
                    await asyncio.sleep(1)
                    continue
                sync_id = started["syncId"]
                if n % 2:
                    await asyncio.sleep(random.random())
                    await self._post(client, f"/api/sync/cancel/{sync_id}")
                    continue
                while await self._is_running(client, sync_id):
                    pass

    async def read(self, seller: Seller) -> None:
        async with client_of(self._api, seller) as client:
            while True:
                name = random.choice(_LISTS)
                kind = random.choice(("application/json", "text/csv"))
                answer = await client.get(f"/api/{name}", headers={"accept": kind})
                self._answers[str(answer.status_code)] += 1
                await asyncio.sleep(0.2)

    async def watch(self, seller: Seller) -> None:
        """A browser that opens a page, and another one some seconds later."""
        async with client_of(self._api, seller) as client:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(random.uniform(1, 10)):
                        async with client.stream("GET", "/api/sse/status") as feed:
                            self._answers[f"sse {feed.status_code}"] += 1
                            async for _ in feed.aiter_bytes():
                                pass

    async def say_nothing(self, _seller: Seller) -> None:
        while True:
            with socket.create_connection(("127.0.0.1", self._port)):
                await asyncio.sleep(random.uniform(5, 30))

    async def read_nothing(self, seller: Seller) -> None:
        """Asks for a stream or a file, with a small window, and never reads."""
        while True:
            path = random.choice(("/api/sse/status", "/api/transactions"))
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.connect(("127.0.0.1", self._port))
                head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/csv\r\n"
                client.sendall(f"{head}Authorization: Bearer {seller.token}\r\n\r\n".encode())
                await asyncio.sleep(random.uniform(5, 90))

    async def _post(self, client: httpx2.AsyncClient, path: str) -> dict[str, str] | None:
        answer = await client.post(path)
        self._answers[str(answer.status_code)] += 1
        body: dict[str, str] = answer.json()
        return body if answer.is_success else None

    async def _is_running(self, client: httpx2.AsyncClient, sync_id: str) -> bool:
        await asyncio.sleep(0.5)
        answer = await client.get(f"/api/sync/status/{sync_id}")
        self._answers[str(answer.status_code)] += 1
        return bool(answer.json().get("status") == "in_progress")


async def soak(api: Process, url: str, sellers: list[Seller], seconds: float) -> None:
    notes, answers, at_rest = Notes(), Counter[str](), Notes()
    await asyncio.sleep(_START_SECONDS)
    look(api, url, at_rest)
    use = Use(api, answers)
    kinds: tuple[Callable[[Seller], Awaitable[None]], ...] = (use.sync, use.read, use.watch)
    bad: tuple[Callable[[Seller], Awaitable[None]], ...] = (use.say_nothing, use.read_nothing)
    tasks = [asyncio.ensure_future(kind(seller)) for seller in sellers for kind in kinds]
    tasks += [asyncio.ensure_future(kind(sellers[0])) for kind in bad for _ in range(_BAD_CLIENTS)]
    tasks.append(asyncio.create_task(note(api, url, notes)))
    began = time.monotonic()
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(f"{time.monotonic() - began:.0f} s; answers: {dict(sorted(answers.items()))}")
    notes.show()
    await asyncio.sleep(_REST_SECONDS)
    look(api, url, at_rest)
    print("at rest, before and after:")
    at_rest.show()
    for task in done:
        task.result()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--sellers", type=int, default=4)
    parser.add_argument("--orders", type=int, default=200)
    asked = parser.parse_args()
    configure_logs(log_format="console", level="error")
    with installation(orders=asked.orders) as home:
        sellers = home.sellers([f"soak{n}" for n in range(asked.sellers)])
        with home.running("serve", "--port", "0") as api:
            asyncio.run(soak(api, home.url, sellers, 60 * asked.minutes))


if __name__ == "__main__":
    main()
