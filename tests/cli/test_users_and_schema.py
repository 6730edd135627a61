"""`recoup user`, `recoup db` and `recoup connect`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from recoup.db.embedded import EmbeddedServer
from recoup.users.tokens import TokenReader
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
    port = recoup.environ["RECOUP_LOCAL_SANDBOX"].rpartition(":")[2]
    running = recoup.start("sandbox", "--port", port, "--orders", "50", "--speed", "1000")
    running.wait_for("listens")
    return running


def test_a_user_gets_a_token(recoup: Recoup):
    """The token stands alone on stdout and is signed with the key."""
    added = json.loads(recoup.run("user", "add", "Ann@example.com", "--json").stdout)

    token = recoup.run("user", "token", "ann@example.com", "--days", "1").stdout

    assert added["email"] == "ann@example.com"
    assert len(token.split()) == 1
    assert TokenReader(lambda: KEYS).read(token.strip()) is not None


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


def test_people_and_their_tokens_are_managed(recoup: Recoup):
    """Listed, revoked, given a password and removed; a link of `open` is for the one that is named."""
    for name in ("ann", "bob"):
        recoup.run("user", "add", f"{name}@example.com")
    recoup.run("user", "token", "ann@example.com", "--scope", "read", "--label", "reports")

    (token,) = json.loads(recoup.run("token", "list", "--json").stdout)
    revoked = recoup.run("token", "revoke", token["credentialId"])
    again = recoup.run("token", "revoke", token["credentialId"])
    short = recoup.run("user", "passwd", "ann@example.com", "--password-file", "-", stdin="short")
    word = "correct horse battery\n"
    done = recoup.run("user", "passwd", "ann@example.com", "--password-file", "-", stdin=word)
    whose = recoup.run("open", "--no-browser")
    link = json.loads(recoup.run("open", "--user", "bob@example.com", "--json").stdout)["link"]
    removed = recoup.run("user", "remove", "bob@example.com")
    left = json.loads(recoup.run("user", "list", "--json").stdout)

    assert (token["scope"], token["label"], token["kind"]) == ("read", "reports", "token")
    assert (revoked.code, again.code) == (0, 1)
    assert (short.code, done.code) == (1, 0)
    assert short.stderr.startswith("recoup: A password needs 12 to 256 characters")
    assert "correct" not in done.stdout + done.stderr
    assert "choose one with --user" in whose.stderr
    assert link.startswith("http://127.0.0.1:8000/signin#")
    assert removed.code == 0
    assert [one["email"] for one in left] == ["ann@example.com"]


def test_a_new_key_ends_the_tokens_of_the_old_one(recoup: Recoup):
    """Lists leave them out from the moment that the key is in front; the rotation names them, keeps
    those of the new key, and the audit log has when and why.
    """
    recoup.run("user", "add", "ann@example.com")
    recoup.run("user", "token", "ann@example.com", "--label", "reports")
    both = {"RECOUP_SECRET_KEYS": f"a-newer-key-for-tests-only,{KEYS}"}

    def labels() -> list[str]:
        listed = recoup.run("token", "list", "--json", **both)
        return [one["label"] for one in json.loads(listed.stdout)]

    restarted = labels()
    recoup.run("user", "token", "ann@example.com", "--label", "newest", **both)
    rotated = recoup.run("keys", "rotate", **both)
    again = recoup.run("keys", "rotate", **both)
    log = json.loads(recoup.run("audit", "list", "--json", **both).stdout)

    assert restarted == []
    assert "(sessions: 0, tokens: 1)" in rotated.stdout
    assert "reports   admin  ann@example.com" in rotated.stdout
    assert "newest" not in rotated.stdout
    assert "(sessions: 0, tokens: 0)" in again.stdout
    assert labels() == ["newest"]
    (ended,) = [one for one in log if one["action"] == "credential_revoked"]
    assert ended["details"] == {"because": "the secret key was replaced"}


@pytest.mark.parametrize(
    ("arguments", "listed_by"),
    [
        (("sync", "watch", "nothing"), "sync history"),
        (("sync", "start", "--connection", "nothing"), "connect list"),
        (("packs", "list", "--connection", "nothing"), "connect list"),
        (("token", "revoke", "nothing"), "token list"),
        (("webhook", "remove", "nothing"), "webhook list"),
        (("proofs", "delete", "nothing"), "proofs list"),
    ],
)
def test_an_unknown_id_leads_to_the_known_ones(
    recoup: Recoup, arguments: tuple[str, ...], listed_by: str
):
    """By the command that lists them."""
    recoup.run("user", "add", "ann@example.com")
    done = recoup.run(*arguments)

    assert done.code == 1
    assert done.stderr.endswith(f"; `recoup {listed_by}` lists them.\n")


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

    first, second = (json.loads(one.stdout) for one in (from_file, from_stdin))
    assert first["connectionId"] == second["connectionId"]
    assert (first["status"], first["replaced"]) == ("active", None)
    assert second["replaced"]["status"] == "active"
    assert "Atzr" not in from_file.stdout + from_file.stderr


def test_the_audit_log_names_the_account_and_the_sync(recoup: Recoup, sandbox: Running):
    """With the ids beside them."""
    recoup.run("user", "add", "ann@example.com")
    connection_id = json.loads(connect(recoup, "-", stdin="Atzr|test\n").stdout)["connectionId"]
    recoup.run("sync", "start")
    lines = recoup.run("audit", "list").stdout.splitlines()
    made, started = (
        next(one for one in lines if action in one)
        for action in ("connection_made", "sync_started")
    )

    assert re.search(rf"  A1 \(NA\) +{connection_id}  ", made)
    assert re.search(r"  sync of A1 \(NA\), 20\S+Z  sync_\S+  ", started)


def test_marketplaces_that_are_not_named_are_amazons(
    recoup: Recoup, sandbox: Running, tmp_path: Path
):
    """Who names none gets those where Amazon says the seller sells."""
    recoup.run("user", "add", "ann@example.com")
    file = tmp_path / "token"
    file.write_text("Atzr|test\n")
    done = recoup.run(
        *("connect", "--refresh-token-file", str(file), "--selling-partner-id", "A1"),
        *("--environment", "local", "--json"),
    )

    assert "ATVPDKIKX0DER" in json.loads(done.stdout)["marketplaceIds"]


def test_a_refused_token_is_not_stored(recoup: Recoup, sandbox: Running):
    """Amazon's refusal is one line, and no connection is left behind."""
    recoup.run("user", "add", "ann@example.com")

    done = connect(recoup, "-", stdin="Atzr|revoked-1\n")

    assert done.code == 1
    assert len(done.stderr.splitlines()) == 1
    assert "Atzr" not in done.stderr
    assert "recoup connect" in recoup.run("sync", "start").stderr


def test_a_sandbox_that_does_not_run_is_named(recoup: Recoup):
    """It is not Amazon that is away."""
    recoup.run("user", "add", "ann@example.com")

    done = connect(recoup, "-", stdin="Atzr|test\n")

    assert done.code == 1
    assert "The sandbox of RECOUP_LOCAL_SANDBOX did not respond in time: check that" in done.stderr


def test_a_missing_token_file_is_named(recoup: Recoup):
    """A file that is not there is one line with its name."""
    done = connect(recoup, "no-such-file")

    assert done.outcome == (1, "recoup: no-such-file: No such file or directory\n")
