"""What reading a stream needs, and the part of a page's transaction that all sources share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from recoup.connections.queries import Connection
from recoup.db.engine import Database, Writer
from recoup.spapi.client import SpApi
from recoup.spapi.paging import OperationPage
from recoup.streams.stream import Api, Stream
from recoup.sync.course import Course
from recoup.sync.lease_queries import Fence
from recoup.sync.load import Batch, load_batch, put_aside
from recoup.sync.loaded import Loaded
from recoup.sync.slots import Seat


@dataclass(frozen=True, slots=True)
class Work:
    """What reading a stream needs: where from, where to, and the right to write.

    loading: who loads a whole file holds it, so that files do not take all connections of the
    pool. reached: told of named steps, for tests that stop a worker at one. course: the plan.
    seat: what works is inside it.
    """

    database: Database
    api: SpApi
    connection: Connection
    fence: Fence
    course: Course
    seat: Seat
    loading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    reached: Callable[[str], None] = lambda _step: None


def source_of(api: Api, page: OperationPage) -> str:
    """Where a row came from: the operation and Amazon's id of the answer."""
    return f"{api.operation.name} {page.request_id or 'without request id'}"


async def load_page(
    conn: Writer, work: Work, stream: Stream, batch: Batch, *, source: str
) -> Loaded:
    """The rows and what could not be read; the caller adds cursor, counts and fence."""
    connection_id = work.connection.connection_id
    loaded = await load_batch(
        conn,
        stream,
        batch,
        connection_id=connection_id,
        source=source,
        seen_at=work.api.now(),
    )
    await put_aside(
        conn,
        stream,
        batch,
        connection_id=connection_id,
        sync_id=work.fence.sync_id,
        source=source,
    )
    return loaded
