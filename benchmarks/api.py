"""Requests a second of the API beside bare FastAPI routes over the same rows, in one run.

    python -m benchmarks.api --seconds 4

Two processes on one database with a whole seller of the sandbox: the API as `recoup serve` runs it, with
limits for one user that are never met, and an application of nothing but routes, each with one SELECT
through a pool of psycopg and no sign-in, walls or limits. As many connections as asked for send one
request after another to the one, then to the other.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import uvicorn
from fastapi import FastAPI
from psycopg import sql
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from pydantic import SecretStr
from sqlalchemy import text

from recoup.api.app import create_app
from recoup.api.buckets import RequestLimits
from recoup.api.serve import serve_api
from recoup.clock import utc_now
from recoup.config import Settings
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.ids import WorkspaceId
from recoup.logs import configure_logs
from recoup.migrations.upgrade import upgrade
from recoup.users.queries import add_user
from recoup.users.roles import Scope
from recoup.users.token_queries import add_token
from tests.support.whole_seller import StoredSeller, seller_with_claims, store_whole_seller

_LISTS = (
    "orders",
    "inventory",
    "transactions",
    "fees",
    "reimbursements",
    "returns",
    "ledger",
    "shipments",
    "removals",
)
_ROWS = 100
_KEY = "a-key-for-the-benchmark-only-0123456789"


def bare(url: str) -> FastAPI:
    """The application without anything: a route, a statement, its rows as JSON."""
    pool: AsyncConnectionPool[psycopg.AsyncConnection[DictRow]] = AsyncConnectionPool(
        url, open=False, min_size=10, kwargs={"row_factory": dict_row}
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/status/{sync_id}")
    async def status(sync_id: str) -> dict[str, Any]:
        async with pool.connection() as conn:
            found = await conn.execute("select * from sync_progress where sync_id = %s", [sync_id])
            return await found.fetchone() or {}

    @app.get("/rows/{table}")
    async def list_rows(table: str, connection_id: str, rows: int) -> list[dict[str, Any]]:
        wanted = sql.SQL("select * from {} where connection_id = %s limit %s").format(
            sql.Identifier(table)
        )
        async with pool.connection() as conn:
            return await (await conn.execute(wanted, [connection_id, rows])).fetchall()

    return app


@dataclass(frozen=True)
class Server:
    """A process that answers on a port."""

    pid: int
    port: int

    def cpu_seconds(self) -> float:
        """Of its processor time; what PostgreSQL needs is not in it."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Target:
    """One page of one server. `token` is empty for the bare one."""

    server: Server
    path: str
    token: str = ""

    def request(self) -> bytes:
        sign_in = f"Authorization: Bearer {self.token}\r\n" if self.token else ""
        return f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{sign_in}\r\n".encode()


async def _ask(target: Target, until: float) -> int:
    """Number of answers over one connection. Raises RuntimeError for anything but 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.server.port)
    request, answers = target.request(), 0
    while time.perf_counter() < until:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(head.decode())
        await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
        answers += 1
    writer.close()
    return answers


async def per_second(target: Target, *, seconds: float, connections: int) -> tuple[float, float]:
    """Requests a second, and milliseconds of the server's processor for each."""
    began, before = time.perf_counter(), target.server.cpu_seconds()
    all_took = await asyncio.gather(*(_ask(target, began + seconds) for _ in range(connections)))
    answers = sum(all_took)
    cpu = 1000 * (target.server.cpu_seconds() - before) / answers
    return answers / (time.perf_counter() - began), cpu


async def measure(pairs: dict[str, tuple[Target, Target]], asked: argparse.Namespace) -> None:
    for name, pair in pairs.items():
        rounds: tuple[list[tuple[float, float]], ...] = ([], [])
        for _ in range(asked.rounds):
            for target, seen in zip(pair, rounds, strict=True):
                seen.append(
                    await per_second(target, seconds=asked.seconds, connections=asked.connections)
                )
        (ours, our_cpu), (theirs, their_cpu) = (
            [statistics.median(column) for column in zip(*one, strict=True)] for one in rounds
        )
        print(
            f"{name:15} {ours:6.0f}/s {our_cpu:6.2f} ms   bare {theirs:6.0f}/s {their_cpu:6.2f} ms"
            f"   ratio {ours / theirs:.2f}, of processor time {their_cpu / our_cpu:.2f}",
            flush=True,
        )


