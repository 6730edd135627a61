"""Queries about loaded files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId
from recoup.sync.files.tables import loaded_file

_f = loaded_file.c


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file that was loaded. first_on, last_on: the days it covers; None for one of the present."""

    sha256: str
    name: str
    stream: str
    language: str
    charset: str
    rows: int
    rows_unchanged: int
    rows_quarantined: int
    first_on: date | None
    last_on: date | None
    remark: str | None
    loaded_at: datetime | None = None

    @property
    def rows_read(self) -> int:
        return self.rows + self.rows_unchanged + self.rows_quarantined


async def find_file(conn: Reader, connection_id: ConnectionId, digest: str) -> FileRow | None:
    """The file, if it was loaded before."""
    found = await conn.execute(
        select(*(_f[name] for name in FileRow.__slots__)).where(
            _f.connection_id == connection_id, _f.sha256 == digest
        )
    )
    row = found.one_or_none()
    return None if row is None else FileRow(*row)


async def list_files(conn: Reader, connection_id: ConnectionId) -> list[FileRow]:
    """Lists the loaded files, newest first."""
    rows = await conn.execute(
        select(*(_f[name] for name in FileRow.__slots__))
        .where(_f.connection_id == connection_id)
        .order_by(_f.loaded_at.desc(), _f.name)
    )
    return [FileRow(*row) for row in rows]


async def insert_file(conn: Writer, connection_id: ConnectionId, row: FileRow) -> None:
    values = {name: getattr(row, name) for name in FileRow.__slots__ if name != "loaded_at"}
    await conn.execute(insert(loaded_file).values(connection_id=connection_id, **values))


async def widen_file(
    conn: Writer, connection_id: ConnectionId, digest: str, first_on: date, last_on: date
) -> None:
    """The days of a file, which a person has named since."""
    await conn.execute(
        update(loaded_file)
        .where(_f.connection_id == connection_id, _f.sha256 == digest)
        .values(
            first_on=func.least(_f.first_on, first_on), last_on=func.greatest(_f.last_on, last_on)
        )
    )
