"""Everything that a workspace has, in one file."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from recoup import __version__
from recoup.api.openapi import may_fail
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.clock import to_rfc3339, utc_now
from recoup.db.engine import Database
from recoup.ids import WorkspaceId
from recoup.sync.record.export_queries import exported_tables, read_workspace

MEDIA_TYPE = "application/x-ndjson"
router = APIRouter(tags=["workspace"])


@router.get(
    "/api/export",
    summary="Everything that the workspace has",
    response_class=StreamingResponse,
    responses=may_fail() | {200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
)
async def export_workspace(
    services: ServicesOfApp, workspace_id: CurrentWorkspace
) -> StreamingResponse:
    """One JSON object per line: a head, then every row as `{"table","row"}`, then an end with the
    number of rows. A file without that end was cut off.

    Left out are what proves who somebody is (tokens, passwords, even sealed or hashed), and what
    belongs to no workspace.
    """
    async with services.database.writing() as conn:
        await record(conn, Action.EXPORTED, "everything")
    name = f"recoup-{workspace_id}-{utc_now():%Y-%m-%d}.ndjson"
    return StreamingResponse(
        _lines(services.database, workspace_id),
        media_type=MEDIA_TYPE,
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


async def _lines(database: Database, workspace_id: WorkspaceId) -> AsyncIterator[bytes]:
    yield _encoded(
        [
            {
                "recoup": __version__,
                "workspaceId": workspace_id,
                "exportedAt": to_rfc3339(utc_now()),
                "tables": [table.name for table in exported_tables()],
            }
        ]
    )
    count = 0
    async for table, rows in read_workspace(database, workspace_id):
        count += len(rows)
        yield _encoded({"table": table, "row": row} for row in rows)
    yield _encoded([{"end": True, "rows": count}])


def _encoded(objects: Iterable[Mapping[str, object]]) -> bytes:
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in objects)
