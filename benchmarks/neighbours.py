"""What others' work costs whoever looks: status, cancel and SSE, idle and beside a detection and a load.

    python -m benchmarks.neighbours --seconds 60

`recoup serve` with its worker in a process of its own, and one seller who asks for the status five
times a second, is told of five events a second, and starts and cancels a sync every second. Beside it,
one after another: nothing; a detection of a seller with `--orders` orders; a load of `--rows` rows of a
ledger; a reader that has held its snapshot while a row of a sync was written as often as in `--hold`
minutes. The neighbours are the worker's own functions in a process of their own, as the worker is.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg

from benchmarks.claims_speed import fill
from benchmarks.load import load, write_file
from benchmarks.service import Installation, Process, Seller, client_of, installation
from recoup.claims.detection.detect import detect
from recoup.db.engine import Database
from recoup.events.queries import publish
from recoup.events.words import EventType
from recoup.ids import ConnectionId
from recoup.logs import configure_logs

_STATUS_EVERY, _EVENT_EVERY, _CANCEL_EVERY = 0.2, 0.2, 1.0
_WRITES_A_MINUTE = 240
_AS_OF = date(2026, 11, 23)
_WRITE = """
with newest as (select sync_id from sync_progress order by started_at desc limit 1),
streams as (update sync_stream set rows = rows where sync_id = (select sync_id from newest))
update sync_progress set message = message where sync_id = (select sync_id from newest)
"""
_KINDS = ("status", "cancel", "sse")

Seen = defaultdict[str, list[float]]


class Looker:
    """The seller who looks. Times are milliseconds."""

    def __init__(self, api: Process, seller: Seller, database: Database) -> None:
        self._client = client_of(api, seller)
        self._seller = seller
        self._database = database
        self._sent: dict[str, float] = {}
        self._seen: Seen = defaultdict(list)
        self._sync_id = ""

    async def look(self, seconds: float) -> Seen:
        """All that was seen in so many seconds, by kind."""
        self._seen = defaultdict(list)
        self._sync_id = await self._start()
        await self._cancel(self._sync_id)
        listening = asyncio.Event()
        feed = asyncio.create_task(self._hear(listening))
        await listening.wait()
        self._seen = defaultdict(list)
        until = time.perf_counter() + seconds
        await asyncio.gather(
            self._repeat(self._ask, _STATUS_EVERY, until),
            self._repeat(self._tell, _EVENT_EVERY, until),
            self._repeat(self._start_and_cancel, _CANCEL_EVERY, until),
        )
        await asyncio.sleep(2)
        feed.cancel()
        await asyncio.gather(feed, return_exceptions=True)
        return self._seen

    async def close(self) -> None:
        await self._client.aclose()

    async def _repeat(
        self, work: Callable[[], Awaitable[None]], every: float, until: float
    ) -> None:
        """So often, or as often as answers come."""
        while (began := time.perf_counter()) < until:
            await work()
            await asyncio.sleep(max(0.0, began + every - time.perf_counter()))

    async def _ask(self) -> None:
        began = time.perf_counter()
        answer = await self._client.get(f"/api/sync/status/{self._sync_id}")
        answer.raise_for_status()
        self._note("status", began)

    async def _start_and_cancel(self) -> None:
        sync_id = await self._start()
        began = time.perf_counter()
        await self._cancel(sync_id)
        self._note("cancel", began)

    async def _start(self) -> str:
        answer = await self._client.post("/api/sync/start")
        answer.raise_for_status()
        return str(answer.json()["syncId"])

    async def _cancel(self, sync_id: str) -> None:
        answer = await self._client.post(f"/api/sync/cancel/{sync_id}")
        if answer.status_code != 409:  # it may have ended before
            answer.raise_for_status()

    async def _tell(self) -> None:
        """An event, timed from its commit."""
        mark = f"{time.perf_counter():.6f}"
        async with self._database.writing() as conn:
            await publish(
                conn,
                self._seller.workspace_id,
                event_type=EventType.CONNECTION,
                subject=mark,
                payload={"connectionId": self._seller.connection_id, "reason": mark},
            )
            self._sent[mark] = time.perf_counter()

    async def _hear(self, listening: asyncio.Event) -> None:
        async with self._client.stream("GET", "/api/sse/status") as feed:
            async for line in feed.aiter_lines():
                listening.set()
                if not line.startswith("data: {"):
                    continue
                mark = json.loads(line[6:]).get("reason")
                if mark in self._sent:
                    self._note("sse", self._sent.pop(mark))

    def _note(self, kind: str, began: float) -> None:
        self._seen[kind].append(1000 * (time.perf_counter() - began))


def at(seen: list[float], share: float) -> float:
    """The value that the share of all stays at or under."""
    return sorted(seen)[max(0, math.ceil(share * len(seen)) - 1)] if seen else math.nan


@contextmanager
def neighbour(url: str, *what: str) -> Iterator[None]:
    """Work of another seller in a process of its own, over and over."""
    command = [sys.executable, "-m", "benchmarks.neighbours", "--work", url, *what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it begins
        try:
            yield
        finally:
            process.kill()


@contextmanager
def held_snapshot(url: str, minutes: float) -> Iterator[None]:
    """A reader that began before a sync's row was written 240 times for each of so many minutes."""
    with psycopg.connect(url) as reader, psycopg.connect(url, autocommit=True) as writer:
        reader.execute("set transaction isolation level repeatable read")
        reader.execute("select count(*) from sync_progress")
        for _ in range(int(minutes * _WRITES_A_MINUTE)):
            writer.execute(_WRITE)
        yield


