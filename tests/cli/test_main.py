"""What holds for every command: help, errors in one line, exit statuses."""

from __future__ import annotations

import json
import re
import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.programs import STOP_SECONDS, Recoup, free_port


def test_help_names_every_command(alone: Recoup):
    """`recoup --help` lists the commands that scripts rely on."""
    done = alone.run("--help")

    assert done.code == 0
    for command in ("demo", "serve", "worker", "sandbox", "connect", "sync", "user", "db"):
        assert f" {command} " in done.stdout


def test_version_is_told(alone: Recoup):
    """`recoup --version` prints the version."""
    assert alone.run("--version").stdout.startswith("recoup 0.")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("no-such-command",),
        ("sync",),
        ("serve", "--port", "http"),
        ("sandbox", "--fault", "429"),
        ("sandbox", "--fault", "sunshine:0.5"),
        ("sandbox", "--speed", "0"),
        ("user", "add", "nobody"),
        ("connect", "--selling-partner-id", "A1"),
    ],
)
def test_wrong_usage_is_one_line_and_two(alone: Recoup, arguments: tuple[str, ...]):
    """Whoever mistypes a command reads one line about it and gets exit status 2."""
    done = alone.run(*arguments)

    assert done.code == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.parametrize("command", [("serve",), ("worker",), ("sandbox",), ("db", "status")])
def test_an_unknown_setting_is_named(alone: Recoup, command: tuple[str, ...]):
    """A misspelt variable stops every command before it does anything."""
    done = alone.run(*command, RECOUP_FOO="1")

    assert done.outcome == (
        2,
        "recoup: RECOUP_FOO is not a setting of recoup; see `recoup doctor` for the list.\n",
    )


@pytest.mark.parametrize(
    ("arguments", "settings", "line"),
    [
        (
            ("db", "status"),
            {"RECOUP_DATABSE_URL": "x"},
            (
                "RECOUP_DATABSE_URL is not a setting of recoup; did you mean RECOUP_DATABASE_URL? "
                "Otherwise see `recoup doctor` for the list."
            ),
        ),
        (
            ("db", "status"),
            {"RECOUP_SYNC_SCHEDULE": "every day"},
            "RECOUP_SYNC_SCHEDULE: must be a cron expression such as `0 2 * * *`, or empty for none",
        ),
        (
            ("connect", "--region", "XX"),
            {},
            (
                "Invalid value for '--region': 'XX' is not one of 'NA', 'EU', 'FE'; "
                "see `recoup connect --help`."
            ),
        ),
        (
            ("connect", "--refresh-token-file", "/dev/null"),
            {},
            "Invalid value: The refresh token is empty; see `recoup connect --help`.",
        ),
        (("opem",), {}, "No such command 'opem'. Did you mean 'open'? See `recoup --help`."),
        (
            ("sync", "status", "--api", "http://127.0.0.1:1"),
            {"RECOUP_API_TOKEN": "x"},
            (
                "The API is not responding (All connection attempts failed): check its address, and "
                "that `recoup serve` runs there."
            ),
        ),
        (
            ("sandbox", "--host", "203.0.113.9"),
            {},
            (
                "Cannot listen: Cannot assign requested address (while attempting to bind on address "
                "('203.0.113.9', 8001)); choose another --host."
            ),
        ),
    ],
)
def test_a_wrong_use_says_what_to_do(
    alone: Recoup, arguments: tuple[str, ...], settings: dict[str, str], line: str
):
    """In our words, without a library's."""
    done = alone.run(*arguments, **{"RECOUP_LOG_LEVEL": "warning", **settings})

    assert done.code in {1, 2}
    assert done.stderr == f"recoup: {line}\n"


def test_a_link_that_nothing_can_answer_says_so(recoup: Recoup):
    """Whoever opens it would see the browser's own error."""
    done = recoup.run("open", "--no-browser", RECOUP_PUBLIC_URL="http://127.0.0.1:1")

    assert done.stdout.startswith("http://127.0.0.1:1/signin#")
    assert done.stderr == (
        "Nothing listens at http://127.0.0.1:1: start `recoup serve` before you open it.\n"
    )


