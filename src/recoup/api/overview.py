"""The state of syncing for a user, over all connections."""

from __future__ import annotations

from recoup.api.schedule import next_scheduled_sync
from recoup.api.services import Services
from recoup.api.sync_bodies import OverviewBody
from recoup.clock import utc_now
from recoup.connections.queries import list_connections
from recoup.connections.states import ConnectionStatus
from recoup.ids import WorkspaceId
from recoup.sync.record.current_notes import read_current_notes
from recoup.sync.record.queries import find_last_sync, list_active_syncs, list_newest_syncs
from recoup.sync.record.status import status_body


async def read_overview(services: Services, workspace_id: WorkspaceId) -> OverviewBody:
    """The body of GET /api/sync/status. Of several running syncs it shows the newest."""
    async with services.database.reading() as conn:
        active = await list_active_syncs(conn, workspace_id)
        last = await find_last_sync(conn, workspace_id)
        newest = await list_newest_syncs(conn, workspace_id)
        connections = await list_connections(conn, workspace_id)
        notes = await read_current_notes(conn, workspace_id)
    scheduled = any(connection.status is ConnectionStatus.ACTIVE for connection in connections)
    schedule = services.settings.sync_schedule
    return OverviewBody(
        has_active_sync=bool(active),
        active_sync=status_body(active[0]) if active else None,
        last_sync=status_body(last) if last else None,
        next_scheduled_sync=next_scheduled_sync(schedule, utc_now()) if scheduled else None,
        syncs=[status_body(sync) for sync in newest],
        notes=notes,
    )
