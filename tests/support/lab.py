"""A seller, a sandbox and a database, and the sync engine run in the test's own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import text

from recoup.clock import parse_rfc3339, utc_now
from recoup.config import Settings
from recoup.connections.queries import Connection, save_connection
from recoup.db.engine import Database
from recoup.db.upsert import PROVENANCE
from recoup.ids import SyncId, UserId, WorkspaceId, first_workspace_id
from recoup.jobs.queue import new_queue
from recoup.jobs.start import start_sync
from recoup.sandbox.config import SandboxConfig, parse_fault
from recoup.sandbox.serve import serve
from recoup.streams import all_streams
from recoup.streams._stream import Stream
from recoup.sync.access import SellerAccess
from recoup.sync.pacing.budget_queries import PgBudget, name_account
from recoup.sync.planning.body import PlanRow
from recoup.sync.planning.make import operations_of
from recoup.sync.planning.queries import write_plan
from recoup.sync.record.queries import SyncRow, get_sync
from recoup.sync.record.tables import sync_progress
from recoup.sync.runner import SyncRunner
from recoup.users.queries import add_user
from tests.support.patience import PATIENCE
from tests.support.plain_http import PLAIN

US = "ATVPDKIKX0DER"
CANADA = "A2EUQ1WTGCTBG2"
MARKETPLACES = {"us": (US,), "uk": ("A1F83G8C2ARO7P",), "eu": ("A1PA6795UKMFR9", "A13V1IB3VIYZZH")}
_ENDED = {"actualSeconds": 1.0, "givenUp": False}


@dataclass
class Lab:
    """One user with one connection to a sandbox of its own."""

    database: Database
    settings: Settings
    access: SellerAccess
    runner: SyncRunner
    sandbox_url: str
    user_id: UserId
    connection: Connection
    speed: float
    syncs: list[SyncId] = field(default_factory=list)

    @property
    def workspace_id(self) -> WorkspaceId:
        return first_workspace_id(self.user_id)

    async def start(self) -> SyncId:
        """A sync that waits for a worker."""
        queue = new_queue(self.database)
        async with queue.open_async():
            sync_id = await start_sync(self.database, queue, self.access, self.workspace_id)
        self.syncs.append(sync_id)
        return sync_id

    async def sync(self) -> SyncRow:
        """A whole sync, from start to end; one that hangs fails the test instead of the run."""
        sync_id = await self.start()
        async with asyncio.timeout(PATIENCE):
            await self.runner.run(sync_id)
        return await self.read(sync_id)

    async def read(self, sync_id: SyncId) -> SyncRow:
        async with self.database.reading() as conn:
            return await get_sync(conn, self.workspace_id, sync_id)

    def only(self, *streams: Stream) -> None:
        """From now on a sync reads these and nothing else."""
        self.runner = SyncRunner(self.database, self.access, owner="lab", streams=streams)

    async def until_started(self, sync_id: SyncId) -> None:
        """A worker has begun with it."""
        async with asyncio.timeout(PATIENCE):
            while (await self.read(sync_id)).progress < 10:
                await asyncio.sleep(0.01)

    async def world(self) -> dict[str, Any]:
        """The sandbox's own totals."""
        return await self._get("/_sandbox/world")

    async def truth(self) -> dict[str, Any]:
        """What was planted in the world."""
        return await self._get("/_sandbox/truth")

    async def calls(self) -> dict[str, int]:
        """How often each operation was called so far."""
        return {name: one["calls"] for name, one in (await self.calls_in_full()).items()}

    async def calls_in_full(self) -> dict[str, Any]:
        """The same with what was refused, and whether a bucket was ever exceeded."""
        return await self._get("/_sandbox/calls")

    async def connected_again(self) -> Lab:
        """The lab of another user, who has connected the same seller."""
        async with self.database.writing() as conn:
            user = await add_user(conn, "another@example.com")
            connection = await save_connection(
                conn,
                first_workspace_id(user.user_id),
                selling_partner_id=self.connection.selling_partner_id,
                region=self.connection.region,
                environment=self.connection.environment,
                marketplace_ids=self.connection.marketplace_ids,
                refresh_token_sealed=self.access.seal("Atzr|test"),
            )
        return replace(self, user_id=user.user_id, connection=connection, syncs=[])

    async def forget_readings(self) -> None:
        """As if the last sync had been long enough ago for Amazon to make every report anew."""
        async with self.database.writing() as conn:
            await conn.execute(text("update stream_cursor set read_at = null"))

    async def advance(self, duration: str) -> datetime:
        """Move the sandbox's clock; gives what it shows then."""
        answer = await self._post("/_sandbox/clock", {"advance": duration})
        return parse_rfc3339(answer["now"])

    async def faults(self, *faults: str) -> None:
        for fault in faults:
            parse_fault(fault)
        await self._post("/_sandbox/faults", {"faults": list(faults)})

    async def refuse(self, *names: str) -> None:
        """From now on these operations, marketplaces and datasets are refused, and no others."""
        await self._post("/_sandbox/refusals", {"refused": list(names)})

    async def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every stream, without where and when it was loaded."""
        async with self.database.reading() as conn:
            return {
                table.name: await _rows(conn, table)
                for stream in all_streams()
                for table in (stream.table, *stream.parts)
            }

    async def scalar(self, sql: str) -> Any:
        async with self.database.reading() as conn:
            return (await conn.execute(text(sql))).scalar_one()

    async def know_the_rates(self) -> None:
        """As if earlier answers had told Amazon's rates.

        A 429 before any header leaves only the documented ones to believe in: minutes of waiting,
        which is right at Amazon's and too long for a test.
        """
        account = self.access.account(self.connection)
        async with self.database.writing() as conn:
            await name_account(conn, self.connection.connection_id, account)
        budget = PgBudget(self.database, account)
        for operation in set(operations_of(all_streams())):
            await budget.acquire(operation)
            await budget.learned(operation, operation.plan.rate * self.speed)

    async def saw_before(self, per_day: Mapping[str, float], whole: Mapping[str, int]) -> None:
        """As if a sync had read so many rows a day of these streams, and of snapshots the whole: the
        next plan knows it.
        """
        day = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
        seen: list[tuple[Any, ...]] = [(*one, *day) for one in per_day.items()]
        seen += [(*one, None, None) for one in whole.items()]
        steps = tuple(
            {"stream": name, "rows": rows, "from": since, "to": until} | _ENDED
            for name, rows, since, until in seen
        )
        sync_id = SyncId("sync_earlier")
        async with self.database.writing() as conn:
            await conn.execute(
                sync_progress.insert().values(
                    sync_id=sync_id,
                    workspace_id=self.workspace_id,
                    connection_id=self.connection.connection_id,
                    trigger="manual",
                    status="complete",
                    progress=100,
                    message="",
                    completed_at=utc_now(),
                )
            )
            await write_plan(conn, sync_id, PlanRow(utc_now(), 1.0, steps, ()))

    async def _get(self, path: str) -> Any:
        async with httpx2.AsyncClient(timeout=PATIENCE, verify=PLAIN) as http:
            return (await http.get(self.sandbox_url + path)).raise_for_status().json()

    async def _post(self, path: str, body: Any) -> Any:
        async with httpx2.AsyncClient(timeout=PATIENCE, verify=PLAIN) as http:
            reply = await http.post(self.sandbox_url + path, json=body)
        return reply.raise_for_status().json()


async def _rows(conn: Any, table: Any) -> list[tuple[Any, ...]]:
    columns = [c for c in table.columns if c.name not in {"connection_id", *PROVENANCE}]
    found = await conn.execute(
        table.select().with_only_columns(*columns).order_by(*table.primary_key.columns)
    )
    return [tuple(str(value) for value in row) for row in found]


def named(name: str) -> Stream:
    return next(stream for stream in all_streams() if stream.name == name)


def api_streams() -> tuple[Stream, ...]:
    """Those that need no reports: their syncs take less time."""
    return tuple(stream for stream in all_streams() if stream.api is not None)


def with_api(stream: Stream, **changes: Any) -> Stream:
    """The stream with other parts of its source, such as a fetch that fails."""
    assert stream.api is not None
    return replace(stream, api=replace(stream.api, **changes))


@asynccontextmanager
async def open_lab(
    database: Database,
    folder: Path,
    *,
    orders: int = 300,
    limits: bool = True,
    speed: float = 1000,
    profile: str = "us",
    marketplace_ids: tuple[str, ...] | None = None,
    streams: Sequence[Stream] | None = None,
    **sandbox_options: Any,
) -> AsyncIterator[Lab]:
    """A sandbox on a free port, a user, a connection. `speed` refills Amazon's buckets faster, and
    makes its reports faster. A sync reads `streams`; without any those that need no reports.
    `profile`: where the seller is at home, us, uk or eu; `marketplace_ids`: those of its home, unless
    told otherwise.
    """
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    config = SandboxConfig(
        orders=orders, limits=limits, speed=speed, profile=profile, **sandbox_options
    )
    sandbox = asyncio.create_task(serve(config, port=0, started=port.set_result))
    try:
        async with lab_at(
            f"http://127.0.0.1:{await port}",
            database,
            folder,
            speed=speed,
            profile=profile,
            marketplace_ids=marketplace_ids,
            streams=streams,
        ) as lab:
            yield lab
    finally:
        sandbox.cancel()
        await asyncio.gather(sandbox, return_exceptions=True)


@asynccontextmanager
async def lab_at(
    url: str,
    database: Database,
    folder: Path,
    *,
    speed: float,
    profile: str = "us",
    marketplace_ids: tuple[str, ...] | None = None,
    streams: Sequence[Stream] | None = None,
) -> AsyncIterator[Lab]:
    """A user and a connection to a sandbox that runs already."""
    settings = Settings(data_dir=folder, local_sandbox=url)
    access = SellerAccess(settings)
    async with database.writing() as conn:
        user = await add_user(conn, "seller@example.com")
        connection = await save_connection(
            conn,
            first_workspace_id(user.user_id),
            selling_partner_id="A1SELLER",
            region="NA" if profile == "us" else "EU",
            environment="local",
            marketplace_ids=marketplace_ids or MARKETPLACES[profile],
            refresh_token_sealed=access.seal("Atzr|test"),
        )
    runner = SyncRunner(database, access, owner="lab", streams=streams or api_streams())
    try:
        yield Lab(database, settings, access, runner, url, user.user_id, connection, speed)
    finally:
        await access.close()