@pytest.mark.parametrize("command", [("serve",), ("worker",), ("db", "status"), ("sync", "start")])
def test_an_unreachable_database_is_one_line(alone: Recoup, command: tuple[str, ...]):
    """Without its database a command says so in a line that holds no password."""
    url = "postgresql://someone:hidden-word@127.0.0.1:1/nothing"

    done = alone.run(*command, RECOUP_DATABASE_URL=url)

    assert done.code == 1
    assert len(done.stderr.splitlines()) == 1
    assert "RECOUP_DATABASE_URL" in done.stderr
    assert "hidden-word" not in done.stderr


@pytest.mark.parametrize("arguments", [("serve", "--no-worker"), ("sandbox",), ("serve",)])
def test_a_taken_port_is_one_line(recoup: Recoup, arguments: tuple[str, ...]):
    """When the port is taken the command ends at once and names it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        done = recoup.run(*arguments, "--port", port, RECOUP_LOG_LEVEL="warning")

    assert done.code == 1
    assert len(done.stderr.splitlines()) == 1
    assert port in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_ends_quietly(alone: Recoup, number: signal.Signals):
    """Ctrl-C and SIGTERM are the usual ways to stop it: exit status 0, at once."""
    sandbox = alone.start("sandbox", "--port", "0", RECOUP_LOG_LEVEL="warning")
    sandbox.wait_for("listens on http://127.0.0.1:")

    code, seconds = sandbox.stop(number)

    assert code == 0
    assert seconds < STOP_SECONDS
    assert sandbox.errors == []


def test_doctor_tells_what_is_wrong_as_json(alone: Recoup, data_dir: Path):
    """An open key file and an unreachable database are problems that `doctor` names, with status 1."""
    url = "postgresql://someone:hidden-word@127.0.0.1:1/nothing"
    key = data_dir / "secret_key"
    key.write_text("k" * 43)
    key.chmod(0o640)

    here = f"http://127.0.0.1:{free_port()}"
    done = alone.run("doctor", "--json", RECOUP_DATABASE_URL=url, RECOUP_PUBLIC_URL=here)

    record = json.loads(done.stdout)
    assert done.code == 1
    assert not record["ok"]
    problems = {each["check"]: each for each in record["checks"] if each["state"] == "problem"}
    assert set(problems) == {"secret keys", "database"}
    assert f"chmod 600 {key}" in problems["secret keys"]["says"]
    notes = {each["check"]: each["says"] for each in record["checks"] if each["state"] == "note"}
    assert "RECOUP_LWA_CLIENT_ID" in notes["client secret"]
    assert "hidden-word" not in done.stdout + done.stderr


def test_doctor_lists_settings_and_checks(recoup: Recoup):
    """`doctor` shows each setting with its source, secrets only as set, and what it tried."""
    done = recoup.run("doctor")

    assert re.search(r"^RECOUP_SECRET_KEYS +\(set\) ", done.stdout, re.MULTILINE)
    assert recoup.environ["RECOUP_SECRET_KEYS"] not in done.stdout
    assert re.search(r"^ok +schema +The database is at", done.stdout, re.MULTILINE)
    assert re.search(
        r"^problem +worker +no worker is running.*\n +-> start", done.stdout, re.MULTILINE
    )
    assert re.search(r"^\d of \d+ checks found a problem\.$", done.stdout, re.MULTILINE)
    assert done.code == 1


def test_doctor_warns_of_an_old_client_secret(alone: Recoup):
    """A secret that is past its 180 days is a problem, and says since when."""
    done = alone.run(
        *("doctor", "--json"),
        RECOUP_LWA_CLIENT_ID="amzn1.ours",
        RECOUP_LWA_CLIENT_SECRET="ours",
        RECOUP_LWA_SECRET_ROTATED_ON="2020-01-01",
        RECOUP_LWA_ENDPOINT="http://127.0.0.1:1",
    )

    found = {check["check"]: check for check in json.loads(done.stdout)["checks"]}
    assert found["client secret"]["state"] == "problem"
    assert "Amazon refuses it since 2020-06-29" in found["client secret"]["says"]


def test_doctor_lists_the_settings_when_one_is_unknown(alone: Recoup):
    """The list that the error message points to is there when it is needed."""
    done = alone.run("doctor", RECOUP_FOO="1")

    assert done.code == 2
    assert "RECOUP_DATA_DIR: " in done.stdout
    assert "RECOUP_FOO" in done.stderr
