"""The store of reports and schedules: a small SQLite file, or memory."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from recoup.sandbox.report_jobs.record import Outcome, ReportRecord
from recoup.sandbox.world.instants import Instant

FILE_NAME = "reports.sqlite3"
_MOMENTS = ("created_at", "begins_at", "ends_at", "stopped_at")


@dataclass(frozen=True)
class Schedule:
    """A report that makes itself every `period`, the next time at `next_at`."""

    schedule_id: str
    report_type: str
    marketplace_ids: tuple[str, ...]
    options: dict[str, str]
    period: str
    next_at: datetime


class ReportStore:
    """All sellers' reports and schedules. Used only from the event loop."""

    def __init__(self, folder: Path | None) -> None:
        """Opens or creates the file in `folder`. Raises OSError if the folder is not usable."""
        # Amazon never issues an id twice. The clock at the start keeps two runs apart without a note
        # of the first one; a multiple of twelve, so that what hangs on an id is the same in both.
        self._first_id = time.time_ns() // 1_000_000 * 12
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        place = ":memory:" if folder is None else str(folder / FILE_NAME)
        self._rows = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
        self._rows.executescript(
            """
            create table if not exists report (
                seller_id text, report_id text, created_at text, content text,
                primary key (seller_id, report_id)
            );
            create index if not exists report_by_time on report (seller_id, created_at);
            create table if not exists schedule (
                seller_id text, schedule_id text, content text,
                primary key (seller_id, schedule_id)
            );
            """
        )

    def close(self) -> None:
        self._rows.close()

    def next_number(self) -> int:
        """The number of reports and schedules requested by all sellers; none is ever deleted."""
        with closing(self._rows.cursor()) as rows:
            found = [
                rows.execute(f"select count(*) from {table}").fetchone()[0]
                for table in ("report", "schedule")
            ]
        return int(sum(found))

    def next_id(self) -> int:
        """The number for the next id, unique across runs."""
        return self._first_id + self.next_number()

    def put(self, seller_id: str, record: ReportRecord) -> None:
        content = json.dumps(asdict(record), default=_plain)
        row = (seller_id, record.report_id, record.created_at.isoformat(), content)
        self._rows.execute("insert or replace into report values (?, ?, ?, ?)", row)

    def find(self, seller_id: str, report_id: str) -> ReportRecord | None:
        query = "select content from report where seller_id = ? and report_id = ?"
        row = self._rows.execute(query, (seller_id, report_id)).fetchone()
        return None if row is None else _record(row[0])

    def iter_between(
        self, seller_id: str, since: datetime, until: datetime
    ) -> Iterator[ReportRecord]:
        """The reports created in [since, until], the newest first."""
        query = (
            "select content from report where seller_id = ? and created_at >= ? "
            "and created_at <= ? order by created_at desc, report_id desc"
        )
        bounds = (seller_id, since.isoformat(), until.isoformat())
        return (_record(row[0]) for row in self._rows.execute(query, bounds).fetchall())

    def put_schedule(self, seller_id: str, schedule: Schedule) -> None:
        content = json.dumps(asdict(schedule), default=_plain)
        row = (seller_id, schedule.schedule_id, content)
        self._rows.execute("insert or replace into schedule values (?, ?, ?)", row)

    def schedules(self, seller_id: str) -> list[Schedule]:
        query = "select content from schedule where seller_id = ? and content != ''"
        rows = self._rows.execute(query, (seller_id,)).fetchall()
        return [_schedule(row[0]) for row in rows]

    def delete_schedule(self, seller_id: str, schedule_id: str) -> None:
        """Empties the row but keeps it: its number must not be used again."""
        change = "update schedule set content = '' where seller_id = ? and schedule_id = ?"
        self._rows.execute(change, (seller_id, schedule_id))


def _plain(value: object) -> object:
    return value.value if isinstance(value, Outcome) else value.isoformat()  # type: ignore[attr-defined] # only datetimes are left


def _record(content: str) -> ReportRecord:
    values = json.loads(content)
    for name in _MOMENTS:
        if values[name] is not None:
            values[name] = datetime.fromisoformat(values[name])
    for name in ("since", "until", "edge"):
        values[name] = Instant(values[name])
    values["outcome"] = Outcome(values["outcome"])
    values["marketplace_ids"] = tuple(values["marketplace_ids"])
    return ReportRecord(**values)


def _schedule(content: str) -> Schedule:
    values = json.loads(content)
    values["next_at"] = datetime.fromisoformat(values["next_at"])
    values["marketplace_ids"] = tuple(values["marketplace_ids"])
    return Schedule(**values)
