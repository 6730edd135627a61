"""Workers die, are told to stop, or sleep through their lease: nothing is lost or doubled."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.acceptance.stack import Stack, running_stack
from tests.cli.programs import STOP_SECONDS
from tests.support.asleep import asleep

_ROWS = "select coalesce(sum(rows), 0) from sync_stream"


@pytest.fixture(scope="module")
def undisturbed(postgres, template, tmp_path_factory: pytest.TempPathFactory):
    """The tables of a sync that nothing happened to."""
    postgres.create_database("undisturbed", template=template)
    folder: Path = tmp_path_factory.mktemp("undisturbed")
    with running_stack(postgres.url("undisturbed"), folder, orders=600, speed=400) as stack:
        stack.connect()
        stack.worker()
        stack.start_sync()
        stack.finish()
        tables = stack.tables()
    postgres.drop_database("undisturbed")
    return tables


# The crash matrix kills at each named step; here it happens anywhere.
_LATER = [pytest.param(rows, marks=pytest.mark.long) for rows in (400, 900, 2300)]


@pytest.mark.parametrize("rows", [1, 1500, *_LATER])
def test_a_killed_worker_loses_nothing(stack: Stack, undisturbed, rows: int) -> None:
    """SIGKILL in the middle: another worker finishes soon, and the tables are as if nothing was."""
    victim = stack.worker()
    stack.start_sync()
    stack.until(lambda: stack.scalar(_ROWS) >= rows, f"{rows} rows have arrived")
    victim.process.kill()
    victim.process.wait()
    assert stack.status() == "in_progress", "the worker was faster than the kill"

    stack.worker()
    lease_ends = "select coalesce(lease_expires_at < clock_timestamp(), true) from sync_progress"
    stack.until(lambda: stack.scalar(lease_ends) or stack.status() != "in_progress", "lease ends")
    taken = stack.until(
        lambda: stack.scalar("select attempt from sync_progress") >= 2, "another worker takes over"
    )
    stack.finish()

    assert taken < 15
    assert stack.tables() == undisturbed


def test_a_worker_told_to_stop_hands_its_sync_on(stack: Stack, undisturbed) -> None:
    """SIGTERM: the other worker goes on at once, without waiting for the lease."""
    first = stack.worker()
    stack.start_sync()
    stack.until(lambda: stack.scalar(_ROWS) >= 400, "the sync is under way")
    second = stack.worker()

    code, seconds = first.stop(signal.SIGTERM)
    is_free = stack.scalar("select attempt = 2 or owner is null from sync_progress")
    stack.until(
        lambda: stack.scalar("select attempt from sync_progress") == 2, "the other one takes over"
    )
    stack.finish()

    assert code == 0
    assert seconds < STOP_SECONDS
    assert is_free, "nobody waits for the lease of 15 s"
    assert stack.tables() == undisturbed
    assert second.process.poll() is None


def test_a_zombie_writes_nothing_after_the_takeover(stack: Stack, undisturbed) -> None:
    """SIGSTOP past the lease, another worker takes over, SIGCONT: the first one is fenced."""
    zombie = stack.worker()
    stack.start_sync()
    stack.until(lambda: stack.scalar(_ROWS) >= 400, "the sync is under way")
    zombie.process.send_signal(signal.SIGSTOP)
    rows_then = stack.scalar(_ROWS)

    stack.worker()
    stack.finish()
    ended = stack.scalar("select row(s.*)::text from sync_progress s")
    events = stack.scalar("select max(event_id) from event")
    zombie.process.send_signal(signal.SIGCONT)
    # Fenced, or without its session, which PostgreSQL or another worker ended in the meantime.
    noticed = ("sync_fenced", "sync_interrupted")
    stack.until(
        lambda: any(word in line for line in zombie.errors for word in noticed),
        "the zombie notices",
    )

    assert rows_then < stack.scalar(_ROWS)
    assert stack.scalar("select row(s.*)::text from sync_progress s") == ended
    assert stack.scalar("select max(event_id) from event") == events
    assert stack.tables() == undisturbed
    assert zombie.process.poll() is None, "it is a worker still"


def test_who_sleeps_in_the_middle_of_a_statement_stops_nobody(
    stack: Stack, undisturbed, database_url: str
) -> None:
    """A page is sent in parts. PostgreSQL waits for the rest for ever, whatever is locked."""
    with asleep(database_url, locked="transactions"):
        worker = stack.worker()
        stack.start_sync()
        stack.finish()

    assert stack.tables() == undisturbed
    assert any("sleeping_sessions_ended" in line for line in worker.errors)
    assert not any("sync_interrupted" in line for line in worker.errors), "it waited, and went on"
