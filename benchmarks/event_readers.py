"""Ten thousand event streams on one process, over 500 running syncs.

    python -m benchmarks.event_readers

`recoup serve --no-worker` runs as it is, with its own limits. Every reader follows one sync, 20 of one
user each. They come all at once; then states are published at a steady rate; then the server is
restarted, and all come back at once with their Last-Event-ID. The readers and PostgreSQL share the
cores with the server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import cast

import psycopg
import uvloop
from sqlalchemy import insert

from recoup.api.file_limit import raise_file_limit
from recoup.clock import utc_now
from recoup.connections.queries import save_connection
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.ids import SyncId, WorkspaceId, first_workspace_id, sync_id
from recoup.logs import configure_logs
from recoup.migrations.upgrade import upgrade
from recoup.streams import all_streams
from recoup.sync.record.announce import announce
from recoup.sync.record.tables import sync_progress, sync_stream
from recoup.users.queries import add_user
from recoup.users.roles import Scope
from recoup.users.token_queries import add_token

_KEY = "a-key-for-the-benchmark-only-0123456789"
# A process that may open 20,000 files takes half of them from one address.
_SOURCES = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
_START_SECONDS = 120.0
_LISTENS = re.compile(rb"listens on http://[\w.]+:(\d+)")
_STATUS = re.compile(rb"HTTP/1\.1 (\d+)")
_PUBLISH = """
with newest as (
    select event.* from event where subject = %(sync_id)s order by event_id desc limit 1
)
insert into event (workspace_id, type, subject, milestone, payload)
select workspace_id, type, subject, false, payload || jsonb_build_object('message', %(message)s::text)
from newest
"""


@dataclass(frozen=True)
class Followed:
    """A running sync, and who follows it."""

    workspace_id: WorkspaceId
    sync_id: SyncId
    token: str


@dataclass
class Seen:
    """What the readers of one herd have met."""

    accepted: int = 0
    again: int = 0
    """Connections that were lost before an answer: a browser comes again, as it does not after a
    status that is no success."""
    refused: Counter[str] = field(default_factory=Counter)
    delays: list[float] = field(default_factory=list)
    """Seconds from before the statement that stored an event to its arrival at a reader."""


class EventReader(asyncio.Protocol):
    """One client, which notes what comes. `last_id`: where it goes on after a restart."""

    def __init__(self, followed: Followed, seen: Seen, last_id: int | None) -> None:
        self._followed, self._seen = followed, seen
        self.last_id = last_id
        self._text = b""
        self.began = asyncio.Event()
        self.lost = False
        self.transport: asyncio.Transport | None = None

    def come_again(self) -> None:
        self.lost, self._text = False, b""
        self.began.clear()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is of no such class
        place = "" if self.last_id is None else f"Last-Event-ID: {self.last_id}\r\n"
        self.transport.write(
            f"GET /api/sse/sync-progress/{self._followed.sync_id} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {self._followed.token}\r\n{place}\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self._text += data
        if not self.began.is_set():
            self._begin()
        *blocks, self._text = self._text.split(b"\n\n")
        for block in blocks:
            self._note(block)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the name is the interface
        if not self.began.is_set():
            self._seen.again += 1
            self.lost = True
            self.began.set()

    def _begin(self) -> None:
        status = _STATUS.match(self._text)
        if status is None:
            return
        if status[1] != b"200":
            self._end(status[1].decode())
        elif b"retry: " in self._text:
            self._seen.accepted += 1
            self.began.set()

    def _end(self, reason: str) -> None:
        self._seen.refused[reason] += 1
        self.began.set()

    def _note(self, block: bytes) -> None:
        found = re.search(rb'id: (\d+)\ndata: .*?"message":"sent at ([\d.]+)"', block)
        if found is not None:
            self._seen.delays.append(time.time() - float(found[2]))
        if (place := re.search(rb"^id: (\d+)", block, re.MULTILINE)) is not None:
            self.last_id = int(place[1])


@dataclass(frozen=True)
class Herd:
    """Readers that came together."""

    readers: list[EventReader]
    seen: Seen
    seconds: float

    def leave(self) -> None:
        for reader in self.readers:
            if reader.transport is not None:
                reader.transport.abort()


async def open_herd(
    port: int, syncs: list[Followed], places: list[int | None], *, patience: float
) -> Herd:
    """A reader for each place, all connecting at once; returns when each has its answer, or when
    `patience` (seconds) is over.
    """
    seen = Seen()
    loop = asyncio.get_running_loop()
    readers = [EventReader(syncs[n % len(syncs)], seen, place) for n, place in enumerate(places)]

    async def come(number: int, reader: EventReader) -> None:
        while not reader.began.is_set() or reader.lost:
            reader.come_again()
            source = _SOURCES[number % len(_SOURCES)]
            await loop.create_connection(lambda: reader, "127.0.0.1", port, local_addr=(source, 0))
            await reader.began.wait()

    began = time.monotonic()
    coming = [asyncio.create_task(come(number, one)) for number, one in enumerate(readers)]
    _, late = await asyncio.wait(coming, timeout=patience)
    for one in late:
        one.cancel()
    seen.refused["no answer"] += len(late)
    await asyncio.gather(*late, return_exceptions=True)
    return Herd(readers, seen, time.monotonic() - began)


async def publish(url: str, syncs: list[Followed], *, per_second: float, seconds: float) -> int:
    """States of the syncs in turn, at a steady rate. The number of them."""
    number = 0
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            one = syncs[number % len(syncs)]
            async with conn.transaction():
                message = f"sent at {time.time():.4f}"
                await conn.execute(_PUBLISH, {"sync_id": one.sync_id, "message": message})
                await conn.execute("select pg_notify('recoup_event', %s)", [one.workspace_id])
            number += 1
            # At its rate, or as fast as it gets.
            await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
    return number


@dataclass
class Served:
    """A running `recoup serve`."""

    process: asyncio.subprocess.Process
    port: int

    def kilobytes(self) -> int:
        """Of its memory."""
        found = re.search(
            r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text()
        )
        assert found is not None, "a living process has memory"
        return int(found[1])

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.asynccontextmanager
async def serving(url: str, folder: Path, port: int) -> AsyncIterator[Served]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recoup", "serve", "--no-worker", "--port", str(port)),
        stdout=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "RECOUP_DATABASE_URL": url,
            "RECOUP_DATA_DIR": str(folder / "served"),
            "RECOUP_SECRET_KEYS": _KEY,
            "RECOUP_LOG_LEVEL": "warning",
        },
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not (found := _LISTENS.search(await process.stdout.readline())):
                pass
        yield Served(process, int(found[1]))
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def fill(url: str, count: int) -> list[Followed]:
    """Users, each with a connection and a running sync of all streams whose state was told."""
    database, found = Database(url), []
    now = utc_now()
    for number in range(count):
        async with database.writing() as conn:
            user = await add_user(conn, f"reader-{number}@example.com")
            workspace_id = first_workspace_id(user.user_id)
            token = await add_token(
                conn,
                user.user_id,
                key=_KEY,
                scope=Scope.READ,
                expires_at=now + timedelta(days=1),
            )
            connection = await save_connection(
                conn,
                workspace_id,
                selling_partner_id=f"A{number}",
                region="NA",
                environment="local",
                marketplace_ids=("ATVPDKIKX0DER",),
                refresh_token_sealed=b"sealed",
            )
            one = Followed(workspace_id, sync_id(workspace_id, now), token.text)
            await conn.execute(
                insert(sync_progress).values(
                    sync_id=one.sync_id,
                    workspace_id=workspace_id,
                    connection_id=connection.connection_id,
                    trigger="manual",
                    status="in_progress",
                    progress=30,
                    message="working",
                )
            )
            streams = [
                {"sync_id": one.sync_id, "name": stream.name, "status": "pending"}
                for stream in all_streams()
            ]
            await conn.execute(insert(sync_stream), streams)
            await announce(conn, one.sync_id, milestone=True)
            found.append(one)
    await database.close()
    return found


def _transactions(url: str) -> int:
    """Of all of the database, so far; counted within a second of their end."""
    time.sleep(1.5)
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute(
            "select xact_commit from pg_stat_database where datname = current_database()"
        ).fetchone()
    assert row is not None, "it is this database"
    return int(row[0])


def _tell_herd(name: str, herd: Herd, served: Served, transactions: int) -> None:
    count = len(herd.readers)
    print(
        f"{name}: {herd.seen.accepted:,} of {count:,} accepted in {herd.seconds:.1f} s, "
        f"refused {dict(+herd.seen.refused)}, {herd.seen.again} came again; {transactions / count:.2f} transactions and "
        f"{1000 * served.cpu_seconds() / count:.1f} ms of the processor a reader, with the start",
        flush=True,
    )


async def measure(url: str, folder: Path, asked: argparse.Namespace) -> None:
    syncs = await fill(url, asked.syncs)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    async with serving(url, folder, port) as served:
        empty, before = served.kilobytes(), _transactions(url)
        herd = await open_herd(port, syncs, [None] * asked.readers, patience=asked.patience)
        _tell_herd("first", herd, served, _transactions(url) - before)
        full = served.kilobytes()
        print(f"memory: {empty} kB without readers, {(full - empty) / asked.readers:.1f} kB each")
        await _deliver(url, syncs, herd, served, asked)
        full = served.kilobytes()
        print(f"memory: {(full - empty) / asked.readers:.1f} kB each after that")
    places = [reader.last_id for reader in herd.readers]
    herd.leave()
    async with serving(url, folder, port) as served:
        before = _transactions(url)
        herd = await open_herd(port, syncs, places, patience=asked.patience)
        _tell_herd("after a restart", herd, served, _transactions(url) - before)
        await _deliver(url, syncs, herd, served, asked)
        herd.leave()


async def _deliver(
    url: str, syncs: list[Followed], herd: Herd, served: Served, asked: argparse.Namespace
) -> None:
    herd.seen.delays.clear()
    cpu, before = served.cpu_seconds(), _transactions(url)
    began = time.monotonic()
    sent = await publish(url, syncs, per_second=asked.per_second, seconds=asked.seconds)
    await asyncio.sleep(2)
    took = time.monotonic() - began
    delays = herd.seen.delays
    spent = served.cpu_seconds() - cpu
    expected = sent * (len(herd.readers) // len(syncs))
    cuts = statistics.quantiles(delays, n=100)
    print(
        f"delivery: {sent} states at {asked.per_second:g}/s, {len(delays):,} of {expected:,} events: "
        f"median {1000 * cuts[49]:.0f} ms, p99 {1000 * cuts[98]:.0f} ms, "
        f"worst {1000 * max(delays):.0f} ms; {spent / took:.0%} of a core, "
        f"{(_transactions(url) - before - sent) / took:.1f} other transactions a second",
        flush=True,
    )


def main() -> None:
    """Measure on an embedded server of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--readers", type=int, default=10_000)
    parser.add_argument("--syncs", type=int, default=500)
    parser.add_argument("--per-second", type=float, default=50.0, help="states of all syncs")
    parser.add_argument("--seconds", type=float, default=30.0, help="of publishing")
    parser.add_argument("--patience", type=float, default=120.0, help="seconds for a herd to come")
    asked = parser.parse_args()
    configure_logs(log_format="json", level="warning")
    raise_file_limit()
    folder = Path(tempfile.mkdtemp(prefix="recoup-readers-"))
    folder.chmod(0o711)
    try:
        with EmbeddedServer(folder) as server:
            server.create_database("readers")
            url = server.url("readers")
            upgrade(Database(url))
            uvloop.run(measure(url, folder, asked))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
