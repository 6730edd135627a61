"""A command of recoup that dies, or whose PostgreSQL dies, at a named step for the nth time.

    python -m tests.support.dying_process STEP NTH process COMMAND...
    python -m tests.support.dying_process STEP NTH PID_OF_POSTGRES COMMAND...

A step is a transaction that sends a certain statement; the death comes instead of the statement (`.at`),
before the commit (`.before`) or right after it (`.after`). SQLAlchemy tells of all, so the product needs to
know nothing of it.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from recoup.cli.main import run

STATEMENTS = {
    # A worker's.
    "lease": r"update sync_progress set owner=.*attempt=",
    "plan": r"insert into sync_plan",
    "page": r"update sync_stream set rows=",
    "cursor": r"insert into stream_cursor ",
    "report_intent": r"insert into report_request",
    "report_id": r"update report_request set status=case",
    "file_rows": r"insert into ledger \(",
    "report_file": r"update report_request set status=\S+, charset=",
    "progress": r"insert into event ",
    "candidates": r"insert into claim_candidate \(",
    "new_claims": r"insert into claim \(",
    "claims": r"update sync_progress set claims_detected=",
    "end": r"update sync_progress set status=",
    # An API's.
    "start": r"insert into sync_progress ",
    "cancel": r"update sync_progress set status=",
    "claim_update": r"insert into claim_history ",
}
"""What a step's transaction sends, in small letters and one line."""


def die_at(name: str, nth: int, strike: Callable[[], None]) -> None:
    """From now on `strike` is called when a transaction of this process comes to the step."""
    step, _, when = name.partition(".")
    statement, count = re.compile(STATEMENTS[step]), _countdown(nth, strike)
    assert when in {"at", "before", "after"}

    def sent(_conn: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        if statement.search(" ".join(sql.lower().split())):
            _conn.info["step"] = "sent"
            if when == "at":
                count(_conn.info)

    def committing(conn: Any) -> None:
        if conn.info.get("step") == "sent":
            conn.info["step"] = "committed"
            if when == "before":
                count(conn.info)

    def given_back(_dbapi: Any, record: Any) -> None:
        if record.info.pop("step", None) == "committed" and when == "after":
            count(record.info)

    event.listen(Engine, "before_cursor_execute", sent)
    event.listen(Engine, "commit", committing)
    event.listen(Pool, "checkin", given_back)


def _countdown(nth: int, strike: Callable[[], None]) -> Callable[[dict[Any, Any]], None]:
    """Strikes at the nth call, which is about the connection with this information."""
    left = nth

    def count(info: dict[Any, Any]) -> None:
        nonlocal left
        info.pop("step", None)
        left -= 1
        if left == 0:
            strike()

    return count


def kill_postgres(postmaster: int) -> None:
    """SIGKILL for the server and all of its processes: nothing of it says goodbye."""
    family = [postmaster, *children_of(postmaster)]
    for pid in family:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def children_of(parent: int) -> list[int]:
    """The processes that a process has started."""
    children = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
        except OSError:
            continue
        # pid (name) state parent; a name may hold spaces.
        if int(stat.rpartition(")")[2].split()[1]) == parent:
            children.append(int(folder.name))
    return children


def striker(victim: str) -> Callable[[], None]:
    """victim: `process` for this one, or the pid of a postmaster."""

    def strike() -> None:
        if victim == "process":
            os.kill(os.getpid(), signal.SIGKILL)
        kill_postgres(int(victim))

    return strike


def _main() -> None:
    step, nth, victim, *command = sys.argv[1:]
    die_at(step, int(nth), striker(victim))
    sys.argv = ["recoup", *command]
    run()


if __name__ == "__main__":
    _main()
