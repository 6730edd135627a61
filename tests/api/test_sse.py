"""Server-Sent Events, read by a real client over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx2
import pytest

from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.db.single_reads import Statement
from recoup.events.queries import publish
from recoup.events.words import EventType
from recoup.jobs.stop import stop_sync
from recoup.sync.record.announce import announce_connection
from recoup.users.credential_queries import list_credentials, revoke_credential
from recoup.users.queries import User
from tests.api.serving import (
    Reader,
    Server,
    finish,
    new_connection,
    new_user,
    progress,
    reading,
    serving,
    until,
)
from tests.support.patience import PATIENCE

ALL = "/api/sse/status"


def one(sync_id: str) -> str:
    return f"/api/sse/sync-progress/{sync_id}"


@pytest.fixture
async def sync_id(client: httpx2.AsyncClient, connection: Connection) -> str:
    """A sync that has just been started, without a worker."""
    return (await client.post("/api/sync/start")).json()["syncId"]


@pytest.fixture
async def other_database(database_url: str) -> AsyncIterator[Database]:
    other = Database(database_url)
    yield other
    await other.close()


async def test_the_current_state_comes_first_then_each_change(
    client: httpx2.AsyncClient, database: Database, sync_id: str
) -> None:
    """The stream begins with the state, tells each change with a greater id, ends with the sync."""
    await progress(database, sync_id, 20)
    async with reading(client, one(sync_id)) as reader:
        first = await reader.next()
        await progress(database, sync_id, 40)
        second = await reader.next()
        await finish(database, sync_id)
        rest = await reader.rest()

    told = [first, second, *rest]
    assert [data["progress"] for _, data in told] == [20, 40, 100]
    status = (await client.get(f"/api/sync/status/{sync_id}")).json()
    del status["plan"]  # told to whoever asks, not with each event
    assert told[-1][1] == status
    ids = [event_id for event_id, _ in told]
    assert ids == sorted(set(ids))
    assert reader.blocks[0] == "retry: 3000"


async def test_other_events_about_a_sync_are_not_its_states(
    client: httpx2.AsyncClient, database: Database, user: User, sync_id: str
) -> None:
    """What detection found is told by the user's feed; a sync's own holds status bodies only."""

    async def detect() -> None:
        async with database.writing() as conn:
            payload = {"claimsDetected": 3}
            await publish(
                conn, user.user_id, event_type=EventType.DETECTION, subject=sync_id, payload=payload
            )

    await detect()
    async with reading(client, one(sync_id)) as reader, reading(client, ALL) as everything:
        await everything.next()
        first = await reader.next()
        await detect()
        _, detection = await everything.next()
        await finish(database, sync_id)
        rest = await reader.rest()

    assert [data["status"] for _, data in (first, *rest)] == ["in_progress", "complete"]
    assert detection == {"type": "detection", "claimsDetected": 3}


async def test_the_headers_of_a_stream(client: httpx2.AsyncClient, sync_id: str) -> None:
    """No cache and no proxy keeps the events back."""
    async with reading(client, one(sync_id)) as reader:
        headers = reader.response.headers

    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"


async def test_a_reader_that_comes_back_gets_what_it_missed(
    client: httpx2.AsyncClient, database: Database, sync_id: str
) -> None:
    """With Last-Event-ID nothing comes twice, and the newest state of what was missed comes."""
    async with reading(client, one(sync_id)) as reader:
        seen, _ = await reader.next()
    await progress(database, sync_id, 30)
    await progress(database, sync_id, 50)
    async with reading(client, one(sync_id), last_event_id=seen) as reader:
        missed_id, missed = await reader.next()
        assert missed["progress"] == 50
        await finish(database, sync_id)
        rest = await reader.rest()

    assert missed_id > seen
    assert [data["status"] for _, data in rest] == ["complete"]


async def test_the_place_may_stand_in_the_query(
    client: httpx2.AsyncClient, database: Database, sync_id: str
) -> None:
    """`lastEventId` is understood, and the header, which is newer, wins over it."""
    async with reading(client, one(sync_id)) as reader:
        first, _ = await reader.next()
    await finish(database, sync_id)
    async with reading(client, f"{one(sync_id)}?lastEventId={first}") as reader:
        ((last, _),) = await reader.rest()

    ended = await client.get(f"{one(sync_id)}?lastEventId={last}")
    again = await client.get(
        f"{one(sync_id)}?lastEventId={first}", headers={"last-event-id": str(last)}
    )
    assert [ended.status_code, again.status_code] == [204, 204]


async def test_after_the_end_there_is_nothing(
    client: httpx2.AsyncClient, database: Database, sync_id: str
) -> None:
    """Who has seen the end gets 204 and no body; who has not gets the end once."""
    await stop_sync(database, (await _owner(client)), sync_id)
    async with reading(client, one(sync_id)) as reader:
        ((last, data),) = await reader.rest()
    answers = [
        await client.get(one(sync_id), headers={"last-event-id": str(place)})
        for place in (last, last + 1000)
    ]

    assert data["status"] == "cancelled"
    assert [(a.status_code, a.content) for a in answers] == [(204, b"")] * 2


async def _owner(client: httpx2.AsyncClient) -> str:
    history = (await client.get("/api/sync/history")).json()
    return history["syncs"][0]["syncId"].split("_")[1]


@pytest.mark.parametrize("place", ["x", "-1", "9" * 40, "\u00b2", "99999999"])
async def test_a_place_that_recoup_never_gave_starts_anew(
    client: httpx2.AsyncClient, sync_id: str, place: str
) -> None:
    """Nonsense, or an id of another database, must not silence a running sync."""
    headers = [(b"last-event-id", place.encode("latin-1"))]
    async with client.stream("GET", one(sync_id), headers=headers) as response:
        event = await Reader(response).next()

    assert event is not None
    assert event[1]["syncId"] == sync_id


async def test_a_resume_across_a_restart(
    settings: Settings, database: Database, user: User, connection: Connection
) -> None:
    """The server stops, the sync ends, the server comes back: the end is told, once."""
    async with serving(settings, database) as server, server.client(user) as client:
        sync_id = (await client.post("/api/sync/start")).json()["syncId"]
        async with reading(client, one(sync_id)) as reader:
            seen, _ = await reader.next()
            server.services.stopping.set()
            assert await reader.rest() == []
    await finish(database, sync_id)
    async with serving(settings, database) as server, server.client(user) as client:
        async with reading(client, one(sync_id), last_event_id=seen) as reader:
            events = await reader.rest()
        again = await client.get(one(sync_id), headers={"last-event-id": str(events[-1][0])})

    assert [data["status"] for _, data in events] == ["complete"]
    assert again.status_code == 204


async def test_a_resume_on_another_replica(
    server: Server,
    settings: Settings,
    client: httpx2.AsyncClient,
    database: Database,
    other_database: Database,
    user: User,
    sync_id: str,
) -> None:
    """Ids mean the same everywhere, and a replica hears of what happens at the other."""
    async with serving(settings, other_database) as other, other.client(user) as second:
        async with reading(client, one(sync_id)) as reader:
            seen, _ = await reader.next()
        async with reading(second, one(sync_id), last_event_id=seen) as reader:
            await reader.block("retry: 3000")
            await progress(database, sync_id, 70)
            event = await reader.next()
            await client.post(f"/api/sync/cancel/{sync_id}")
            rest = await reader.rest()
        again = await client.get(one(sync_id), headers={"last-event-id": str(rest[-1][0])})

    assert event[1]["progress"] == 70
    assert [data["status"] for _, data in rest] == ["cancelled"]
    assert again.status_code == 204


async def test_stopping_the_server_ends_open_streams(
    settings: Settings, database: Database, user: User, connection: Connection
) -> None:
    """A stop waits for no reader: the server is gone while one still reads, and the stream that it
    sees has a regular end. A stream that the server had to break off would be an error here.
    """
    async with contextlib.AsyncExitStack() as streams:
        async with serving(settings, database) as server:
            client = await streams.enter_async_context(server.client(user))
            sync_id = (await client.post("/api/sync/start")).json()["syncId"]
            reader = await streams.enter_async_context(reading(client, one(sync_id)))
            await reader.next()
        rest = await reader.rest()

    assert rest == []


async def test_heartbeats(
    settings: Settings, database: Database, user: User, connection: Connection
) -> None:
    """A quiet stream shows that it lives, also while the user's other syncs are busy."""
    async with (
        serving(settings, database, heartbeat_seconds=0.3) as server,
        server.client(user) as client,
    ):
        sync_id = (await client.post("/api/sync/start")).json()["syncId"]
        async with reading(client, one(sync_id)) as reader:
            await reader.next()
            busy = asyncio.create_task(_keep_busy(database, connection))
            await reader.block(": heartbeat")
            busy.cancel()
            await asyncio.gather(busy, return_exceptions=True)


