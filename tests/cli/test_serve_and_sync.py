"""`recoup serve`, `recoup worker` and the `recoup sync` commands beside them."""

from __future__ import annotations

import json
import re
import signal
import threading
import urllib.request
from pathlib import Path

import httpx2
import pytest

from tests.cli.programs import (
    STOP_SECONDS,
    Done,
    Recoup,
    Running,
    eventually,
    free_port,
    processes_of,
)
from tests.support.patience import PATIENCE

QUIET = {"RECOUP_LOG_LEVEL": "warning"}


def connect(recoup: Recoup, **settings: str) -> str:
    """A user with a connected seller; gives the connection's id."""
    recoup.run("user", "add", "ann@example.com")
    done = recoup.run(
        "connect",
        *("--refresh-token-file", "-", "--selling-partner-id", "A1", "--environment", "local"),
        *("--marketplace-id", "ATVPDKIKX0DER", "--json"),
        stdin="Atzr|test",
        **settings,
    )
    assert done.code == 0, done
    return str(json.loads(done.stdout)["connectionId"])


def start_sandbox(recoup: Recoup, *options: str) -> Running:
    """A sandbox where the program's settings expect it."""
    port = recoup.environ["RECOUP_LOCAL_SANDBOX"].rpartition(":")[2]
    sandbox = recoup.start("sandbox", "--port", port, *options, **QUIET)
    sandbox.wait_for("listens")
    return sandbox


def start_serve(recoup: Recoup, *options: str) -> tuple[Running, str]:
    """A service and its address."""
    port = str(free_port())
    running = recoup.start("serve", "--port", port, *options, **QUIET)
    running.wait_for("recoup listens on")
    return running, f"http://127.0.0.1:{port}"


def read_json(done: Done):
    assert done.code == 0, done
    return json.loads(done.stdout)


def get(url: str, token: str):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    return urllib.request.urlopen(request, timeout=PATIENCE)


def is_under_way(line: bytes) -> bool:
    """Whether a line of a feed tells that orders have come and more are to come."""
    field, _, value = line.decode().partition(": ")
    if field != "data":
        return False
    sync = json.loads(value)
    return sync["status"] == "in_progress" and sync["ordersProcessed"] > 0


def test_a_sync_is_started_followed_and_listed(recoup: Recoup):
    """The sync commands work beside a service and agree with its API."""
    start_sandbox(recoup, "--orders", "120", "--speed", "1000")
    connection_id = connect(recoup)
    _, address = start_serve(recoup)

    started = read_json(recoup.run("sync", "start", "--json"))
    watched = recoup.run("sync", "watch", started["syncId"])
    status = read_json(recoup.run("sync", "status", "--connection", connection_id, "--json"))
    history = read_json(recoup.run("sync", "history", "--json"))
    token = recoup.run("user", "token", "ann@example.com").stdout.strip()
    with get(f"{address}/api/sync/status/{started['syncId']}", token) as response:
        told = json.load(response)

    assert watched.code == 0, watched
    assert re.search(r"^100 %  ", watched.stdout, re.MULTILINE)
    assert status["status"] == "complete"
    assert status["ordersProcessed"] == 120
    assert {name: told[name] for name in ("progress", "ordersProcessed", "duration")} == {
        name: status[name] for name in ("progress", "ordersProcessed", "duration")
    }
    assert history["total"] == 1
    assert history["syncs"][0]["syncId"] == started["syncId"]


def test_a_sync_that_nobody_works_on_is_cancelled(recoup: Recoup):
    """Without a worker `start` says so; `cancel` ends the sync, and then `watch` is a failure."""
    start_sandbox(recoup)
    connect(recoup)

    started = recoup.run("sync", "start")
    second = recoup.run("sync", "start")
    cancelled = recoup.run("sync", "cancel", "--json")
    watched = recoup.run("sync", "watch", "--json")
    again = recoup.run("sync", "cancel")

    sync_id = started.stdout.strip()
    assert started.outcome == (
        0,
        "No worker is running: start one with `recoup serve` or `recoup worker`.\n",
    )
    assert second.outcome == (1, f"recoup: A sync is already in progress: {sync_id}\n")
    assert read_json(cancelled)["syncId"] == sync_id
    assert watched.code == 1
    assert json.loads(watched.stdout)["status"] == "cancelled"
    assert again.code == 1
    assert len(again.stderr.splitlines()) == 1