async def _work(url: str, what: str, subject: str, connection_id: str) -> None:
    database = Database(url)
    print("begins", flush=True)
    while True:
        if what == "detection":
            async with database.writing() as conn:
                await detect(conn, ConnectionId(connection_id), _AS_OF)
        else:
            await load(database, Path(subject), ConnectionId(connection_id))


def show(name: str, seen: Seen, idle: Seen) -> None:
    cells = [f"{name:24}"]
    for kind in _KINDS:
        p99, bare = at(seen[kind], 0.99), at(idle[kind], 0.99)
        cells.append(
            f"{kind} {at(seen[kind], 0.5):6.0f} {p99:6.0f} ms x{p99 / bare:4.1f} ({len(seen[kind])})"
        )
    print("   ".join(cells), flush=True)


def compare(home: Installation, asked: argparse.Namespace) -> None:
    looker, loader = home.sellers(["looker", "loader"])
    path = home.folder / "ledger.tsv"
    write_file(path, asked.rows, compressed=False)
    filled = asyncio.run(_fill(home.url, asked.orders))
    with home.running("serve", "--port", "0") as api, asyncio.Runner() as runner:
        database = Database(home.url)
        eyes = Looker(api, looker, database)
        runner.run(eyes.look(10))  # warm
        idle = runner.run(eyes.look(asked.seconds))
        show("idle", idle, idle)
        works = {
            "a detection": neighbour(home.url, "detection", "-", filled),
            "a load": neighbour(home.url, "load", str(path), loader.connection_id),
            "a held snapshot": held_snapshot(home.url, asked.hold),
        }
        for name in [asked.only] if asked.only else works:
            with works[name]:
                show(name, runner.run(eyes.look(asked.seconds)), idle)
        show("idle again", runner.run(eyes.look(asked.seconds)), idle)
        runner.run(eyes.close())
        runner.run(database.close())


async def _fill(url: str, orders: int) -> ConnectionId:
    database = Database(url)
    connection_id = await fill(database, orders)
    await database.close()
    return connection_id


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0, help="of each phase")
    parser.add_argument("--orders", type=int, default=1_000_000, help="of the detection's seller")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the loaded ledger")
    parser.add_argument("--hold", type=float, default=20.0, help="minutes of a snapshot's writes")
    parser.add_argument("--only", help="one neighbour, such as `a load`")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    configure_logs(log_format="console", level="error")
    if asked.work:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_work(*asked.work))
        return
    with installation(orders=2000) as home:
        compare(home, asked)


if __name__ == "__main__":
    main()
