"""`recoup doctor`: each fault made real, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from recoup.cli.doctor_machine import data_directory, disks
from recoup.cli.doctor_network import clock_finding
from recoup.crypto import Vault
from recoup.db.engine import PROGRAM, Database
from tests.cli.programs import Done, Recoup, free_port

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def findings(done: Done) -> dict[str, dict[str, str]]:
    """What was found, by the check's name."""
    assert done.code in {0, 1}, done
    record = json.loads(done.stdout)
    assert record["ok"] == (done.code == 0)
    return {one["check"]: one for one in record["checks"]}


def problems(found: dict[str, dict[str, str]]) -> set[str]:
    return {name for name, one in found.items() if one["state"] == "problem"}


class Past(BaseHTTPRequestHandler):
    """A server of 2020: neither recoup nor up to date."""

    def do_GET(self):
        self.send_response(404)
        self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002 - the interface
        return "Wed, 01 Jan 2020 00:00:00 GMT"

    def log_message(self, *_arguments: object):
        """Says nothing."""


@pytest.fixture
def past() -> Iterator[str]:
    """The address of such a server."""
    server = HTTPServer(("127.0.0.1", 0), Past)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("option", [[], ["--dpp"]])
def test_it_makes_nothing(alone: Recoup, data_dir: Path, option: list[str]):
    """On a fresh machine there is no database, no key and no directory after it either."""
    folder = data_dir / "not-yet"

    done = alone.run(
        "doctor",
        *option,
        RECOUP_DATA_DIR=str(folder),
        RECOUP_PUBLIC_URL=f"http://127.0.0.1:{free_port()}",
    )

    assert list(data_dir.iterdir()) == []
    assert option or (done.code, f"none yet in {folder}" in done.stdout) == (0, True), done


def test_it_upgrades_nothing(recoup: Recoup, database_url: str):
    """A schema that is older stays as it is, and how to upgrade it is said."""
    version = "update alembic_version set version_num = '0001'"
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(version)

        done = recoup.run("doctor", "--json")

        assert conn.execute("select version_num from alembic_version").fetchone() == ("0001",)
    found = findings(done)
    assert "`recoup db upgrade`" in found["schema"]["says"]
    assert "worker" not in found


def test_what_does_not_answer(alone: Recoup, past: str):
    """The sandbox, the mail server, Amazon's clock and a stranger on the port, each with what to do."""
    gone = f"http://127.0.0.1:{free_port()}"

    done = alone.run(
        *("doctor", "--json"),
        RECOUP_LOCAL_SANDBOX=gone,
        RECOUP_SMTP_URL=f"smtp://127.0.0.1:{free_port()}",
        RECOUP_MAIL_FROM="recoup <recoup@example.com>",
        RECOUP_LWA_CLIENT_ID="amzn1.ours",
        RECOUP_LWA_CLIENT_SECRET="ours",
        RECOUP_LWA_ENDPOINT=past,
        RECOUP_PUBLIC_URL=past,
    )

    found = findings(done)
    port = f"port {past.rpartition(':')[2]}"
    assert problems(found) == {"sandbox", "mail server", "amazon's clock", port}
    assert gone in found["sandbox"]["says"]
    assert "recoup sandbox --port" in found["sandbox"]["advice"]
    assert "RECOUP_SMTP_URL" in found["mail server"]["advice"]
    assert "ahead of" in found["amazon's clock"]["says"]
    assert "timedatectl" in found["amazon's clock"]["advice"]
    assert "another program" in found[port]["says"]
    assert "--port" in found[port]["advice"]


def test_a_stranger_where_the_sandbox_should_be(alone: Recoup, past: str):
    """That something answers there is not enough."""
    found = findings(alone.run("doctor", "--json", RECOUP_LOCAL_SANDBOX=past))

    assert found["sandbox"]["says"] == f"another program answers at {past}"
    assert "recoup sandbox" in found["sandbox"]["advice"]


def test_another_recoup_has_the_port(recoup: Recoup, alone: Recoup):
    """A recoup that listens is this one only if it works on the same database."""
    port = free_port()
    recoup.start("serve", "--no-worker", "--port", str(port)).wait_for("recoup listens on")
    address = {"RECOUP_PUBLIC_URL": f"http://127.0.0.1:{port}"}

    here, elsewhere = (
        recoup.run("doctor", "--json", **address),
        alone.run("doctor", "--json", **address),
    )

    assert findings(here)[f"port {port}"]["state"] == "ok"
    assert "another recoup" in findings(elsewhere)[f"port {port}"]["says"]
    assert elsewhere.code == 1


