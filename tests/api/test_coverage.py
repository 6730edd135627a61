"""From when to when each stream is loaded, what is missing, and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from recoup.clock import to_rfc3339, utc_now
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.notes.note import Note, NoteCode
from recoup.notes.queries import add_note
from recoup.streams._window import Window
from recoup.sync.cursors.queries import Cursor, add_debt, write_cursor
from recoup.sync.record.tables import quarantine, sync_progress, sync_stream
from recoup.users.queries import User
from tests.api.rows import store_orders, store_stock
from tests.api.serving import Server, new_connection, new_user

NOW = utc_now().replace(microsecond=0)
BEGIN = datetime(NOW.year, NOW.month, NOW.day, tzinfo=UTC) - timedelta(days=365)
MIDDLE = BEGIN + timedelta(days=100)
US = "ATVPDKIKX0DER"


async def store_cursor(
    database: Database, seller: Connection, stream: str, *closed: Window, scope: str = ""
) -> None:
    async with database.writing() as conn:
        cursor = Cursor(seller.connection_id, stream, scope, closed=closed, read_at=NOW)
        await write_cursor(conn, cursor)


async def store_end(
    database: Database, user: User, seller: Connection, stream: str, status: str, error: str | None
) -> None:
    """The last sync, which made this of the stream."""
    async with database.writing() as conn:
        await conn.execute(
            sync_progress.insert().values(
                sync_id="sync_1",
                workspace_id=user.user_id,
                connection_id=seller.connection_id,
                trigger="manual",
                status="failed",
                progress=90,
                message="",
                completed_at=NOW,
            )
        )
        await conn.execute(
            sync_stream.insert().values(sync_id="sync_1", name=stream, status=status, error=error)
        )


async def covered(client: httpx2.AsyncClient, stream: str) -> dict[str, Any]:
    """The first entry of a stream."""
    body = (await client.get("/api/coverage")).json()
    found: dict[str, Any] = next(one for one in body["streams"] if one["name"] == stream)
    return found


async def test_a_stream_without_a_hole(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """From the first to the last time that was read, with its rows and when that was true."""
    await store_orders(database, connection.connection_id, range(3))
    await store_cursor(database, connection, "orders", Window(BEGIN, NOW))

    assert await covered(client, "orders") == {
        "name": "orders",
        "marketplaceId": None,
        "from": to_rfc3339(BEGIN),
        "to": to_rfc3339(NOW),
        "holes": [],
        "asOf": to_rfc3339(NOW),
        "rows": 3,
    }


async def test_a_hole_between_what_is_loaded(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """It is told to the second, however short it is."""
    hole = Window(MIDDLE, MIDDLE + timedelta(hours=2))
    await store_cursor(
        database, connection, "orders", Window(BEGIN, hole.since), Window(hole.until, NOW)
    )

    assert (await covered(client, "orders"))["holes"] == [
        {
            "from": to_rfc3339(hole.since),
            "to": to_rfc3339(hole.until),
            "reason": "It has not been read yet",
        }
    ]


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        ("failed", "Amazon has not made the report yet", "Amazon has not made the report yet"),
        ("unavailable", "this account has no FBA stock", "this account has no FBA stock"),
        ("cancelled", None, "The sync was cancelled before this was read"),
    ],
)
async def test_why_something_is_missing(
    client: httpx2.AsyncClient,
    database: Database,
    user: User,
    connection: Connection,
    status: str,
    error: str | None,
    reason: str,
) -> None:
    """What the last sync said of the stream; what came after its last success is missing too."""
    await store_cursor(database, connection, "returns", Window(BEGIN, MIDDLE))
    await store_end(database, user, connection, "returns", status, error)

    (hole,) = (await covered(client, "returns"))["holes"]

    assert (hole["from"], hole["reason"]) == (to_rfc3339(MIDDLE), reason)


async def test_what_was_never_read(client: httpx2.AsyncClient, connection: Connection) -> None:
    """Nothing is loaded: the whole time is missing, of a snapshot all of it."""
    orders, inventory = await covered(client, "orders"), await covered(client, "inventory")

    assert (orders["from"], orders["asOf"], orders["rows"]) == (None, None, 0)
    today = utc_now().replace(hour=0, minute=0, second=0, microsecond=0)
    begin = to_rfc3339(today - timedelta(days=365))
    assert [hole["from"] for hole in orders["holes"]] == [begin]
    assert [hole["from"] for hole in inventory["holes"]] == [None]


async def test_a_note_that_hides_data_is_a_hole(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """A missing column and rows in quarantine are told, what hides nothing is not."""
    await store_cursor(database, connection, "returns", Window(BEGIN, NOW))
    async with database.writing() as conn:
        for code in (NoteCode.COLUMN_MISSING, NoteCode.COLUMNS_UNKNOWN):
            await add_note(conn, connection.connection_id, Note("returns", code, f"Told: {code}."))
        await conn.execute(
            quarantine.insert().values(
                connection_id=connection.connection_id,
                stream="returns",
                sync_id="sync_1",
                reason="no date",
                raw={},
                raw_digest="1",
                source="test",
            )
        )

    holes = (await covered(client, "returns"))["holes"]

    assert [hole["reason"] for hole in holes] == [
        "Told: column_missing.",
        "1 row could not be read: see Quarantine",
    ]


async def test_a_refused_dataset_is_a_hole(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Windows that were read without a part of the answer are not whole."""
    await store_cursor(database, connection, "orders", Window(BEGIN, NOW))
    async with database.writing() as conn:
        cursor = Cursor(connection.connection_id, "orders", "")
        await add_debt(conn, cursor, Window(MIDDLE, NOW), "PROCEEDS")

    (hole,) = (await covered(client, "orders"))["holes"]

    assert hole["from"] == to_rfc3339(MIDDLE)
    assert "PROCEEDS" in hole["reason"]


async def test_each_marketplace_has_an_entry(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Of a source that is asked per marketplace, each with its own rows."""
    await store_stock(database, connection.connection_id)
    await store_cursor(database, connection, "inventory", scope=US)

    inventory = await covered(client, "inventory")

    assert (inventory["marketplaceId"], inventory["rows"]) == (US, 0)
    assert (inventory["from"], inventory["to"], inventory["holes"]) == (None, None, [])
    assert inventory["asOf"] == to_rfc3339(NOW)


async def test_several_connections(
    client: httpx2.AsyncClient,
    server: Server,
    database: Database,
    user: User,
    connection: Connection,
) -> None:
    """One is named, as on other routes; a stranger's does not exist."""
    other = await new_connection(database, server.settings, user, seller="B2")
    stranger = await new_user(database, "stranger@example.com")
    path = f"/api/coverage?connectionId={other.connection_id}"

    unnamed, named = await client.get("/api/coverage"), await client.get(path)
    async with server.client(stranger) as client_of_stranger:
        foreign = await client_of_stranger.get(path)
        none = await client_of_stranger.get("/api/coverage")

    assert (unnamed.status_code, unnamed.json()["type"]) == (400, "/problems/ambiguous-connection")
    assert named.json()["connectionId"] == other.connection_id
    assert (foreign.status_code, none.status_code) == (404, 400)
