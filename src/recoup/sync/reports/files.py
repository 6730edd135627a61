"""Downloads of report files, and of Amazon's explanation if a report failed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from recoup.errors import ForbiddenHostError, ReportFileError, SpApiError
from recoup.spapi.client import SpApi
from recoup.spapi.documents import Spool, open_document, spool_of
from recoup.spapi.operations.reports import AmazonReport
from recoup.streams._report import Report
from recoup.sync.loading.file_text import read_remark
from recoup.sync.loading.known_columns import CONTENT_TYPE, keep_known
from recoup.sync.record.lease_queries import hold_fence
from recoup.sync.reports.archive_queries import archive, find_archived
from recoup.sync.reports.request import ReportRequest
from recoup.sync.work import Work


@asynccontextmanager
async def fetch_file(work: Work, request: ReportRequest, report: Report) -> AsyncIterator[Spool]:
    """The file of a report that is done. One that Amazon forgets is archived on first sight, as far
    as recoup knows its columns, and read from the archive from then on.

    Raises ReportFileError when there is none, and what open_document raises.
    """
    if request.document_id is None:
        raise ReportFileError(f"{request.source}: Amazon finished the report without a file.")
    kept = None
    if report.discovered:
        async with work.database.reading() as conn:
            kept = await find_archived(conn, request)
    if kept is not None:
        with spool_of(kept.content, kept.content_type, is_compressed=kept.is_compressed) as spool:
            yield spool
        return
    async with open_document(work.api, request.document_id) as spool:
        if report.discovered:
            ids = work.connection.marketplace_ids
            content = await asyncio.to_thread(keep_known, spool, report, ids)
            if content is not None:
                async with work.database.writing() as conn:
                    await archive(conn, request, content, CONTENT_TYPE)
                    await hold_fence(conn, work.fence)
        yield spool


async def fetch_reason(api: SpApi, ended: AmazonReport | None) -> str:
    """Amazon's explanation of a failed report, if there is one."""
    if ended is None:
        return "Amazon no longer knows the report, or never created it"
    if ended.document_id is None:
        return "Amazon stated no reason"
    try:
        async with open_document(api, ended.document_id) as spool:
            return await asyncio.to_thread(read_remark, spool)
    except (SpApiError, ForbiddenHostError) as exc:
        return f"Amazon's reason could not be read ({exc})"
