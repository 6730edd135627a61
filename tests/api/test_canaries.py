"""Secrets with a mark, through syncs that go wrong in every way: afterwards none is anywhere to read."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import structlog
from pydantic import SecretStr
from sqlalchemy import text

from recoup.config import Settings
from recoup.connections.queries import get_connection, save_connection
from recoup.db.engine import Database
from recoup.ids import ConnectionId, SyncId, first_workspace_id
from recoup.logs import configure_logs
from recoup.sandbox.config import SandboxConfig, parse_fault
from recoup.sandbox.serve import serve
from recoup.sync.access import SellerAccess
from recoup.sync.runner import SyncRunner
from tests.api.serving import new_user, reading, serving, token_of
from tests.support.lab import Lab, api_streams
from tests.support.patience import PATIENCE

CLIENT_SECRET = "canary-client-secret"
REFRESH_TOKEN = "Atzr|canary-refresh-token"
REVOKED_TOKEN = "Atzr|revoked-canary-token"
DATABASE_PASSWORD = "canary:database!password"
SECRET_KEY = "canary-secret-key-that-is-long-enough"
USER_PASSWORD = "canary user password"
# Together they reach each way in which a call can fail, and are few enough for a sync to end.
FAULTS = ("429:0.1", "500:0.05", "503:0.05", "reset:0.05", "malformed:0.05", "expired-token:0.05")
_SPEED = 20_000


async def test_no_secret_is_to_be_read_anywhere(database_url: str, tmp_path: Path) -> None:
    """Logs at their most talkative, all text of the database, answers, events and reprs."""
    url = database_url.replace("postgresql://", "").partition("@")
    database = Database(f"postgresql://{url[0]}:{DATABASE_PASSWORD}@{url[2]}")
    with _logged() as log:
        async with _sandbox() as address, serving(_settings(address, tmp_path), database) as server:
            user = await new_user(database)
            token = token_of(user, server.settings)
            async with server.client(user) as client:
                seen = await _use(client, database, server.settings)
            seen += await _failures(server.settings, database)
            seen += [repr(server.services), repr(server.settings), str(server.settings)]
            seen += [server.settings.model_dump_json(), repr(vars(database)["_engine"])]
        stored = await _all_text(database)
    await database.close()

    canaries = (
        *(CLIENT_SECRET, REFRESH_TOKEN, REVOKED_TOKEN, DATABASE_PASSWORD, SECRET_KEY),
        *(USER_PASSWORD, token, token.rpartition(".")[2]),
    )
    told = {"log": log.getvalue(), "answers": "\n".join(seen), **stored}
    assert [(place, one) for place, said in told.items() for one in canaries if one in said] == []
    # The faults happened and were logged, and the tables are not empty.
    assert "call_failed" in told["log"] or "retry" in told["log"], told["log"][:2000]
    assert stored["orders.order_id"]


async def _use(client: httpx2.AsyncClient, database: Database, settings: Settings) -> list[str]:
    """What a person sees who connects, mistypes, and syncs while Amazon misbehaves."""
    seller = {
        "refreshToken": REFRESH_TOKEN,
        "sellingPartnerId": "A1SELLER",
        "region": "NA",
        "environment": "production",
        "marketplaceIds": ["ATVPDKIKX0DER"],
    }
    amazon = "/api/v1/integrations/amazon"
    answers = [
        await client.post(f"{amazon}/connections", json={**seller, "region": REFRESH_TOKEN}),
        await client.post(f"{amazon}/connections", json={REFRESH_TOKEN: 1}),
        await client.post(f"{amazon}/connections", json={**seller, "refreshToken": REVOKED_TOKEN}),
        await client.post(f"{amazon}/connections", json=seller),
        await client.post("/api/me/password", json={"newPassword": USER_PASSWORD}),
        await client.post("/api/me/password", json={"newPassword": [USER_PASSWORD]}),
        await client.get("/api/sync/status", headers={"authorization": f"Basic {SECRET_KEY}"}),
    ]
    assert [a.status_code for a in answers[:4]] == [422, 422, 400, 201], answers
    started = await client.post("/api/sync/start")
    sync_id = started.json()["syncId"]
    access = SellerAccess(settings)
    user_id = (await client.get("/api/me")).json()["userId"]
    async with database.reading() as conn:
        connection = await get_connection(
            conn, first_workspace_id(user_id), ConnectionId(answers[3].json()["connectionId"])
        )
    runner = SyncRunner(database, access, owner="w", streams=api_streams())
    lab = Lab(database, settings, access, runner, "", user_id, connection, _SPEED)
    await lab.know_the_rates()
    async with reading(client, f"/api/sse/sync-progress/{sync_id}") as reader:
        try:
            async with asyncio.timeout(PATIENCE):
                await runner.run(SyncId(sync_id))
        finally:
            await access.close()
        events = [json.dumps(data) for _, data in await reader.rest()]
    assert len(events) > 1
    paths = (f"/api/sync/status/{sync_id}", "/api/sync/activity", f"{amazon}/status", "/metrics")
    answers += [started, *[await client.get(path) for path in (*paths, "/api/me/credentials")]]
    return [*events, *(f"{a.text}\n{a.headers}" for a in answers)]


async def _failures(settings: Settings, database: Database) -> list[str]:
    """The whole text of the errors of a token that was revoked and of a secret that is refused."""
    said = []
    async with database.writing() as conn:
        workspace = (
            (await conn.execute(text("select workspace_id from workspace"))).scalars().first()
        )
    wrong = settings.model_copy(update={"lwa_client_secret": SecretStr(f"{CLIENT_SECRET}-old")})
    for chosen, token in ((settings, REVOKED_TOKEN), (wrong, REFRESH_TOKEN)):
        access = SellerAccess(chosen)
        async with database.writing() as conn:
            connection = await save_connection(
                conn,
                workspace,
                selling_partner_id="A2",
                region="NA",
                environment="production",
                marketplace_ids=("ATVPDKIKX0DER",),
                refresh_token_sealed=access.seal(token),
            )
        try:
            await access.check(connection)
        except Exception as exc:  # noqa: BLE001 - whatever it is, its text counts
            said.append("".join(traceback.format_exception(exc)) + repr(vars(exc)))
        said.append(repr(connection))
        await access.close()
    assert len(said) == 4
    return said


def _settings(address: str, folder: Path) -> Settings:
    return Settings(
        data_dir=folder,
        secret_keys=SecretStr(SECRET_KEY),
        lwa_client_id="amzn1.application-oa2-client.canary",
        lwa_client_secret=SecretStr(CLIENT_SECRET),
        lwa_client_secret_previous=SecretStr(f"{CLIENT_SECRET}-previous"),
        spapi_endpoint=address,
        lwa_endpoint=address,
    )


@asynccontextmanager
async def _sandbox() -> AsyncIterator[str]:
    """One that knows the canaries, and fails in all ways."""
    config = SandboxConfig(
        orders=60,
        speed=_SPEED,
        client_id="amzn1.application-oa2-client.canary",
        client_secret=CLIENT_SECRET,
        refresh_token=REFRESH_TOKEN,
        faults=tuple(parse_fault(one) for one in FAULTS),
    )
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(config, port=0, started=port.set_result))
    try:
        yield f"http://127.0.0.1:{await port}"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class _logged:  # noqa: N801 - a context manager
    """All that is logged meanwhile, as in production but at level debug."""

    def __enter__(self) -> io.StringIO:
        root = logging.getLogger()
        self._before = list(root.handlers), root.level, structlog.get_config()
        configure_logs(log_format="json", level="debug")
        stream = io.StringIO()
        handler = root.handlers[0]
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(stream)
        return stream

    def __exit__(self, *_: object) -> None:
        root = logging.getLogger()
        root.handlers, root.level = self._before[0], self._before[1]
        structlog.configure(**self._before[2])


async def _all_text(database: Database) -> dict[str, str]:
    """Every column of every table, by its name; those of bytes as far as they can be read."""
    columns = "select table_name, column_name, data_type from information_schema.columns"
    async with database.reading() as conn:
        found = await conn.execute(
            text(
                f"{columns} where table_schema = 'public' and table_name in "
                "(select tablename from pg_tables where schemaname = 'public')"
            )
        )
        shown = {}
        for table, column, kind in found.all():
            value = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            rows = f"select coalesce(string_agg({value}, chr(10)), '') from \"{table}\""
            shown[f"{table}.{column}"] = (await conn.execute(text(rows))).scalar_one()
    return shown
