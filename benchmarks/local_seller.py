"""A seller of recoup's own sandbox, whose limits never bind: for benchmarks of a sync's own cost."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from recoup.connections.queries import Connection, save_connection
from recoup.db.engine import Database
from recoup.ids import first_workspace_id
from recoup.spapi.operation import Operation
from recoup.sync.access import SellerAccess
from recoup.users.queries import add_user

US = "ATVPDKIKX0DER"
REFRESH_TOKEN = "Atzr|test"


class Unlimited:
    """A budget that never waits."""

    async def acquire(self, operation: Operation) -> None:
        """At once."""

    async def learned(self, operation: Operation, rate: float) -> None:
        """Nothing to learn."""

    async def throttled(self, operation: Operation, retry_after: timedelta | None) -> None:
        """Cannot happen without limits."""

    async def unanswered(self, operation: Operation) -> None:
        """Nobody is told."""

    async def recovered(self, operation: Operation) -> None:
        """Nobody is told."""


async def connect(database: Database, access: SellerAccess) -> Connection:
    """The seller's account, connected in this database."""
    async with database.writing() as conn:
        user = await add_user(conn, "bench@example.com")
        return await save_connection(
            conn,
            first_workspace_id(user.user_id),
            selling_partner_id="BENCH",
            region="NA",
            environment="local",
            marketplace_ids=(US,),
            refresh_token_sealed=access.seal(REFRESH_TOKEN),
        )


@contextmanager
def sandbox(orders: int) -> Iterator[str]:
    """In a process of its own; its buckets refill 100,000 times faster than Amazon's."""
    command = [sys.executable, "-m", "recoup", "sandbox", "--port", "0"]
    command += ["--speed", "100000", "--orders", str(orders)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = None
        while found is None:
            found = re.search(r"http://[\w.]+:\d+", process.stdout.readline())
        try:
            yield found.group()
        finally:
            process.terminate()
