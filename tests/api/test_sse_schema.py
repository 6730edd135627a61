"""What a feed sends is what the OpenAPI document says of it."""

from __future__ import annotations

import jsonschema

from recoup.client import AsyncClient
from recoup.clock import utc_now
from recoup.connections.queries import Connection
from recoup.connections.states import ConnectionStatus
from recoup.db.engine import Database
from recoup.ids import WorkspaceId
from recoup.jobs.queue import new_queue
from recoup.jobs.start import begin_sync
from recoup.notes.note import Note, NoteCode
from recoup.sync.detect_claims import detect_again
from recoup.sync.record.announce import announce_connection, announce_expiry
from recoup.users.queries import User
from tests.api.serving import Server, token_of
from tests.support.openapi_document import DOCUMENT

SCHEMA = {
    "$ref": "#/components/schemas/WorkspaceEvent",
    "components": DOCUMENT["components"],
}


async def test_every_event_fits_its_schema(
    server: Server, database: Database, user: User, connection: Connection
) -> None:
    """A sync, a detection, a connection that is lost, and one that ends soon; read by the client."""
    note = Note("connection", NoteCode.AUTHORIZATION_EXPIRES, "The authorization ends soon.")
    queue = new_queue(database)
    async with queue.open_async(), database.writing() as conn:
        await announce_all(conn, connection, note)
    await detect_again(
        database, WorkspaceId(connection.workspace_id), connection.connection_id, now=utc_now()
    )
    async with queue.open_async(), database.writing() as conn:
        await begin_sync(conn, queue, connection, trigger="manual")

    found = []
    async with AsyncClient(server.url, token_of(user, server.settings)) as api:
        async for event in api.events(last_event_id="0"):
            found.append(event)
            if event.type == "sync":
                break

    assert {event.type for event in found} == {"sync", "detection", "connection"}
    for event in found:
        jsonschema.validate(event.data, SCHEMA)


async def announce_all(conn, connection: Connection, note: Note) -> None:
    lost = ConnectionStatus.REAUTHORIZATION_REQUIRED
    await announce_connection(conn, connection, lost, reason="The seller withdrew it.")
    await announce_expiry(conn, connection, [note])