async def _keep_busy(database: Database, connection: Connection) -> None:
    while True:
        async with database.writing() as conn:
            await announce_connection(conn, connection, "active")
        await asyncio.sleep(0.05)


async def test_a_stream_has_a_lifetime(
    settings: Settings, database: Database, user: User, connection: Connection
) -> None:
    """After its time the server closes, and the client comes back where it was."""
    async with (
        serving(settings, database, stream_lifetime_seconds=0.3) as server,
        server.client(user) as client,
    ):
        sync_id = (await client.post("/api/sync/start")).json()["syncId"]
        async with reading(client, one(sync_id)) as reader:
            events = await reader.rest()
        await until(lambda: server.readers() == 0)

    assert len(events) == 1


async def test_readers_that_go_leave_nothing(
    server: Server, client: httpx2.AsyncClient, sync_id: str
) -> None:
    """A closed connection is noticed without an event to send; no reader and no slot is left."""
    async with contextlib.AsyncExitStack() as streams:
        for _ in range(20):
            await streams.enter_async_context(reading(client, one(sync_id)))
        await until(lambda: server.readers() == 20)

    await until(lambda: server.readers() == 0)
    assert server.services.hub._feeds == {}


async def test_open_streams_hold_no_database_connection(
    server: Server, client: httpx2.AsyncClient, database: Database, sync_id: str
) -> None:
    """More streams than the pool has connections are open, and the API still answers."""
    async with contextlib.AsyncExitStack() as streams:
        for reader in (client, server.client(await new_user(database, "other@example.com"))):
            for _ in range(20):
                await streams.enter_async_context(reading(reader, ALL))
        await until(lambda: server.readers() == 40)
        await until(lambda: database._engine.pool.checkedout() == 0)

        answer = await client.get(f"/api/sync/status/{sync_id}")

    assert answer.status_code == 200


