"""recoup as it runs: `recoup serve` with its worker, PostgreSQL and the sandbox, for measuring."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2

from recoup.clock import utc_now
from recoup.config import Settings
from recoup.connections.queries import save_connection
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.ids import ConnectionId, WorkspaceId, first_workspace_id
from recoup.migrations.upgrade import upgrade
from recoup.sync.access import SellerAccess
from recoup.users.queries import add_user
from recoup.users.roles import Scope
from recoup.users.token_queries import add_token

US = "ATVPDKIKX0DER"


@dataclass(frozen=True)
class Process:
    """A command that runs until it is ended, and the address that it printed."""

    pid: int
    address: str

    def family(self) -> list[int]:
        """Its process id and those of its children: the worker of `recoup serve`."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, children)]


@dataclass(frozen=True)
class Seller:
    """A person with one connected account of the sandbox."""

    workspace_id: WorkspaceId
    connection_id: ConnectionId
    token: str


@dataclass(frozen=True)
class Installation:
    """Settings of every process, and the address of the database."""

    url: str
    folder: Path
    environ: dict[str, str]

    @property
    def settings(self) -> Settings:
        return Settings(data_dir=self.folder, local_sandbox=self.environ["RECOUP_LOCAL_SANDBOX"])

    @contextmanager
    def running(self, *arguments: str) -> Iterator[Process]:
        """`recoup` with the arguments, once it has printed its address."""
        with _printing([sys.executable, "-m", "recoup", *arguments], self.environ) as process:
            yield process

    @contextmanager
    def worker(self) -> Iterator[int]:
        """The process id of a `recoup worker`."""
        command = [sys.executable, "-m", "recoup", "worker"]
        with subprocess.Popen(command, env=self.environ) as process:
            try:
                yield process.pid
            finally:
                process.terminate()

    def sellers(self, names: Sequence[str]) -> list[Seller]:
        """Each with a person and an account of its own."""
        return asyncio.run(self._add(names))

    async def _add(self, names: Sequence[str]) -> list[Seller]:
        database, access = Database(self.url), SellerAccess(self.settings)
        added = []
        for name in names:
            async with database.writing() as conn:
                user = await add_user(conn, f"{name}@example.com")
                workspace_id = first_workspace_id(user.user_id)
                connection = await save_connection(
                    conn,
                    workspace_id,
                    selling_partner_id=name,
                    region="NA",
                    environment="local",
                    marketplace_ids=(US,),
                    refresh_token_sealed=access.seal(f"Atzr|{name}"),
                )
                ends = utc_now() + timedelta(days=1)
                new = await add_token(
                    conn,
                    user.user_id,
                    key=self.settings.keys[0],
                    scope=Scope.ADMIN,
                    expires_at=ends,
                )
            added.append(Seller(workspace_id, connection.connection_id, new.text))
        await access.close()
        await database.close()
        return added


@contextmanager
def installation(*, orders: int, speed: float = 100_000.0) -> Iterator[Installation]:
    """PostgreSQL and a sandbox whose sellers have so many orders each; limits hardly ever bind."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recoup-bench-")))
        folder.chmod(0o711)
        server = stack.enter_context(EmbeddedServer(folder))
        upgrade(Database(server.url()))
        environ = {k: v for k, v in os.environ.items() if not k.startswith("RECOUP_")}
        environ |= {
            "RECOUP_DATABASE_URL": server.url(),
            "RECOUP_DATA_DIR": str(folder),
            "RECOUP_SYNC_SCHEDULE": "",
            "RECOUP_LOG_LEVEL": "warning",
        }
        command = [sys.executable, "-m", "recoup", "sandbox", "--port", "0"]
        command += ["--speed", f"{speed:g}", "--orders", str(orders)]
        sandbox = stack.enter_context(_printing(command, environ))
        environ["RECOUP_LOCAL_SANDBOX"] = sandbox.address
        yield Installation(server.url(), folder, environ)


def client_of(api: Process, seller: Seller) -> httpx2.AsyncClient:
    """A client that signs in as the seller's person."""
    return httpx2.AsyncClient(
        base_url=api.address,
        headers={"authorization": f"Bearer {seller.token}"},
        timeout=120,
        trust_env=False,
    )


@contextmanager
def _printing(command: Sequence[str], environ: dict[str, str]) -> Iterator[Process]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ, text=True) as process:
        assert process.stdout is not None
        found = None
        while found is None:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"{command} ended without an address")
            found = re.search(r"http://[\w.]+:\d+", line)
        # What it prints later must not fill the pipe.
        threading.Thread(target=process.stdout.read, daemon=True).start()
        try:
            yield Process(process.pid, found.group())
        finally:
            process.terminate()
