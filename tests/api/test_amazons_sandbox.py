"""A sync in environment `sandbox`, as every reader sees it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from recoup.clock import utc_now
from recoup.db.engine import Database
from recoup.streams import all_streams
from recoup.streams._stream import InSandbox
from recoup.sync.record.states import StreamStatus
from recoup.users.roles import Scope
from recoup.users.token_queries import add_token
from tests.api.serving import reading, serving
from tests.cli.programs import Recoup
from tests.support.canned_lab import open_canned_lab
from tests.support.page_words import page_words

# What Amazon's sandbox has no pair for, by what the streams declare.
WITHOUT_PAIR = {
    stream.name
    for stream in all_streams()
    if stream.api is None or stream.api.in_sandbox is InSandbox.NOTHING
}


async def test_a_sync_of_amazons_sandbox_as_it_is_seen(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    """Complete over HTTP, SSE and on the command line; streams without a pair are unavailable, with
    the reason, and the page has words for that.
    """
    async with open_canned_lab(database, tmp_path) as lab:
        sync = await lab.sync()
        async with database.writing() as conn:
            new = await add_token(
                conn,
                lab.user_id,
                key=lab.settings.keys[0],
                scope=Scope.ADMIN,
                expires_at=utc_now() + timedelta(days=1),
            )
        async with (
            serving(lab.settings, database) as server,
            server.client(authorization=f"Bearer {new.text}") as client,
        ):
            status = await client.get(f"/api/sync/status/{sync.sync_id}")
            overview = (await client.get("/api/sync/status")).json()
            history = (await client.get("/api/sync/history")).json()
            connections = (await client.get("/api/v1/integrations/amazon/status")).json()
            coverage = (await client.get("/api/coverage")).json()
            async with reading(client, f"/api/sse/sync-progress/{sync.sync_id}") as reader:
                events = await reader.rest()
        program = Recoup(
            {"RECOUP_DATABASE_URL": database_url, "RECOUP_DATA_DIR": str(lab.settings.data_dir)}
        )
        done = program.run("sync", "status")
        watched = program.run("sync", "watch")

    body = status.json()
    told = {stream["name"]: stream["status"] for stream in body["streams"]}
    assert status.status_code == 200
    assert (body["status"], body["error"]) == ("complete", None)
    assert {name for name, state in told.items() if state == "unavailable"} == WITHOUT_PAIR
    assert {state for name, state in told.items() if name not in WITHOUT_PAIR} == {"complete"}
    for stream in body["streams"]:
        assert (stream["reason"] is not None) is (stream["name"] in WITHOUT_PAIR)
        assert stream["error"] is None

    assert events[-1][1] == overview["lastSync"] == {k: body[k] for k in body if k != "plan"}
    assert [one["status"] for one in history["syncs"]] == ["complete"]
    assert [one["environment"] for one in connections["connections"]] == ["sandbox"]
    without = {one["name"]: one for one in coverage["streams"] if one["name"] in WITHOUT_PAIR}
    assert set(without) == WITHOUT_PAIR
    assert all(one["holes"] and one["asOf"] is None for one in without.values())
    loaded = [one for one in coverage["streams"] if one["name"] not in WITHOUT_PAIR]
    assert all(not one["holes"] and one["asOf"] for one in loaded)

    assert (done.code, watched.code) == (0, 0), (done, watched)
    assert f"{sync.sync_id}  complete  100 %" in done.stdout
    assert done.stdout.count(StreamStatus.UNAVAILABLE) >= len(WITHOUT_PAIR)
    (reason,) = {stream["reason"] for stream in body["streams"] if stream["reason"]}
    assert done.stdout.count(reason) == watched.stdout.count(reason) == 1
    assert {"complete", "unavailable"} <= set(page_words()["stream"])
