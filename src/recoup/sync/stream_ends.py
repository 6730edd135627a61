"""The beginning and end of each stream of an attempt, stored at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recoup.clock import Clock
from recoup.db.engine import Database
from recoup.errors import NotAvailableError, RecoupError, RefusedError
from recoup.ids import ConnectionId
from recoup.logs import get_logger
from recoup.notes.note import NoteCode
from recoup.notes.queries import replace_notes
from recoup.sync.pacing.slots import Seat
from recoup.sync.record.lease_queries import Fence, hold_fence
from recoup.sync.record.states import StreamStatus
from recoup.sync.record.stream_queries import update_streams
from recoup.sync.record.stream_state import StreamState

_log = get_logger(__name__)

_ROLES_OF_A_STORM = 2
_STORM = (
    "Amazon denied every request (403). This is probably not a missing role, but a problem at "
    "Amazon or with the whole application; the next sync tries again."
)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a stream did not end well."""

    stream: str
    error: RecoupError


@dataclass(frozen=True, slots=True)
class StreamEnds:
    """Writes for the streams of one attempt, under its fence. Each method raises FencedError."""

    database: Database
    fence: Fence
    seat: Seat
    clock: Clock

    async def begin(self, names: Sequence[str]) -> None:
        """All of them in one transaction, as they begin side by side."""
        begun: dict[str, object] = {"started_at": self.clock()}
        await self._write(names, StreamStatus.IN_PROGRESS, begun)

    async def complete(self, name: str, *, rows: int) -> None:
        ended = {"completed_at": self.clock(), "expected_rows": rows}
        await self._write([name], StreamStatus.COMPLETE, ended)

    async def set_aside(self, state: StreamState, why: NotAvailableError) -> None:
        """The account cannot have the stream: no failure, but nothing to rely on either."""
        name = state.stream.name
        _log.info("stream_unavailable", sync_id=self.fence.sync_id, stream=name, reason=str(why))
        ended = {"completed_at": self.clock(), "error": str(why)}
        await self._write([name], StreamStatus.UNAVAILABLE, ended)
        state.unavailable = why
        state.finished = True

    async def fail(self, name: str, error: RecoupError) -> Failure:
        _log.warning("stream_failed", sync_id=self.fence.sync_id, stream=name, error=str(error))
        ended = {"completed_at": self.clock(), "error": str(error)}
        await self._write([name], StreamStatus.FAILED, ended)
        return Failure(name, error)

    async def doubt_refusals(
        self, connection_id: ConnectionId, states: Sequence[StreamState]
    ) -> list[Failure]:
        """Handles a sync in which Amazon refused all, for several roles: no role is missing then.

        These streams fail, and the next sync requests them again.
        """
        refused = {
            state.stream.name: state.unavailable
            for state in states
            if state.unavailable and state.unavailable.role and state.unavailable.is_news
        }
        roles = {error.role for error in refused.values()}
        if len(roles) < _ROLES_OF_A_STORM or any(state.pages for state in states):
            return []
        failures = []
        for name, error in refused.items():
            async with self.seat.at_work(), self.database.writing() as conn:
                await replace_notes(conn, connection_id, name, "", [NoteCode.ROLE_MISSING], [])
                await hold_fence(conn, self.fence)
            failures.append(await self.fail(name, RefusedError(f"{_STORM} {error}")))
        for state in states:
            if state.stream.name in refused:
                state.unavailable = None
        return failures

    async def _write(
        self, names: Sequence[str], status: StreamStatus, values: dict[str, object]
    ) -> None:
        values = {"error": None, "waiting_until": None, **values, "status": status}
        async with self.seat.at_work(), self.database.writing() as conn:
            await update_streams(conn, self.fence.sync_id, names, values)
            await hold_fence(conn, self.fence)
