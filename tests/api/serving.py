"""A real server on a real port in the test's own loop, and readers that talk to it over sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import text

from recoup.api.app import create_app
from recoup.api.gate import ConnectionLimits
from recoup.api.serve import serve_api
from recoup.api.services import Services
from recoup.clock import utc_now
from recoup.config import Settings
from recoup.connections.queries import Connection, save_connection
from recoup.crypto import Vault
from recoup.db.engine import Database, Writer
from recoup.ids import SyncId
from recoup.sync.record.announce import announce, announce_end
from recoup.sync.record.progress import MILESTONES
from recoup.sync.record.tables import sync_progress
from recoup.users.caller import CredentialKind
from recoup.users.credential_queries import NewCredential, add_credential
from recoup.users.passwords import Passwords
from recoup.users.queries import User, add_user
from recoup.users.roles import Scope
from recoup.users.tokens import Secret, sign
from tests.support.patience import PATIENCE
from tests.support.plain_http import PLAIN

# A real hash takes a tenth of a second of four threads.
CHEAP_PASSWORDS = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass
class Server:
    """A started instance."""

    app: FastAPI
    url: str
    settings: Settings

    @property
    def services(self) -> Services:
        return self.app.state.services

    def client(self, user: User | None = None, **headers: str) -> httpx2.AsyncClient:
        if user is not None:
            headers["authorization"] = f"Bearer {token_of(user, self.settings)}"
        return httpx2.AsyncClient(
            base_url=self.url, headers=headers, timeout=PATIENCE, verify=PLAIN
        )

    def readers(self) -> float:
        """Event streams that the instance counts as open."""
        return self.services.metrics.sse_readers._value.get()


@contextlib.asynccontextmanager
async def serving(
    settings: Settings,
    database: Database,
    *,
    port: int = 0,
    limits: ConnectionLimits | None = None,
    **options: Any,
) -> AsyncIterator[Server]:
    """An instance, on a free port by default; stopped in the regular way at the end."""
    app = create_app(settings, database, **{"passwords": CHEAP_PASSWORDS, **options})
    stop = asyncio.Event()
    bound: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve_api(
            app,
            host="127.0.0.1",
            port=port,
            stop=stop,
            started=bound.set_result,
            limits=limits,
        )
    )
    await asyncio.wait({bound, task}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    try:
        yield Server(app, f"http://127.0.0.1:{bound.result()}", settings)
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await task


@dataclass
class Reader:
    """One open event stream. `events` are (id, data) as they came, `blocks` everything else."""

    response: httpx2.Response
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lines = self.response.aiter_lines()

    async def next(self) -> tuple[int, dict[str, Any]] | None:
        """The next event; None when the server has closed the stream."""
        async with asyncio.timeout(PATIENCE):
            block: list[str] = []
            async for line in self._lines:
                if line:
                    block.append(line)
                elif (event := self._note(block)) is not None:
                    return event
                else:
                    block = []
            return None

    async def rest(self) -> list[tuple[int, dict[str, Any]]]:
        """All events until the server closes the stream."""
        found = []
        while (event := await self.next()) is not None:
            found.append(event)
        return found

    async def block(self, text: str) -> None:
        """Returns when a block without data, such as a comment, has come."""
        async with asyncio.timeout(PATIENCE):
            while text not in self.blocks:
                line = await anext(self._lines)
                if line:
                    self.blocks.append(line)

    def _note(self, block: list[str]) -> tuple[int, dict[str, Any]] | None:
        fields = dict(line.split(": ", 1) for line in block if not line.startswith(":"))
        if "data" not in fields:
            self.blocks += block
            return None
        event = int(fields["id"]), json.loads(fields["data"])
        self.events.append(event)
        return event


@contextlib.asynccontextmanager
async def reading(
    client: httpx2.AsyncClient, path: str, *, last_event_id: int | None = None
) -> AsyncIterator[Reader]:
    headers = {} if last_event_id is None else {"last-event-id": str(last_event_id)}
    async with client.stream("GET", path, headers=headers) as response:
        yield Reader(response)


async def until(condition: Any) -> None:
    """Returns when the condition, asked again each time the loop runs on, is true."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


_TOKEN_ENDS_AT = utc_now() + timedelta(days=1)


def _secret_of(user: User) -> Secret:
    """A random text is needed nowhere here: so a user's token is known without asking for one."""
    return Secret(f"secret of {user.user_id}")


def token_of(user: User, settings: Settings) -> str:
    """The bearer token that `new_user` has stored."""
    return sign(_secret_of(user), user.user_id, settings.keys[0], expires_at=_TOKEN_ENDS_AT)


async def new_user(database: Database, email: str = "seller@example.com") -> User:
    """A user with a workspace and a token for all of it."""
    async with database.writing() as conn:
        user = await add_user(conn, email)
        await store_token(conn, user)
    return user


async def store_token(conn: Writer, user: User, *, scope: Scope = Scope.ADMIN) -> None:
    new = NewCredential(CredentialKind.TOKEN, expires_at=_TOKEN_ENDS_AT, key=None, scope=scope)
    await add_credential(conn, user.user_id, _secret_of(user), new)


async def the_seller(database: Database) -> User:
    """The user whose account the shared sandbox filled, with a token."""
    async with database.writing() as conn:
        found = await conn.execute(
            text(
                "select u.user_id, u.email, u.created_at from app_user u "
                "join workspace_member using (user_id) "
                "join amazon_connection c using (workspace_id) where c.selling_partner_id = 'A1SELLER'"
            )
        )
        user = User(*found.one())
        await store_token(conn, user)
    return user


async def new_connection(
    database: Database,
    settings: Settings,
    user: User,
    *,
    token: str = "Atzr|test",
    seller: str = "A1",
    environment: str = "local",
) -> Connection:
    """A connection to the local sandbox, as `recoup connect` stores it."""
    async with database.writing() as conn:
        return await save_connection(
            conn,
            user.user_id,
            selling_partner_id=seller,
            region="NA",
            environment=environment,
            marketplace_ids=("ATVPDKIKX0DER",),
            refresh_token_sealed=Vault(settings.keys).seal(token),
        )


async def progress(
    database: Database, sync_id: str, percent: int, message: str = "working"
) -> None:
    """A worker's report, told in the transaction that stores it."""
    async with database.writing() as conn:
        await conn.execute(
            sync_progress.update()
            .where(sync_progress.c.sync_id == sync_id)
            .values(progress=percent, message=message)
        )
        await announce(conn, SyncId(sync_id), milestone=percent in MILESTONES)


async def finish(database: Database, sync_id: str, status: str = "complete") -> None:
    """The end of a sync, told in the transaction that stores it."""
    async with database.writing() as conn:
        await conn.execute(
            sync_progress.update()
            .where(sync_progress.c.sync_id == sync_id)
            .values(
                status=status,
                progress=100,
                completed_at=utc_now(),
                error="orders: no" if status == "failed" else None,
            )
        )
        await announce_end(conn, SyncId(sync_id))
