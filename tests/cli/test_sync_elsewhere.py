"""`recoup sync --api`: the sync commands on another machine than the server's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.programs import Recoup, free_port
from tests.cli.test_serve_and_sync import connect, read_json, start_sandbox, start_serve


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Recoup]:
    """The program on a machine that has no database: nothing is set but an empty data directory."""
    program = Recoup({"RECOUP_DATA_DIR": str(tmp_path / "nothing")})
    yield program
    program.close()
    assert not (tmp_path / "nothing").exists(), "neither a database nor a key is made"


def token_of(recoup: Recoup, scope: str) -> dict[str, str]:
    done = recoup.run("user", "token", "ann@example.com", "--scope", scope)
    return {"RECOUP_API_TOKEN": done.stdout.strip()}


def test_a_sync_is_started_and_followed_from_elsewhere(recoup: Recoup, elsewhere: Recoup) -> None:
    """Through the API every command prints what it prints beside the database."""
    start_sandbox(recoup, "--orders", "120", "--speed", "1000")
    connection_id = connect(recoup)
    _, address = start_serve(recoup)
    api, token = ("--api", address), token_of(recoup, "sync")

    started = elsewhere.run("sync", "start", "--watch", *api, **token)
    sync_id = started.stdout.splitlines()[0]
    commands = [
        ("status", sync_id),
        ("status", "--connection", connection_id),
        ("status", "--json"),
        ("history",),
        ("history", "--json"),
        ("watch", "--json"),
        ("watch",),
    ]
    there = [elsewhere.run("sync", *command, *api, **token) for command in commands]
    here = [recoup.run("sync", *command) for command in commands]

    assert started.code == 0, started
    assert started.stdout.splitlines()[-1].startswith("100 %  ")
    assert [done.outcome for done in there] == [(0, "")] * len(commands)
    for command, one, other in zip(commands, there, here, strict=True):
        assert (command, one.stdout) == (command, other.stdout)


def test_a_sync_is_cancelled_from_elsewhere(recoup: Recoup, elsewhere: Recoup) -> None:
    """`cancel` ends the newest sync; a second sync and a second cancel are refused in one line."""
    start_sandbox(recoup)
    connect(recoup)
    _, address = start_serve(recoup, "--no-worker")
    api, token = ("--api", address), token_of(recoup, "sync")

    nothing = elsewhere.run("sync", "status", *api, **token)
    started = elsewhere.run("sync", "start", "--json", *api, **token)
    second = elsewhere.run("sync", "start", *api, **token)
    cancelled = elsewhere.run("sync", "cancel", "--json", *api, **token)
    watched = elsewhere.run("sync", "watch", *api, **token)
    again = elsewhere.run("sync", "cancel", *api, **token)

    sync_id = read_json(started)["syncId"]
    assert nothing.outcome == (
        1,
        "recoup: There are no syncs yet; start one with `recoup sync start`.\n",
    )
    assert second.code == 1
    assert sync_id in second.stderr
    assert read_json(cancelled)["syncId"] == sync_id
    assert watched.code == 1
    assert again.code == 1
    assert len(again.stderr.splitlines()) == 1
    assert json.loads(recoup.run("sync", "status", "--json").stdout)["status"] == "cancelled"


def test_what_is_missing_elsewhere_is_named(recoup: Recoup, elsewhere: Recoup) -> None:
    """Each refusal says in one line what to set, to choose or to start."""
    start_sandbox(recoup)
    first = connect(recoup)
    second = recoup.run(
        "connect",
        *("--refresh-token-file", "-", "--selling-partner-id", "A2", "--environment", "local"),
        *("--marketplace-id", "ATVPDKIKX0DER", "--json"),
        stdin="Atzr|test",
    )
    _, address = start_serve(recoup, "--no-worker")
    silent = f"http://127.0.0.1:{free_port()}"
    may_read, may_start = token_of(recoup, "read"), token_of(recoup, "sync")

    def refusal(command: str, *options: str, **settings: str) -> str:
        done = elsewhere.run("sync", command, *options, **settings)
        assert (done.code, done.stdout, done.stderr.count("\n")) == (1, "", 1), done
        return done.stderr

    assert "recoup user token EMAIL --scope sync" in refusal("start", "--api", address)
    assert "recoup user token EMAIL --scope read" in refusal("status", "--api", address)
    assert "is no address" in refusal("status", "--api", "localhost", **may_read)
    assert "--scope sync" in refusal("start", "--api", address, **may_read)
    assert "RECOUP_API_TOKEN" in refusal("status", "--api", address, RECOUP_API_TOKEN="no token")
    several = refusal("start", "--api", address, **may_start)
    assert "--connection" in several
    assert first in several
    assert read_json(second)["connectionId"] in several
    assert "not responding" in refusal("cancel", "sync_1", "--api", silent, **may_start)