async def test_a_slow_reader_gets_the_newest_state(
    server: Server, client: httpx2.AsyncClient, database: Database, sync_id: str
) -> None:
    """Who stops reading has no backlog kept for them: what comes next is the newest state."""
    states = 60
    async with reading(client, one(sync_id)) as reader:
        await reader.next()
        (subscription,) = server.services.hub._feeds[await _owner(client)].readers
        for number in range(states):
            # Together these are more than the sockets between server and client hold.
            await progress(database, sync_id, 20, message=f"{number} {'x' * 300_000}")
        await until(lambda: [_number(e.payload) for e in subscription._pending] == [states - 1])
        await finish(database, sync_id)
        rest = [data for _, data in await reader.rest()]

    assert len(rest) < states
    assert (_number(rest[-1]), rest[-1]["status"]) == (states - 1, "complete")


def _number(data: dict[str, str]) -> int:
    """Which of the states it is."""
    return int(data["message"].split(" ")[0])


async def test_everything_of_the_user(
    client: httpx2.AsyncClient, database: Database, connection: Connection, sync_id: str
) -> None:
    """A new reader sees the running sync, then everything that happens, of each kind."""
    async with reading(client, ALL) as reader:
        first = await reader.next()
        async with database.writing() as conn:
            await announce_connection(conn, connection, "active")
        second = await reader.next()
        await finish(database, sync_id)
        third = await reader.next()

    assert (first[1]["type"], first[1]["sync"]["syncId"]) == ("sync", sync_id)
    assert second[1] == {
        "type": "connection",
        "connectionId": connection.connection_id,
        "status": "active",
        "reason": None,
        "notes": [],
    }
    assert third[1]["sync"]["status"] == "complete"
    assert first[0] < second[0] < third[0]


async def test_the_past_is_not_told_to_a_new_reader(
    client: httpx2.AsyncClient, database: Database, connection: Connection, sync_id: str
) -> None:
    """Syncs that have ended are history; what a reader is told first is what is new to it."""
    await finish(database, sync_id)
    async with reading(client, ALL) as reader:
        await reader.block("retry: 3000")
        async with database.writing() as conn:
            await announce_connection(conn, connection, "active")
        event = await reader.next()

    assert event[1]["type"] == "connection"


async def test_a_quiet_reader_misses_nothing_when_it_comes_back(
    client: httpx2.AsyncClient, database: Database, connection: Connection, sync_id: str
) -> None:
    """A reader that never got an event has a place all the same, and resumes from it."""
    await finish(database, sync_id)
    async with reading(client, ALL) as reader:
        await until_place(reader)
    place = int(next(b for b in reader.blocks if b.startswith("id: ")).removeprefix("id: "))
    second = (await client.post("/api/sync/start")).json()["syncId"]
    await finish(database, second)
    async with reading(client, ALL, last_event_id=place) as reader:
        event = await reader.next()

    assert event[1]["sync"]["syncId"] == second
    assert event[1]["sync"]["status"] == "complete"


