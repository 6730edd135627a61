"""The state of syncing for a user, over all connections."""

from __future__ import annotations

from datetime import datetime

from recoup.api.services import Services
from recoup.api.sync_bodies import OverviewBody
from recoup.clock import utc_now
from recoup.config import Settings
from recoup.connections.queries import Connection, list_connections
from recoup.connections.schedule import next_scheduled_sync
from recoup.connections.states import ConnectionStatus
from recoup.ids import WorkspaceId
from recoup.sync.record.note_queries import read_current_notes
from recoup.sync.record.queries import find_last_sync, list_active_syncs, list_newest_syncs
from recoup.sync.record.status import status_body


async def read_overview(services: Services, workspace_id: WorkspaceId) -> OverviewBody:
    """The body of GET /api/sync/status. Of several running syncs it shows the newest."""
    async with services.database.reading() as conn:
        active = await list_active_syncs(conn, workspace_id)
        last = await find_last_sync(conn, workspace_id)
        newest = await list_newest_syncs(conn, workspace_id)
        connections = await list_connections(conn, workspace_id)
    notes = await read_current_notes(services.database, workspace_id)
    return OverviewBody(
        has_active_sync=bool(active),
        active_sync=status_body(active[0]) if active else None,
        last_sync=status_body(last) if last else None,
        next_scheduled_sync=min(
            filter(None, (next_sync(one, services.settings) for one in connections)), default=None
        ),
        syncs=[status_body(sync) for sync in newest],
        notes=notes,
    )


def next_sync(connection: Connection, settings: Settings) -> datetime | None:
    """When it syncs by itself next; None if it does not."""
    if connection.status is not ConnectionStatus.ACTIVE or connection.is_files:
        return None
    own = connection.sync_schedule
    return next_scheduled_sync(settings.sync_schedule if own is None else own, utc_now())
