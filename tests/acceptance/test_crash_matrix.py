"""Wherever a process or PostgreSQL is killed, the tables end as if it had not been.

`make test` has test_killed_workers, test_database_dies and tests/db/sync/test_reports_killed for the same
promise; each cell here takes half a minute, so all of them are part of `make chaos`.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from tests.acceptance.cells import Calm, Cell, calm, cell, folder, open_cell, server

__all__ = ["calm", "cell", "folder", "open_cell", "server"]

pytestmark = pytest.mark.long

_OF_A_WORKER = {
    "lease": 1,
    "plan": 1,
    "page": 2,
    "cursor": 2,
    "report_intent": 1,
    "report_id": 3,
    "report_file": 2,
    "progress": 3,
    "claims": 1,
    "end": 1,
}
"""Each step, and which time of its coming is fatal."""
_IN_THE_MIDDLE = {"file_rows": 2, "candidates": 1, "new_claims": 1}
"""Statements in the middle of a load and of a detection."""
_OF_AN_API = ("start", "cancel", "claim_update")
_AROUND = ("before", "after")
"""The commit of the step's transaction."""


@pytest.mark.parametrize("kind", ["process", "postgres"])
@pytest.mark.parametrize(
    ("step", "nth"),
    [
        *((f"{step}.{when}", nth) for step, nth in _OF_A_WORKER.items() for when in _AROUND),
        *((f"{step}.at", nth) for step, nth in _IN_THE_MIDDLE.items()),
    ],
)
def test_a_death_in_a_sync_leaves_no_trace(
    cell: Cell, calm: Calm, step: str, nth: int, kind: str
) -> None:
    """Another attempt goes on; each row once, each report asked for once, each reader told the end."""
    cell.serve()
    victim = cell.worker(step, str(nth), cell.victim(kind))
    reader = cell.read(cell.start())
    cell.recover(kind, victim, cell.worker)

    cell.check(calm)
    cell.check_told(reader)


@pytest.mark.parametrize("kind", ["process", "postgres"])
@pytest.mark.parametrize("when", _AROUND)
@pytest.mark.parametrize("step", _OF_AN_API)
def test_a_death_in_a_request_is_healed_by_the_next_one(
    cell: Cell, calm: Calm, step: str, when: str, kind: str
) -> None:
    """Who got no answer asks again, and it is as if it had been asked once."""
    worker = cell.worker()
    steady = cell.serve()
    if step == "cancel":
        cell.set_faults("stall:1")  # or the sync would end before it is cancelled
    if step != "start":
        sync_id = cell.start()
    if step == "claim_update":
        cell.stack.finish()
    victim = cell.serve(f"{step}.{when}", "1", cell.victim(kind))
    ask = {"start": _start, "cancel": _cancel, "claim_update": _dismiss}[step]
    # Whoever has seen the commit may answer without PostgreSQL.
    assert not _succeeds(ask, cell) or (kind, when) == ("postgres", "after")
    cell.recover(kind, victim, cell.serve)
    cell.stack.until(lambda: _succeeds(ask, cell), "the same request is answered")

    if step == "cancel":
        cell.set_faults()
        assert cell.stack.status() == "cancelled"
        assert cell.stack.scalar("select sync_id from sync_progress") == sync_id
        cell.start("another")
    if step == "claim_update":
        assert cell.stack.scalar("select count(*) from claim_history where who <> 'recoup'") == 1
        _reopen(cell)
    cell.check(calm)
    assert cell.stack.scalar("select count(*) from sync_progress") == 1 + (step == "cancel")
    assert worker.process.poll() is None
    assert steady.process.poll() is None


def _succeeds(ask: Callable[[Cell], object], cell: Cell) -> bool:
    try:
        ask(cell)
    except (httpx2.HTTPError, AssertionError):
        return False
    return True


def _start(cell: Cell) -> None:
    cell.start()


def _cancel(cell: Cell) -> None:
    """Whoever asks again may be told that it has ended, as cancelled."""
    sync_id = cell.stack.scalar("select sync_id from sync_progress")
    with cell.http() as http:
        answer = http.post(f"/api/sync/cancel/{sync_id}")
    assert answer.status_code == 200 or (
        answer.status_code == 409 and cell.stack.status() == "cancelled"
    )


def _dismiss(cell: Cell) -> None:
    _set_status(cell, "dismissed")


def _reopen(cell: Cell) -> None:
    _set_status(cell, "detected")


def _set_status(cell: Cell, status: str) -> None:
    claim_id = cell.stack.scalar("select min(claim_id) from claim")
    with cell.http() as http:
        path = f"/api/recoveries/{claim_id}"
        if http.get(path).raise_for_status().json()["status"] != status:
            answer = http.patch(path, json={"status": status})
            assert answer.status_code == 200, answer.text
