"""How long each list of claims and each part of the Overview takes with many claims, over HTTP.

    .venv/bin/python -m benchmarks.claims_page --claims 100000

Beside each list stands a bare route: it reads the same claims by their ids and returns them, without
filter, order, totals, sign-in or walls. Beside figures it returns the same bytes from memory.
`after a detection`: the result of one has just been stored that found every open claim as it was, and
nothing is vacuumed yet.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import httpx2
import psycopg
import uvicorn
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recoup.claims.detection.held import hold_back
from recoup.claims.detection.prepare import prepare
from recoup.claims.detection.store import store
from recoup.claims.detection.window_and_value import CLAIM, make_found, value_claims
from recoup.claims.lifecycle import Review, Standing, Status, WindowState
from recoup.claims.policy import load_policy
from recoup.claims.reading.sort import Sort
from recoup.claims.rule import ClaimType
from recoup.clock import to_rfc3339, utc_now
from recoup.config import Settings
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.ids import ConnectionId
from recoup.logs import configure_logs
from recoup.migrations.upgrade import upgrade
from recoup.users.queries import User
from tests.api.serving import new_connection, new_user, serving, until

_ROWS = Path(__file__).with_suffix(".sql")
_WARM = 2
OVERVIEW = {
    "Overview: figures": "/api/metrics/recoveries",
    "Overview: syncs": "/api/sync/status",
    "Overview: accounts": "/api/v1/integrations/amazon/status",
    "Overview: activity": "/api/sync/activity?limit=8",
    "Overview: missing costs": "/api/sourcing-costs/missing?limit=1",
    "totals owed": "/api/v1/integrations/amazon/recoveries",
}


def lists() -> Iterator[tuple[str, str]]:
    """Each filter and each order of the list, and what the dashboard combines."""
    month_ago = to_rfc3339(utc_now().replace(microsecond=0) - timedelta(days=30))
    yield "no filter", ""
    yield "no filter, with evidence", "evidence=true"
    for name, words in (
        ("standing", Standing),
        ("status", Status),
        ("type", ClaimType),
        ("windowState", WindowState),
        ("review", Review),
        ("sort", Sort),
    ):
        yield from ((f"{name}={word}", f"{name}={word}") for word in words)
    for query in (
        "owed=true",
        "owed=false",
        "minConfidence=0.5",
        "expiringWithinDays=7",
        "expiringWithinDays=30",
        "currency=USD",
        "valued=false",
        "syncId=sync_user_7",
        "discarded=false",
        "q=sku-777",
    ):
        yield query, query
    for name in ("detectedFrom", "detectedTo", "statusFrom", "statusTo", "filedFrom", "filedTo"):
        yield f"{name}=30 days ago", f"{name}={month_ago}"
    yield "owed in dollars, most urgent first", "standing=owed&currency=USD&sort=deadline"


@contextlib.asynccontextmanager
async def bare(url: str, bodies: dict[str, bytes]) -> AsyncIterator[str]:
    """Returns the same claims by their ids, or the same bytes."""
    conn = await psycopg.AsyncConnection.connect(url, autocommit=True)

    async def answer(request: Request) -> Response:
        body = bodies[request.query_params["key"]]
        ids = [one["claimId"] for one in json.loads(body).get("items", ()) if "claimId" in one]
        if ids:
            rows = await conn.execute(
                "select to_jsonb(c) - 'evidence' from claim c where claim_id = any(%s)", (ids,)
            )
            body = json.dumps([row for (row,) in await rows.fetchall()]).encode()
        return Response(body, media_type="application/json")

    config = uvicorn.Config(
        Starlette(routes=[Route("/", answer)]), host="127.0.0.1", port=0, log_level="warning"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task
    await conn.close()


def cpu_seconds(folder: Path) -> float:
    """Work of PostgreSQL, server and client until now: what a busy machine changes little."""
    postmaster = next(folder.rglob("postmaster.pid")).read_text().split()[0]
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            fields = stat.read_text().rpartition(")")[2].split()
            if fields[1] == postmaster:
                ticks += int(fields[11]) + int(fields[12])
            elif stat.parent.name == postmaster:
                ticks += sum(map(int, fields[11:15]))
    own = os.times()
    return ticks / os.sysconf("SC_CLK_TCK") + own.user + own.system


async def timed(client: httpx2.AsyncClient, path: str, requests: int) -> tuple[list[float], bytes]:
    """Milliseconds of each request, and the last body."""
    times, body = [], b""
    for _ in range(_WARM + requests):
        began = time.perf_counter()
        body = (await client.get(path)).raise_for_status().content
        times.append(1000 * (time.perf_counter() - began))
    return times[_WARM:], body


async def fill(database: Database, settings: Settings, claims: int) -> User:
    """A person with three accounts that share so many claims."""
    user = await new_user(database)
    connections = [
        (await new_connection(database, settings, user, seller=f"A{number}")).connection_id
        for number in range(3)
    ]
    await add_claims(database, connections, claims)
    return user


async def add_claims(database: Database, connections: Sequence[ConnectionId], claims: int) -> None:
    """So many that the accounts share."""
    values = {"claims": claims, "connections": list(connections), "types": list(ClaimType)}
    async with database.writing() as conn:
        for statement in _ROWS.read_text().split(";\n"):
            await conn.execute(text(statement), values)


async def vacuum(url: str) -> None:
    """As autovacuum does within a minute."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute("vacuum analyze")