async def until_place(reader: Reader) -> None:
    async with asyncio.timeout(PATIENCE):
        while not any(block.startswith("id: ") for block in reader.blocks):
            reader.blocks.append(await anext(reader._lines))


async def test_resuming_everything_tells_the_newest_of_each(
    client: httpx2.AsyncClient,
    database: Database,
    settings: Settings,
    user: User,
    connection: Connection,
    sync_id: str,
) -> None:
    """Of what was missed each subject's newest state comes, once and in order."""
    async with reading(client, ALL) as reader:
        seen, _ = await reader.next()
    await progress(database, sync_id, 30)
    other = await new_connection(database, settings, user, seller="B2")
    async with database.writing() as conn:
        await announce_connection(conn, other, "active")
    await progress(database, sync_id, 60)
    async with reading(client, ALL, last_event_id=seen) as reader:
        missed = [await reader.next(), await reader.next()]

    assert [data["type"] for _, data in missed] == ["connection", "sync"]
    assert missed[1][1]["sync"]["progress"] == 60
    assert seen < missed[0][0] < missed[1][0]


async def test_nobody_sees_anothers_events(
    server: Server, client: httpx2.AsyncClient, database: Database, sync_id: str
) -> None:
    """A stranger's stream stays silent while the user's sync goes on."""
    stranger = await new_user(database, "stranger@example.com")
    mine = await new_connection(database, server.settings, stranger, seller="S1")
    async with server.client(stranger) as other, reading(other, ALL) as reader:
        await reader.block("retry: 3000")
        await progress(database, sync_id, 50)
        async with database.writing() as conn:
            await announce_connection(conn, mine, "active")
        event = await reader.next()

    assert event[1]["connectionId"] == mine.connection_id


async def test_an_unknown_sync_is_404_before_a_stream_begins(client: httpx2.AsyncClient) -> None:
    """There is no stream to a sync that does not exist, but a problem."""
    answer = await client.get(one("sync_nobody_1"))

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize("path", [ALL, one("{}")])
async def test_a_stream_ends_with_its_token(
    settings: Settings, database: Database, user: User, sync_id: str, path: str
) -> None:
    """Whoever was signed out does not read on until the next reconnect."""
    async with (
        serving(settings, database, heartbeat_seconds=0.05) as server,
        server.client(user) as client,
        reading(client, path.format(sync_id)) as reader,
    ):
        await reader.block(": heartbeat")
        async with database.writing() as conn:
            (own,) = await list_credentials(conn, key=settings.keys[0], of=user.user_id)
            await revoke_credential(conn, own.credential_id)
        await reader.rest()
        again = await client.get(path.format(sync_id))

    assert again.status_code == 401


async def test_a_herd_waits_for_its_turn_and_costs_a_few_reads(
    settings: Settings, database_url: str, database: Database, user: User, connection: Connection
) -> None:
    """After a restart 150 readers come at once to a pool of four connections, each with its place:
    none is refused, and all of them together cost a few reads, not two or three each.
    """
    small = Database(database_url, pool_size=2)
    many = settings.model_copy(update={"streams_per_user": 1000})
    read: list[str] = []
    async with serving(many, small) as server, server.client(user) as client:
        sync_id = (await client.post("/api/sync/start")).json()["syncId"]
        for part in (server.services.database, server.services.door):
            count_reads(part, read)
        herd = httpx2.AsyncClient(
            base_url=server.url,
            headers=client.headers,
            limits=httpx2.Limits(max_connections=None),
            timeout=PATIENCE,
        )
        async with herd, contextlib.AsyncExitStack() as streams:
            opened = await asyncio.gather(
                *(streams.enter_async_context(reading(herd, one(sync_id))) for _ in range(150))
            )
            statuses = {reader.response.status_code for reader in opened}
            await until(lambda: server.readers() == 150)
            await progress(database, sync_id, 40)
            told = await asyncio.gather(*(_until_progress(reader, 40) for reader in opened))
    await small.close()

    assert statuses == {200}
    assert told == [40] * 150
    assert len(read) < 75


async def _until_progress(reader: Reader, wanted: int) -> int:
    while (event := await reader.next()) is not None:
        if event[1]["progress"] == wanted:
            return wanted
    return -1


def count_reads(database: Database, into: list[str]) -> None:
    """Notes each single read of a pool, also of its copies for one caller."""
    reads = database._single_reads
    fetch = reads.fetch

    async def counted(wanted: Sequence[Statement], *rest: Any) -> list[list[Any]]:
        into.extend(one.text for one in wanted)
        return await fetch(wanted, *rest)

    reads.fetch = counted  # type: ignore[method-assign,assignment]
