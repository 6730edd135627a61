"""Report files, kept because Amazon deletes them: the columns that recoup knows."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert

from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId
from recoup.sync.record.tables import report_archive
from recoup.sync.reports.request import ReportRequest

_ARCHIVED = ("document_id", "content_type", "compression", "content")


async def archive(conn: Writer, request: ReportRequest, content: bytes, content_type: str) -> None:
    """Stores a compressed file, and the same one only once.

    If Amazon issues a report's id a second time, the file of the newer one takes the place of the
    other.
    """
    file = insert(report_archive).values(
        connection_id=request.connection_id,
        report_type=request.report_type,
        report_id=request.report_id,
        document_id=request.document_id,
        content_type=content_type,
        compression="GZIP",
        content=content,
    )
    key = ("connection_id", "report_type", "report_id")
    newer = {name: file.excluded[name] for name in _ARCHIVED}
    await conn.execute(
        file.on_conflict_do_update(
            index_elements=key,
            set_=newer,
            where=report_archive.c.document_id != file.excluded.document_id,
        )
    )


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file as it is stored."""

    content: bytes = field(repr=False)
    content_type: str | None
    is_compressed: bool


async def find_archived(conn: Reader, request: ReportRequest) -> ArchivedFile | None:
    """The archived file of a report, None if there is none."""
    a = report_archive.c
    return await _find_file(
        conn,
        a.connection_id == request.connection_id,
        a.report_type == request.report_type,
        a.report_id == request.report_id,
        a.document_id == request.document_id,
    )


async def find_archived_file(
    conn: Reader, connection_id: ConnectionId, report_type: str, report_id: str
) -> ArchivedFile | None:
    """The same by the names of the report."""
    a = report_archive.c
    return await _find_file(
        conn,
        a.connection_id == connection_id,
        a.report_type == report_type,
        a.report_id == report_id,
    )


async def _find_file(conn: Reader, *conditions: ColumnElement[bool]) -> ArchivedFile | None:
    a = report_archive.c
    row = (
        await conn.execute(select(a.content, a.content_type, a.compression).where(*conditions))
    ).one_or_none()
    if row is None:
        return None
    return ArchivedFile(row.content, row.content_type, row.compression == "GZIP")
