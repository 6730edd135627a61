"""docs/data.md with pandas and DuckDB, which are fetched: `make clients` runs this, and so does the build."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.docs.conftest import Workbench, blocks

UV = (str(Path(sys.executable).with_name("uv")), "run", "--no-project", "--isolated")
TOOLS = ("pandas==2.3.3", "duckdb==1.4.2", "sqlalchemy==2.0.44", "psycopg[binary]==3.2.12")


def test_pandas_and_duckdb_read_it(workbench: Workbench) -> None:
    """As written: money by month from the views, movements from the files."""
    address = workbench.shell(".venv/bin/recoup db url --read-only").strip()
    workbench.shell(".venv/bin/recoup export export")
    environ = {name: value for name, value in workbench.environ.items() if name != "PYTHONPATH"}
    told = []
    for script in blocks("data.md", "python"):
        done = subprocess.run(
            [*UV, *(part for tool in TOOLS for part in ("--with", tool)), "python", "-c", script],
            cwd=workbench.folder,
            env={**environ, "DB": address},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)

    assert "USD" in told[0]
    assert "Shipments" in told[1]
