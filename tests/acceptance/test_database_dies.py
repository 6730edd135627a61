"""PostgreSQL dies in the middle of a sync."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.stack import EMAIL, US, _address
from tests.cli.programs import Recoup, eventually


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data directory that PostgreSQL's own account can enter."""
    folder = Path(tempfile.mkdtemp(prefix="recoup-dies-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def test_a_sync_outlives_its_database(folder: Path) -> None:
    """The embedded server is killed with SIGKILL: it comes back, and the sync goes on to its end."""
    recoup = Recoup({"RECOUP_DATA_DIR": str(folder)})
    try:
        sandbox = _address(
            recoup.start("sandbox", "--port", "0", "--speed", "200", "--orders", "600")
        )
        recoup.environ.update(RECOUP_LOCAL_SANDBOX=sandbox)
        service = recoup.start("serve", "--port", "0")
        service.wait_for("http://")
        assert recoup.run("user", "add", EMAIL).code == 0
        connected = recoup.run(
            "connect",
            *("--refresh-token-file", "-", "--selling-partner-id", "A1", "--region", "NA"),
            *("--environment", "local", "--marketplace-id", US),
            stdin="Atzr|test",
        )
        assert connected.code == 0, connected
        assert recoup.run("sync", "start").code == 0
        assert eventually(lambda: _rows(recoup) > 0), service.errors[-5:]
        pid = int((folder / "postgres/data/postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)

        assert eventually(lambda: _status(recoup)["status"] not in {"in_progress", None}), (
            service.errors[-5:]
        )
        status = _status(recoup)
    finally:
        recoup.close()

    assert status["status"] == "complete", status
    rows = {stream["name"]: stream["rows"] for stream in status["streams"]}
    assert (rows["orders"], rows["inventory"]) == (600, 20)
    assert {stream["status"] for stream in status["streams"]} == {"complete"}
    assert status["attempt"] > 1, "it was not in the middle"


def _rows(recoup: Recoup) -> int:
    return sum(stream["rows"] for stream in _status(recoup).get("streams", ()))


def _status(recoup: Recoup) -> dict:
    """Of the newest sync; nothing while the database is away."""
    done = recoup.run("sync", "status", "--json")
    return json.loads(done.stdout) if done.code == 0 else {"status": None}