@contextlib.contextmanager
def _serving(which: str, url: str) -> Iterator[Server]:
    """One of the two servers, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.api", "--serve", which, "--url", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            yield Server(running.pid, int(running.stdout.readline()))
        finally:
            running.terminate()


async def compare(server: EmbeddedServer, stored: StoredSeller, asked: argparse.Namespace) -> None:
    """Prints a line per page."""
    async with seller_with_claims(server, stored, "api_bench") as seller:
        await seller.database.close()
        url = server.url("api_bench")
        with psycopg.connect(url) as conn:
            found = conn.execute("select sync_id, workspace_id from sync_progress").fetchone()
        assert found is not None, "the seller was synced"
        token = await _new_token(url, found[1])
        with _serving("ours", url) as ours, _serving("bare", url) as theirs:
            where = f"connection_id={seller.connection_id}"
            pairs = {
                "status": (f"/api/sync/status/{found[0]}", f"/status/{found[0]}"),
                **{
                    name: (f"/api/{name}?limit={_ROWS}", f"/rows/{name}?{where}&rows={_ROWS}")
                    for name in _LISTS
                },
                "claims": ("/api/recoveries?limit=50", f"/rows/claim?{where}&rows=50"),
            }
            targets = {
                name: (Target(ours, path, token), Target(theirs, bare_path))
                for name, (path, bare_path) in pairs.items()
                if name in (asked.only or pairs)
            }
            await measure(targets, asked)


async def _new_token(url: str, workspace_id: str) -> str:
    database = Database(url)
    async with database.writing() as conn:
        user = await add_user(conn, "bench@example.com")
        await conn.execute(
            text(
                "insert into workspace_member (workspace_id, user_id, role) "
                "values (:workspace_id, :user_id, 'owner')"
            ),
            {"workspace_id": workspace_id, "user_id": user.user_id},
        )
        new = await add_token(
            conn,
            user.user_id,
            key=_KEY,
            scope=Scope.ADMIN,
            expires_at=utc_now() + timedelta(days=1),
            workspace_id=WorkspaceId(workspace_id),
        )
    await database.close()
    return new.text


def _serve(which: str, url: str, folder: Path) -> None:
    """One of the two servers, until it is ended; prints its port."""
    if which == "bare":
        with socket.create_server(("127.0.0.1", 0)) as listener:
            print(listener.getsockname()[1], flush=True)
            config = uvicorn.Config(bare(url), log_level="warning", access_log=False)
            uvicorn.Server(config).run(sockets=[listener])
        return
    limits = RequestLimits(per_second=1e6, burst=1e6)
    app = create_app(
        Settings(data_dir=folder, secret_keys=SecretStr(_KEY)), Database(url), request_limits=limits
    )
    ready = partial(print, flush=True)
    run = serve_api(app, host="127.0.0.1", port=0, stop=asyncio.Event(), started=ready)
    asyncio.run(run)


def main() -> None:
    """Measure on an embedded server of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="of a round")
    parser.add_argument("--rounds", type=int, default=3, help="of each server; the median counts")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--only", nargs="*", help="pages, such as status")
    parser.add_argument("--serve", choices=("ours", "bare"), help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    configure_logs(log_format="json", level="warning")
    folder = Path(tempfile.mkdtemp(prefix="recoup-api-"))
    folder.chmod(0o711)
    try:
        if asked.serve:
            _serve(asked.serve, asked.url, folder)
            return
        with EmbeddedServer(folder) as server:
            server.create_database("api_template")
            upgrade(Database(server.url("api_template")))
            stored = store_whole_seller(server, "api_template", folder)
            asyncio.run(compare(server, stored, asked))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
