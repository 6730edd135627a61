"""`recoup user`, `recoup db` and `recoup connect`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from recoup.db.embedded import EmbeddedServer
from recoup.ids import UserId
from recoup.users.tokens import find_token_user
from tests.cli.conftest import KEYS
from tests.cli.programs import Recoup, Running


@pytest.fixture
def empty_database(postgres: EmbeddedServer) -> Iterator[str]:
    """A database without a schema."""
    postgres.create_database("nothing_yet")
    yield postgres.url("nothing_yet")
    postgres.drop_database("nothing_yet")


@pytest.fixture
def sandbox(recoup: Recoup) -> Running:
    """A sandbox where the program's settings expect it."""
    port = recoup.environ["RECOUP_SPAPI_ENDPOINT"].rpartition(":")[2]
    running = recoup.start("sandbox", "--port", port, "--orders", "50", "--speed", "1000")
    running.wait_for("listens")
    return running


def test_a_user_gets_a_token(recoup: Recoup):
    """The token stands alone on stdout and names the user."""
    added = json.loads(recoup.run("user", "add", "Ann@example.com", "--json").stdout)

    token = recoup.run("user", "token", "ann@example.com", "--days", "1").stdout

    assert added["email"] == "ann@example.com"
    assert len(token.split()) == 1
    assert find_token_user(token.strip(), (KEYS,)) == UserId(added["userId"])


def test_a_user_is_added_once(recoup: Recoup):
    """The second time the address is refused in one line."""
    recoup.run("user", "add", "ann@example.com")

    again = recoup.run("user", "add", "ann@example.com")

    assert again.outcome == (1, "recoup: There is a user ann@example.com already.\n")


def test_an_unknown_user_gets_no_token(recoup: Recoup):
    """stdout stays empty, so that a script does not use the message as a token."""
    done = recoup.run("user", "token", "nobody@example.com")

    assert done.code == 1
    assert done.stdout == ""


def test_a_schema_is_upgraded_once(recoup: Recoup, empty_database: str):
    """`db status` tells what is missing, `db upgrade` mends it and finds nothing to do again."""
    url = {"RECOUP_DATABASE_URL": empty_database}

    before = json.loads(recoup.run("db", "status", "--json", **url).stdout)
    first = json.loads(recoup.run("db", "upgrade", "--json", **url).stdout)
    second = json.loads(recoup.run("db", "upgrade", "--json", **url).stdout)
    after = json.loads(recoup.run("db", "status", "--json", **url).stdout)

    assert (before["current"], before["fits"]) == (None, False)
    assert first["ran"] == before["pending"]
    assert second["ran"] == []
    assert after["fits"]


@pytest.mark.parametrize("command", [("serve",), ("worker",), ("user", "add", "a@example.com")])
def test_a_foreign_database_is_not_upgraded_unasked(
    recoup: Recoup, empty_database: str, command: tuple[str, ...]
):
    """A configured database without the schema is refused with what to do."""
    done = recoup.run(*command, RECOUP_DATABASE_URL=empty_database)

    assert done.code == 1
    assert len(done.stderr.splitlines()) == 1
    assert "run `recoup db upgrade`" in done.stderr


def connect(recoup: Recoup, file: str, **more: str):
    return recoup.run(
        "connect",
        *("--refresh-token-file", file, "--selling-partner-id", "A1", "--region", "NA"),
        *("--environment", "local", "--marketplace-id", "ATVPDKIKX0DER", "--json"),
        **more,
    )


def test_a_seller_is_connected(recoup: Recoup, sandbox: Running, tmp_path: Path):
    """The token comes from a file or stdin; the same seller twice is one connection."""
    recoup.run("user", "add", "ann@example.com")
    file = tmp_path / "token"
    file.write_text("Atzr|test\n")

    from_file = connect(recoup, str(file))
    from_stdin = connect(recoup, "-", stdin="Atzr|test\n")

    assert json.loads(from_file.stdout) == json.loads(from_stdin.stdout)
    assert json.loads(from_file.stdout)["status"] == "active"
    assert "Atzr" not in from_file.stdout + from_file.stderr


def test_a_refused_token_is_not_stored(recoup: Recoup, sandbox: Running):
    """Amazon's refusal is one line, and no connection is left behind."""
    recoup.run("user", "add", "ann@example.com")

    done = connect(recoup, "-", stdin="Atzr|revoked-1\n")

    assert done.code == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Atzr" not in done.stderr
    assert "recoup connect" in recoup.run("sync", "start").stderr


def test_a_missing_token_file_is_named(recoup: Recoup):
    """A file that is not there is one line with its name."""
    done = connect(recoup, "no-such-file")

    assert done.outcome == (1, "recoup: no-such-file: No such file or directory\n")
