"""The sandbox in a process of its own, for worlds that take it longer than a test may stand still."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

from tests.support.patience import PATIENCE


@asynccontextmanager
async def sandbox_process(*, orders: int, speed: float, today: date) -> AsyncIterator[str]:
    """Its address; it is stopped at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "recoup", "sandbox", "--port", "0"),
        *("--orders", str(orders), "--speed", f"{speed:g}", "--today", today.isoformat()),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        found = None
        async with asyncio.timeout(PATIENCE):
            while found is None:
                line = (await process.stdout.readline()).decode()
                found = re.search(r"http://[\w.]+:\d+", line)
        yield found.group()
    finally:
        process.terminate()
        await process.wait()
