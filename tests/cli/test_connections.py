"""`recoup connect list|reauthorize|remove`, over the life of one connection."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

from tests.cli.programs import LIMIT_SECONDS, Recoup

TOKEN = ("--refresh-token-file", "-")


def ask_on_a_terminal(recoup: Recoup, answer: bytes, *arguments: str) -> tuple[int, str]:
    """Exit status and what is asked, with somebody at the keyboard."""
    ours, theirs = pty.openpty()
    os.write(ours, answer)
    done = subprocess.run(
        [sys.executable, "-m", "recoup", *arguments],
        env=recoup.environ,
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    os.close(theirs)
    os.close(ours)
    return done.returncode, done.stderr


def test_a_connection_is_listed_renewed_and_removed(recoup: Recoup):
    """Each step says what it did; data is deleted only after a yes."""
    port = recoup.environ["RECOUP_LOCAL_SANDBOX"].rpartition(":")[2]
    recoup.start("sandbox", "--port", port, "--orders", "5").wait_for("listens")
    recoup.run("user", "add", "ann@example.com")
    assert "No Amazon account" in recoup.run("connect", "list").stdout
    where = ("--environment", "local", "--selling-partner-id", "A1", "--json")
    connected = recoup.run("connect", *where, *TOKEN, stdin="Atzr|test")
    connection = json.loads(connected.stdout)["connectionId"]
    assert json.loads(connected.stdout)["replaced"] is None

    again = recoup.run("connect", "reauthorize", connection, *TOKEN, stdin="Atzr|test")
    assert again.code == 0, again
    assert "connected again; its authorization of" in again.stdout
    refused = recoup.run("connect", "reauthorize", connection, *TOKEN, stdin="Atzr|revoked")
    assert (refused.code, "invalid_grant" in refused.stderr) == (1, True)

    asked = recoup.run("connect", "reauthorize", connection, "--consent", "--json")
    assert asked.code == 0, asked
    link = urlsplit(json.loads(asked.stdout)["link"])
    assert (link.port, link.path) == (int(port), "/apps/authorize/consent")
    assert parse_qs(link.query)["redirect_uri"][0].startswith("http://127.0.0.1:8000/api/")
    assert "signed in to recoup as ann@example.com" in asked.stderr

    assert recoup.run("connect", "remove", connection).code == 0
    (listed,) = json.loads(recoup.run("connect", "list", "--json").stdout)
    assert (listed["connectionId"], listed["status"], listed["expiresAt"]) == (
        connection,
        "disconnected",
        None,
    )
    purge = ("connect", "remove", connection, "--purge")
    unasked = recoup.run(*purge)
    assert (unasked.code, "confirm with --yes" in unasked.stderr) == (2, True)
    code, asked = ask_on_a_terminal(recoup, b"n\n", *purge)
    assert code != 0
    assert "orders, claims and other data of its seller for good?" in asked
    assert len(json.loads(recoup.run("connect", "list", "--json").stdout)) == 1
    assert recoup.run(*purge, "--yes").code == 0
    assert json.loads(recoup.run("connect", "list", "--json").stdout) == []


def test_without_an_application_connect_says_so_at_once(recoup: Recoup):
    """In one line that names the settings, and nothing is sent."""
    recoup.run("user", "add", "ann@example.com")

    done = recoup.run("connect", "--selling-partner-id", "A1", *TOKEN, stdin="Atzr|x")

    assert done.code == 2
    assert "set RECOUP_LWA_CLIENT_ID and RECOUP_LWA_CLIENT_SECRET" in done.stderr
    assert done.stderr.count("\n") == 1
