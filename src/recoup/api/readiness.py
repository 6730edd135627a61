"""Readiness of this process, check by check."""

from __future__ import annotations

import asyncio

from recoup.api.outage_log import OUTAGE, OUTAGES
from recoup.api.services import Services
from recoup.errors import DatabaseError, SchemaMismatchError
from recoup.jobs.queries import count_live_workers
from recoup.migrations.upgrade import require_fitting

OK = "ok"
_AWAY = f"it cannot be used; recoup's log has the reason ({OUTAGE})"
_UNKNOWN = "unknown"


async def check_readiness(services: Services) -> dict[str, str]:
    """`ok` or the problem in a sentence, for database, migrations and worker. Everybody may ask, so
    the reason of an outage is only logged.
    """
    try:
        await services.door.check()
        migrations = await _check_migrations(services)
        worker = await _check_worker(services) if migrations == OK else _UNKNOWN
    except DatabaseError as exc:
        OUTAGES.tell(exc)
        return {"database": _AWAY, "migrations": _UNKNOWN, "worker": _UNKNOWN}
    return {"database": OK, "migrations": migrations, "worker": worker}


async def _check_migrations(services: Services) -> str:
    try:
        await asyncio.to_thread(require_fitting, services.door)
    except SchemaMismatchError as exc:
        return str(exc)
    return OK


async def _check_worker(services: Services) -> str:
    async with services.door.reading() as conn:
        alive = await count_live_workers(conn)
    return OK if alive else "no worker has reported for 30 seconds: start `recoup worker`"