def test_a_sync_needs_a_user_and_a_connection(recoup: Recoup):
    """What is missing is named with the command that mends it."""
    nobody = recoup.run("sync", "start")
    recoup.run("user", "add", "ann@example.com")
    unconnected = recoup.run("sync", "start")
    recoup.run("user", "add", "bob@example.com")
    several = recoup.run("sync", "start")

    assert "recoup user add" in nobody.stderr
    assert "recoup connect" in unconnected.stderr
    assert "--user" in several.stderr
    assert [done.code for done in (nobody, unconnected, several)] == [1, 1, 1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_busy_service_stops_in_time(recoup: Recoup, number: signal.Signals):
    """With a sync running and a live feed open it ends within 5 s, and the sync can go on."""
    start_sandbox(recoup, "--orders", "300", "--fault", "slow:1")
    connect(recoup)
    service, address = start_serve(recoup)
    token = recoup.run("user", "token", "ann@example.com").stdout.strip()
    sync_id = recoup.run("sync", "start").stdout.strip()
    feed = get(f"{address}/api/sse/sync-progress/{sync_id}", token)
    assert any(is_under_way(line) for line in feed)
    heard = threading.Thread(target=feed.read)
    heard.start()

    code, seconds = service.stop(number)

    heard.join(PATIENCE)
    feed.close()
    assert code == 0, service.errors
    assert seconds < STOP_SECONDS
    assert not heard.is_alive()
    assert service.told() == []
    assert read_json(recoup.run("sync", "status", "--json"))["status"] == "in_progress"


def test_a_worker_takes_over_what_another_hands_on(recoup: Recoup):
    """A worker that is told to end leaves its sync to the next one, which completes it."""
    start_sandbox(recoup, "--orders", "300", "--speed", "1000", "--fault", "slow:1")
    connect(recoup)
    first = recoup.start("worker", **QUIET)
    sync_id = recoup.run("sync", "start").stdout.strip()
    watching = recoup.start("sync", "watch", "--json")
    watching.wait_for('"attempt": 1')

    code, seconds = first.stop()
    recoup.start("worker", **QUIET)

    assert code == 0
    assert seconds < STOP_SECONDS
    assert watching.end() == 0
    ended = json.loads(watching.lines[-1])
    assert (ended["syncId"], ended["status"], ended["attempt"]) == (sync_id, "complete", 2)


def test_a_first_serve_needs_nothing(alone: Recoup, data_dir: Path):
    """On a fresh machine it makes its database, says how to add a user, and leaves no process."""
    port, sandbox_port = str(free_port()), str(free_port())
    service = alone.start(
        "serve", "--port", port, "--sandbox", "--sandbox-port", sandbox_port, **QUIET
    )
    service.wait_for("recoup user add")
    address = f"http://127.0.0.1:{port}/readyz"

    def ready() -> bool:
        try:
            with urllib.request.urlopen(address, timeout=PATIENCE) as response:
                return response.status == 200
        except OSError:
            return False

    assert eventually(ready)
    sandbox = f"http://127.0.0.1:{sandbox_port}"
    connect(alone, RECOUP_LOCAL_SANDBOX=sandbox)
    synced = alone.run("sync", "start", "--watch", RECOUP_LOCAL_SANDBOX=sandbox)
    assert synced.code == 0, synced
    here = f"http://127.0.0.1:{port}"
    assert read_json(alone.run("doctor", "--json", RECOUP_PUBLIC_URL=here))["ok"]

    code, seconds = service.stop()

    assert code == 0
    assert seconds < STOP_SECONDS  # the embedded PostgreSQL stops too
    assert processes_of(data_dir) == []


def follow(link: str, **person: str) -> tuple[int, str]:
    """Status and cookie, as the page behind the link asks for them."""
    page, _, token = link.partition("#")
    address = page.removesuffix("/signin")
    assert httpx2.get(page, trust_env=False).status_code == 200
    answer = httpx2.post(
        f"{address}/signin/link",
        json={"token": token, **person},
        headers={"origin": address},
        trust_env=False,
        timeout=PATIENCE,
    )
    return answer.status_code, answer.headers.get("set-cookie", "")


def test_an_empty_service_prints_a_link_that_makes_its_person(recoup: Recoup):
    """Once; the person is the one that commands find, and with a user no link is printed."""
    service, address = start_serve(recoup)
    link = service.wait_for("/signin#").strip()

    person = {"email": "ann@example.com", "name": "Ann", "password": "correct horse battery"}
    status, cookie = follow(link, **person)
    again, _ = follow(link, **person)
    account = httpx2.get(f"{address}/api/me", headers={"cookie": cookie}, trust_env=False).json()
    users = read_json(recoup.run("user", "list", "--json"))
    opened = recoup.run("open", "--no-browser", RECOUP_PUBLIC_URL=address).stdout.strip()
    by_command, _ = follow(opened)
    service.stop()
    second, _ = start_serve(recoup)
    second.stop()

    assert (status, again, by_command) == (204, 401, 204)
    assert link.startswith(f"{address}/signin#")
    assert [one["userId"] for one in users] == [account["userId"]]
    assert not any("/signin" in line for line in second.lines)


def test_coverage_is_a_table_and_a_record(recoup: Recoup):
    """Before a sync everything is missing, and said once per stream; as JSON it is the API's body."""
    start_sandbox(recoup, "--orders", "5")
    connect(recoup)

    table = recoup.run("sync", "coverage")
    record = read_json(recoup.run("sync", "coverage", "--json"))

    names = [stream["name"] for stream in record["streams"]]
    lines = table.stdout.splitlines()
    assert table.code == 0, table
    assert lines[0].split()[:4] == ["stream", "marketplace", "from", "to"]
    assert [line.split()[0] for line in lines[1 : len(names) + 1]] == names
    assert lines[len(names) + 2] == "Missing:"
    assert sum("It has not been read yet" in line for line in lines) == len(names)
