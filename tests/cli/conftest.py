"""The program on a database of its own, and a data directory for what is embedded."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.programs import Recoup, free_port

KEYS = "a-secret-key-for-tests-only"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Directly under the temporary folder: as root PostgreSQL's account must be able to enter."""
    folder = Path(tempfile.mkdtemp(prefix="recoup-cli-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def recoup(database_url: str) -> Iterator[Recoup]:
    """The program on an empty database with the current schema, and a sandbox port of its own."""
    sandbox = f"http://127.0.0.1:{free_port()}"
    program = Recoup(
        {
            "RECOUP_DATABASE_URL": database_url,
            "RECOUP_SECRET_KEYS": KEYS,
            "RECOUP_LOCAL_SANDBOX": sandbox,
        }
    )
    yield program
    program.close()


@pytest.fixture
def alone(data_dir: Path) -> Iterator[Recoup]:
    """The program as on a fresh machine: nothing is set but the data directory."""
    program = Recoup({"RECOUP_DATA_DIR": str(data_dir)})
    yield program
    program.close()
