"""A ledger's file into PostgreSQL: by recoup, dlt, pandas and COPY.

The same generated file as in load.py. recoup decodes it, checks each column, notes lines, upserts by key into a
table with three indexes and counts what it did; the others append to a bare table. dlt and pandas
are installed into a virtual environment of their own that is deleted at the end; if that is
not possible, the output says so and compares the rest.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from benchmarks.load import connect, run_apart, write_file
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.migrations.upgrade import upgrade

_PEERS = {"dlt": ("dlt[postgres]",), "pandas": ("pandas", "sqlalchemy", "psycopg2-binary")}
_SCRIPT = Path(__file__).with_name("ledger_peers.py")
_LIMIT_SECONDS = 3_600


def install(folder: Path, tool: str) -> Path | None:
    """The Python of a new environment with the tool; None if it could not be installed."""
    venv.create(folder, with_pip=True)
    python = folder / "bin/python"
    command = [str(python), "-m", "pip", "install", "--quiet", *_PEERS[tool]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{tool:7} not installed: {done.stderr.strip().splitlines()[-1]}")
        return None
    return python


def run_peer(python: Path, tool: str, url: str, path: Path) -> dict[str, float] | None:
    """Its result, None if it failed."""
    command = [str(python), str(_SCRIPT), tool, url, str(path)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=_LIMIT_SECONDS
    )
    if done.returncode:
        print(f"{tool:7} failed: {done.stderr.strip().splitlines()[-1]}")
        return None
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _tell(way: str, result: dict[str, float], rows: int) -> None:
    rate = rows / result["seconds"]
    print(
        f"{way:7} {result['seconds']:8.1f} s {rate:10,.0f} rows/s  peak {result['peak_mb']:,.0f} MB"
    )


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="recoup-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        path = folder / "ledger.tsv"
        write_file(path, rows, compressed=False)
        print(f"{rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB", flush=True)
        (folder / "data").mkdir(mode=0o711)
        with EmbeddedServer(folder / "data") as server:
            for way in ("copy", "load"):
                server.create_database(way)
                upgrade(Database(server.url(way)))
                connection_id = asyncio.run(connect(Database(server.url(way)), folder))
                result = run_apart(way, server.url(way), path, connection_id)
                _tell("recoup" if way == "load" else "COPY", result, rows)
                server.drop_database(way)
            for tool in _PEERS:
                python = install(folder / tool, tool)
                if python is None:
                    continue
                server.create_database(tool)
                found = run_peer(python, tool, server.url(tool), path)
                if found is not None:
                    assert found["rows"] == rows, found
                    _tell(tool, found, rows)
                server.drop_database(tool)
                sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    main(parser.parse_args().rows)
