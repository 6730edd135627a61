"""The job queue: Procrastinate on the same PostgreSQL. A job only says "look at this sync"."""

from __future__ import annotations

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued

from recoup.db.engine import Database, Writer, driver_connection
from recoup.ids import SyncId

Queue = App
"""The queue as those name it who only pass it on."""

RUN_SYNC = "sync.run"
SYNC_QUEUE = "sync"
UPKEEP_QUEUE = "upkeep"


def new_queue(database: Database, *, pool_size: int = 4) -> App:
    """A queue that is not open yet: `async with queue.open_async():`."""
    return App(
        connector=PsycopgConnector(
            conninfo=database.conninfo,
            min_size=1,
            max_size=pool_size,
            timeout=10,
            kwargs={"connect_timeout": 5},
        )
    )


async def defer_sync(queue: App, conn: Writer, sync_id: SyncId) -> bool:
    """Tells the workers to look at a sync when this transaction is committed.

    One waiting job per sync is enough: False when there is one already.
    """
    # A refused insert would spoil the whole transaction; the savepoint keeps the rest of it.
    savepoint = await conn.begin_nested()
    try:
        await queue.configure_task(
            RUN_SYNC,
            queue=SYNC_QUEUE,
            queueing_lock=sync_id,
            connection=await driver_connection(conn),
        ).defer_async(sync_id=sync_id)
    except AlreadyEnqueued:
        await savepoint.rollback()
        return False
    await savepoint.commit()
    return True
