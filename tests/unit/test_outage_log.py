"""An outage of a thousand requests is some lines of the log, and no reason is missing."""

from __future__ import annotations

from structlog.testing import capture_logs

from recoup.api.outage_log import OutageLog
from recoup.api.problems import problem_of
from recoup.errors import DatabaseUnreachableError, DiskFullError

AWAY = DatabaseUnreachableError("Cannot reach db.example.com")
BUSY = DatabaseUnreachableError("All connections are in use")


def test_each_reason_is_told_at_once_and_again_while_it_lasts() -> None:
    now = 0.0
    log = OutageLog(clock=lambda: now)
    with capture_logs() as told:
        for error in (AWAY, BUSY, AWAY, BUSY, AWAY):
            log.tell(error)
        assert [one["reason"] for one in told] == [str(AWAY), str(BUSY)]

        now = 9.9
        log.tell(AWAY)
        assert len(told) == 2

        now = 10.0
        log.tell(AWAY)
        assert len(told) == 3


def test_reasons_without_end_take_no_memory() -> None:
    log = OutageLog()
    for number in range(1000):
        log.tell(DatabaseUnreachableError(f"reason {number}"))

    assert len(log._told_at) <= 20


def test_a_full_disk_is_not_called_an_outage_of_the_database() -> None:
    """Who uploads a file learns that space is missing, and not where."""
    problem = problem_of(DiskFullError("No space is left for temporary files in /somewhere."))

    assert (problem.status, problem.title) == (503, "No space left")
    assert "space" in problem.detail
    assert "/somewhere" not in problem.detail
    assert problem.headers["Retry-After"] == "60"
