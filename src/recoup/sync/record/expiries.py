"""Tells users, once each, that an authorization or the application's secret is about to end."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime

from recoup.connections.expiry import authorization_warning
from recoup.connections.queries import (
    Connection,
    account_title,
    keep_connection,
    list_authorized,
)
from recoup.db.engine import Database, Writer
from recoup.errors import NotFoundError
from recoup.events.queries import record_activity
from recoup.ids import ConnectionId, WorkspaceId
from recoup.notes.note import Note, NoteCode
from recoup.notes.queries import replace_notes
from recoup.spapi.endpoints import Environment
from recoup.spapi.secret_age import secret_warning
from recoup.sync.record.announce import announce_expiry

CONNECTION = "connection"
"""The stream of notes about a connection itself."""

_CODES = (NoteCode.AUTHORIZATION_EXPIRES, NoteCode.CLIENT_SECRET_EXPIRES)


async def tell_expiries(
    database: Database, *, secret_rotated_on: date | None, now: datetime
) -> None:
    """Writes the notes of each active connection; new ones go to the activity and the live feed.

    A secret that ends concerns every connection of Amazon's, and is one entry in a user's activity.
    Seconds; may run twice.
    """
    async with database.reading() as conn:
        connections = await list_authorized(conn)
    told: set[WorkspaceId] = set()
    for connection in connections:
        notes = _notes(connection, secret_rotated_on, now)
        with suppress(NotFoundError):  # purged meanwhile
            async with database.writing() as conn:
                await keep_connection(conn, connection.connection_id)
                await _tell(conn, connection, notes, told)


async def _tell(
    conn: Writer, connection: Connection, notes: Sequence[Note], told: set[WorkspaceId]
) -> None:
    new = await replace_notes(conn, connection.connection_id, CONNECTION, "", _CODES, notes)
    title = account_title(connection.selling_partner_id, connection.region)
    for note in new:
        message = f"{title}: {note.message}"
        if note.code is NoteCode.CLIENT_SECRET_EXPIRES:
            if connection.workspace_id in told:
                continue
            told.add(connection.workspace_id)
            message = note.message
        await record_activity(
            conn, connection.workspace_id, activity_type=note.code, message=message
        )
    if new:
        await announce_expiry(conn, connection, notes)


async def forget_expiries(conn: Writer, connection_id: ConnectionId) -> None:
    """Deletes the notes of a connection that was authorized again, or disconnected."""
    await replace_notes(conn, connection_id, CONNECTION, "", _CODES, [])


def _notes(connection: Connection, secret_rotated_on: date | None, now: datetime) -> list[Note]:
    found: list[Note] = []
    if says := authorization_warning(connection.authorized_at, now):
        found.append(Note(CONNECTION, NoteCode.AUTHORIZATION_EXPIRES, says))
    if secret_rotated_on is not None and connection.environment != Environment.LOCAL:
        warning = secret_warning(secret_rotated_on, now.date())
        if warning is not None:
            says = f"The client secret of the application is {warning}."
            found.append(Note(CONNECTION, NoteCode.CLIENT_SECRET_EXPIRES, says))
    return found
