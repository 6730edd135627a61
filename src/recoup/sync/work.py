"""What reading a stream needs, and the part of a page's transaction that all channels share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from recoup.connections.queries import Connection
from recoup.db.engine import Database, Writer
from recoup.spapi.client import SpApi
from recoup.spapi.paging import OperationPage
from recoup.streams._stream import Api, Stream
from recoup.streams._window import Window
from recoup.sync.loading.page import Batch, load_batch, put_aside
from recoup.sync.pacing.slots import Seat
from recoup.sync.pacing.standstill import Standstill
from recoup.sync.record.channel import Channel
from recoup.sync.record.counts import Loaded
from recoup.sync.record.lease_queries import Fence


class PlanOfStreams(Protocol):
    """The plan of a running sync as its streams use it: what to read, and records of what was read.

    A scope is a section's; a window is None where the stream has none (recoup.sync.planning.running_plan).
    """

    def channels(self, stream: str, scope: str) -> frozenset[Channel]: ...

    def page_windows(self, stream: str, scope: str) -> list[Window]: ...

    def window_begun(self, stream: str, scope: str, window: Window | None) -> None: ...

    def page_read(
        self,
        stream: str,
        scope: str,
        window: Window | None,
        *,
        rows: int,
        fraction: float,
        calls: Mapping[str, int],
    ) -> bool: ...

    def window_read(
        self,
        stream: str,
        scope: str,
        window: Window | None,
        *,
        rows: int,
        calls: Mapping[str, int],
    ) -> None: ...

    def report_intended(self, stream: str, scope: str, window: Window | None) -> None: ...

    def report_asked(self, stream: str, scope: str, window: Window | None) -> None: ...

    def report_made(
        self, stream: str, scope: str, window: Window | None, *, report_type: str, seconds: float
    ) -> None: ...

    def report_ended(
        self, stream: str, scope: str, window: Window | None, *, rows: int
    ) -> None: ...

    def scope_read(self, stream: str, scope: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Work:
    """What reading a stream needs: the source, the target, and the right to write.

    loading: who loads a whole file holds it, so that files do not take all connections of the
    pool. reached: receives named steps, for tests that stop a worker at one. plan: the plan.
    seat: what works is inside it. standstill: whether all that is left is to wait for reports.
    """

    database: Database
    api: SpApi
    connection: Connection
    fence: Fence
    plan: PlanOfStreams
    seat: Seat
    standstill: Standstill = field(default_factory=Standstill)
    loading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    reached: Callable[[str], None] = lambda _step: None


def source_of(api: Api, page: OperationPage) -> str:
    """The source of a row: the operation and Amazon's id of the answer."""
    return f"{api.operation.name} {page.request_id or 'without request id'}"


async def load_page(
    conn: Writer, work: Work, stream: Stream, batch: Batch, *, source: str
) -> Loaded:
    """Loads readable and unreadable rows; the caller adds cursor, counts and fence."""
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
