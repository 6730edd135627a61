"""The target of the rows of a report's file, and the result."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from recoup.ids import ConnectionId, SyncId
from recoup.streams._report import ReplaceDays, Report, Statements, Upsert
from recoup.streams._stream import Stream
from recoup.streams._window import Days
from recoup.sync.record.counts import Loaded


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose rows they are and where they come from, as statements name it. `marketplace_id`: '' of a
    whole region.
    """

    stream: str
    connection_id: ConnectionId
    sync_id: SyncId
    source: str
    marketplace_id: str

    def parameters(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class FileTarget:
    """The target of a file's rows.

    days: those it contains in full, None where that is not known or does not matter. earlier_rows:
    how many an earlier file of about the same time had, None where there was none; it is needed
    only where what is stored cannot be compared.
    """

    stream: Stream
    report: Report
    connection_id: ConnectionId
    sync_id: SyncId
    scope: str
    marketplace_ids: tuple[str, ...]
    source: str
    seen_at: datetime
    days: Days | None = None
    earlier_rows: int | None = None

    @property
    def origin(self) -> Origin:
        return Origin(self.stream.name, self.connection_id, self.sync_id, self.source, self.scope)

    @property
    def dated(self) -> str | None:
        """The column that the report's window refers to, if known."""
        match self.report.load:
            case Upsert(dated=dated):
                return dated
            case ReplaceDays(day=day):
                return day
        return None

    @property
    def occurrence(self) -> str | None:
        """The column that numbers equal rows, if the stream has one."""
        return self.report.load.occurrence if isinstance(self.report.load, Upsert) else None

    @property
    def needed(self) -> frozenset[str]:
        """Columns that every row must have."""
        needed = {one.column for one in self.report.fields if one.required}
        if not isinstance(self.report.load, Statements):
            needed |= {one.name for one in self.stream.table.columns if not one.nullable}
        return frozenset(needed)


@dataclass(frozen=True, slots=True)
class LoadedFile(Loaded):
    """What happened to a file's rows.

    Where they become rows of several tables, loaded are those of the main one. unchanged are also
    rows that are a part of a row of the main table, or are left to the file of another time.
    `kept_older`: what was stored stays, as the file has much less. shrunk: it has so many fewer
    rows than before that it is not believed yet (recoup.sync.loading.shrunk). doubts: sentences
    about what was loaded, for people who should know. missing_columns: columns of the stream's
    tables that the file lacks although files have them.
    """

    charset: str
    unknown_columns: tuple[str, ...] = ()
    kept_older: bool = False
    doubts: tuple[str, ...] = ()
    missing_columns: tuple[str, ...] = ()
    shrunk: bool = False