async def detect_again(database: Database, url: str) -> None:
    """Stores what a detection has found that finds every open claim as it is, for each account.

    The rules are left out, as the claims have no rows that would give them. Autovacuum stays away.
    """
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute("alter table claim set (autovacuum_enabled = off)")
        accounts = await (
            await conn.execute("select connection_id from amazon_connection")
        ).fetchall()
    policy, as_of = load_policy(), utc_now().date()
    types = list(ClaimType)
    columns = ", ".join(column.split()[0] for column in CLAIM.columns.split(","))
    for (account,) in accounts:
        values = {
            "connection_id": account,
            "as_of": as_of,
            "sync_id": "sync_again",
            "policy_version": "2026-11-23",
        }
        async with database.writing() as conn:
            await prepare(conn, account, as_of, policy)
            await make_found(conn)
            await hold_back(
                conn, values, types, watched=(), refused=(), is_vague=False, horizon=None
            )
            await value_claims(conn, values)
            await conn.execute(
                text(
                    f"insert into detect_claim ({columns}) select {columns} from claim "
                    "where connection_id = :connection_id and status in ('detected', 'filed')"
                ),
                values,
            )
            await store(conn, values, types)


async def paths(client: httpx2.AsyncClient) -> dict[str, str]:
    """The lists as the dashboard requests them: 50 claims without evidence."""
    cursor = ""
    for _ in range(10):
        page = f"/api/recoveries?limit=500&evidence=false&sort=deadline&cursor={cursor}"
        cursor = (await client.get(page)).json()["nextCursor"]
    queries = dict(lists()) | {"5,000 claims further": f"sort=deadline&cursor={cursor}"}
    return {
        name: f"/api/recoveries?limit=50&{'' if 'evidence' in query else 'evidence=false&'}{query}"
        for name, query in queries.items()
    }


def line(name: str, times: list[float], *others: float) -> None:
    columns = (statistics.median(times), max(times), *others)
    sys.stdout.write(f"{name:<36} {' '.join(f'{one:>8.1f}' for one in columns)}\n")
    sys.stdout.flush()


async def measure(url: str, folder: Path, claims: int, requests: int) -> None:
    """Prints a line per route: median and worst, CPU time of one, and the bare route's median."""
    settings = Settings(data_dir=folder)
    database = Database(url)
    user = await fill(database, settings, claims)
    # Its first detection notes what it does not find: no later one writes that again.
    await detect_again(database, url)
    await vacuum(url)
    bodies: dict[str, bytes] = {}
    sys.stdout.write(f"{'milliseconds':<36} {'median':>8} {'worst':>8} {'CPU':>8} {'bare':>8}\n")
    async with (
        serving(settings, database) as server,
        bare(url, bodies) as bare_url,
        server.client(user) as client,
        httpx2.AsyncClient() as other,
    ):
        routes = OVERVIEW | await paths(client)
        medians = {}
        for name, path in routes.items():
            before = cpu_seconds(folder)
            times, bodies[name] = await timed(client, path, requests)
            cpu_ms = 1000 * (cpu_seconds(folder) - before) / (_WARM + requests)
            address = str(httpx2.URL(bare_url, params={"key": name}))
            bare_times, _ = await timed(other, address, requests)
            line(name, times, cpu_ms, statistics.median(bare_times))
            medians[name] = statistics.median(times)
        slowest = max(medians, key=lambda name: medians[name])
        sys.stdout.write(f"slowest: {slowest}, {medians[slowest]:.0f} ms\nafter a detection\n")
        began = time.perf_counter()
        await detect_again(database, url)
        sys.stdout.write(f"stored again in {time.perf_counter() - began:.1f} s\n")
        for name in ("Overview: figures", "no filter", "standing=owed", slowest):
            line(name, (await timed(client, routes[name], requests))[0])
    await database.close()
    sys.stdout.write(f"load: {' '.join(f'{one:.1f}' for one in os.getloadavg())}\n")


def main() -> None:
    """Measure on an embedded server of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=9, help="per route")
    options = parser.parse_args()
    configure_logs(log_format="json", level="warning")
    folder = Path(tempfile.mkdtemp(prefix="recoup-claims-"))
    folder.chmod(0o711)
    try:
        with EmbeddedServer(folder) as server:
            upgrade(Database(server.url()))
            asyncio.run(measure(server.url(), folder, options.claims, options.requests))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