_SELLER = """
insert into workspace (workspace_id, name) values ('w', 'Ann''s');
insert into amazon_connection (connection_id, workspace_id, selling_partner_id, region, environment,
    marketplace_ids, status, status_reason, refresh_token_sealed, authorized_at, last_sync_at)
values
    ('c-refused', 'w', 'A1', 'NA', 'production', '{{}}', 'reauthorization_required', 'revoked',
     null, now(), now()),
    ('c-ending', 'w', 'A2', 'NA', 'production', '{{}}', 'active', null,
     '{sealed}', now() - interval '330 days', now() - interval '3 days'),
    ('c-local', 'w', 'A3', 'NA', 'local', '{{}}', 'active', null, null, now(), null);
insert into sync_progress (sync_id, workspace_id, connection_id, trigger, status, progress, message)
values ('s', 'w', 'c-local', 'manual', 'in_progress', 10, 'Starting sync...');
insert into webhook (webhook_id, workspace_id, url, kinds, secret_sealed, is_enabled, disabled_why)
values ('h-off', 'w', 'https://example.com', '{{}}', '', false, 'answered 410');
insert into app_user (user_id, email) values ('u', 'ann@example.com');
insert into mail_digest (digest_id, user_id, day, attempts, error)
values ('d', 'u', '2026-11-29', 3, 'refused');
"""


def test_what_the_database_shows(recoup: Recoup, database_url: str):
    """Refused and ending authorizations, another key, waiting syncs, unsent messages, an old worker."""
    sealed = Vault(("another-key-than-ours",)).seal("Atzr|x").hex()
    old = "recoup 0.0.1"
    with psycopg.connect(database_url, autocommit=True, application_name=old) as conn:
        conn.execute(_SELLER.format(sealed=rf"\x{sealed}"))

        done = recoup.run("doctor", "--json", RECOUP_SYNC_SCHEDULE="0 2 * * *")

    found = findings(done)
    assert problems(found) >= {"authorization", "tokens", "worker", "mails", "versions"}
    refused, ending = found["authorization"], found["authorization's end"]
    assert "c-refused (A1)" in refused["says"]
    assert "`recoup connect reauthorize c-refused`" in refused["advice"]
    assert ("c-ending (A2)" in ending["says"], ending["state"]) == (True, "note")
    assert "another secret key" in found["tokens"]["says"]
    assert "1 syncs wait" in found["worker"]["says"]
    assert "recoup worker" in found["worker"]["advice"]
    assert old in found["versions"]["says"]
    assert PROGRAM in found["versions"]["says"]
    assert "1 mails" in found["mails"]["says"]
    assert "h-off" in found["webhooks"]["says"]
    assert "c-ending (A2)" in found["schedule"]["says"]


async def test_every_connection_says_its_version(database: Database, database_url: str):
    """By this a worker that is too old is seen, whichever of recoup's pools it uses."""
    async with database.reading(), database.writing():
        with psycopg.connect(database_url) as conn:
            query = (
                "select application_name from pg_stat_activity where datname = current_database() "
            )
            names = conn.execute(query + "and pid <> pg_backend_pid()").fetchall()

    assert set(names) == {(PROGRAM,)}
    assert f"application_name={PROGRAM.replace(' ', '%20')}" in database.conninfo


def test_another_directory_has_a_database(tmp_path: Path):
    """A problem where the directory is the default's, a note where it was chosen; nothing without."""
    used, other = tmp_path / "used", tmp_path / "other"
    assert data_directory(used, others=[other], is_chosen=False, is_embedded=True).state == "ok"
    (other / "postgres" / "data").mkdir(parents=True)
    (other / "postgres" / "data" / "PG_VERSION").write_text("18")

    by_default = data_directory(used, others=[other, used], is_chosen=False, is_embedded=True)
    chosen = data_directory(used, others=[other], is_chosen=True, is_embedded=True)
    configured = data_directory(other, others=[used], is_chosen=True, is_embedded=False)

    assert (by_default.state, chosen.state, configured.state) == ("problem", "note", "note")
    for one in (by_default, chosen, configured):
        assert f"RECOUP_DATA_DIR={other}" in one.advice


def test_a_disk_is_nearly_full(tmp_path: Path):
    """Below a gigabyte PostgreSQL may stop; folders of one disk are one finding."""
    states = [
        next(iter(disks([tmp_path / "not-yet", tmp_path], free=lambda _, n=n: n * 2**29))).state
        for n in (1, 4, 12)
    ]

    assert states == ["problem", "note", "ok"]
    assert len(list(disks([tmp_path / "not-yet", tmp_path]))) == 1


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(59, "+59 s"), (-59, "-59 s"), (61, "61 seconds ahead of it"), (-7200, "2 hours behind it")],
)
def test_a_clock_is_off(seconds: int, says: str):
    """More than a minute, either way."""
    found = clock_finding("a clock", NOON, NOON + timedelta(seconds=seconds))

    assert says in found.says
    assert (found.state == "ok") == (abs(seconds) < 60)
