"""Files of reports as Amazon sends them, loaded as a sync does."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import text

from recoup.db.engine import Database
from recoup.ids import ConnectionId, SyncId
from recoup.spapi.documents import spool_of
from recoup.streams import all_streams
from recoup.streams._stream import Stream
from recoup.streams._window import Days
from recoup.sync.loading.file import load_report
from recoup.sync.loading.target import FileTarget, LoadedFile

US = "ATVPDKIKX0DER"
SEEN_AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


def stream(name: str) -> Stream:
    return next(one for one in all_streams() if one.name == name)


def tsv(header: Sequence[str], *rows: Sequence[str], quoted: bool = False) -> str:
    """The text of a file; `quoted` as the ledger comes."""
    lines = [header, *rows]
    if quoted:
        lines = [['"' + cell.replace('"', '""') + '"' for cell in line] for line in lines]
    return "".join("\t".join(line) + "\n" for line in lines)


class Files:
    """Loads files for one connection; each gets a report id of its own."""

    def __init__(self, database: Database, connection_id: ConnectionId) -> None:
        self.database = database
        self.connection_id = connection_id
        self.count = 0

    async def load(
        self,
        name: str | Stream,
        content: str | bytes,
        *,
        content_type: str | None = "text/plain; charset=UTF-8",
        compressed: bool = False,
        is_told: bool | None = None,
        marketplace_id: str = US,
        days: Days | None = None,
    ) -> LoadedFile:
        """Load `content`. is_told: whether Amazon says that it is compressed, by default as it is."""
        self.count += 1
        one = stream(name) if isinstance(name, str) else name
        assert one.report is not None
        raw = content.encode() if isinstance(content, str) else content
        if compressed:
            raw = gzip.compress(raw)
        target = FileTarget(
            stream=one,
            report=one.report,
            connection_id=self.connection_id,
            sync_id=SyncId("sync_1"),
            scope="",
            marketplace_ids=(marketplace_id,),
            source=f"{one.report.report_type} {self.count} doc",
            seen_at=SEEN_AT,
            days=days,
        )
        told = compressed if is_told is None else is_told
        with spool_of(raw, content_type, is_compressed=told) as spool:
            async with self.database.writing() as conn:
                return await load_report(conn, target, spool)

    async def rows(self, sql: str) -> list[tuple[object, ...]]:
        async with self.database.reading() as conn:
            return [tuple(row) for row in (await conn.execute(text(sql))).all()]
