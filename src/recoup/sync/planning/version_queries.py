"""Which version of a sync's status is stored, for those who ask again and again."""

from __future__ import annotations

from recoup.db.engine import Database
from recoup.db.single_reads import Statement
from recoup.errors import NotFoundError
from recoup.ids import SyncId, WorkspaceId

# `xmin` is the transaction that wrote a row as it is now: whatever changes a row changes it.
_VERSION = Statement(
    """
    select concat_ws(
        ';',
        sync_progress.xmin,
        (
            select string_agg(concat(name, sync_stream.xmin), ',' order by name)
            from sync_stream where sync_stream.sync_id = sync_progress.sync_id
        ),
        (select sync_plan.xmin from sync_plan where sync_plan.sync_id = sync_progress.sync_id),
        (
            select string_agg(concat(stream, scope, code, subject, stream_note.xmin), ',' order by stream, scope, code, subject)
            from stream_note where stream_note.connection_id = sync_progress.connection_id
        )
    ) as version
    from sync_progress
    where workspace_id = %(workspace_id)s and sync_id = %(sync_id)s
    """
)


async def read_status_version(
    database: Database, workspace_id: WorkspaceId, sync_id: SyncId
) -> str:
    """Differs from before if anything in the status differs: the sync, its streams, plan or notes.

    Raises NotFoundError, also if the sync belongs to others.
    """
    found = await database.fetch(_VERSION, workspace_id=workspace_id, sync_id=sync_id)
    if not found:
        raise NotFoundError("There is no such sync.", listed_by="sync history")
    version: str = found[0].version
    return version
