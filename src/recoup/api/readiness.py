"""Readiness of this process, check by check."""

from __future__ import annotations

import asyncio

from recoup.api.services import Services
from recoup.errors import DatabaseError
from recoup.jobs.queries import count_live_workers
from recoup.migrations.upgrade import require_fitting

OK = "ok"


async def check_readiness(services: Services) -> dict[str, str]:
    """`ok` or the problem in a sentence, for database, migrations and worker."""
    try:
        await services.door.check()
    except DatabaseError as exc:
        return {"database": str(exc), "migrations": "unknown", "worker": "unknown"}
    try:
        await asyncio.to_thread(require_fitting, services.door)
    except DatabaseError as exc:
        return {"database": OK, "migrations": str(exc), "worker": "unknown"}
    return {"database": OK, "migrations": OK, "worker": await _check_worker(services)}


async def _check_worker(services: Services) -> str:
    try:
        async with services.door.reading() as conn:
            alive = await count_live_workers(conn)
    except DatabaseError as exc:
        return str(exc)
    return OK if alive else "no worker has reported for 30 seconds: start `recoup worker`"
