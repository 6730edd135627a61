"""`recoup export` of a long ledger beside PostgreSQL's own COPY: rows a second, and memory.

    python benchmarks/export.py [--rows 5000000]

A ledger of so many rows is made in an embedded database of its own. COPY to CSV, received and thrown
away by this process, is the measure; the exports run as people run them, each in a process of its own,
whose largest size is what the kernel says of it. Ratios count, not seconds: see docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.migrations.upgrade import upgrade

_ROWS = 5_000_000
_FILL = """
insert into ledger (connection_id, event_on, source_line, fnsku, asin, msku, product_name, event_type,
    reference_id, quantity, fulfillment_center, disposition, reason, country, reconciled_quantity,
    unreconciled_quantity, store, source)
select 'conn_1', date '2025-12-01' + (n %% 360)::int, n, 'X00' || n %% 20000, 'B00' || n %% 20000,
    'RC-' || n %% 20000, 'Kitchen scale, stainless steel, number ' || n %% 20000,
    (array['Shipments', 'Receipts', 'Adjustments', 'CustomerReturns'])[1 + n %% 4], 'T-' || n,
    1 - (n %% 3)::int, 'ABE' || n %% 9, 'SELLABLE', 'M', 'US', 0, 1, '',
    'GET_LEDGER_DETAIL_VIEW_DATA 501 amzn1.spdoc.1'
from generate_series(1, %s) n
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=_ROWS)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="recoup-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with EmbeddedServer(folder / "data") as server:
            upgrade(Database(server.url()))
            _fill(server, rows)
            print(f"{rows:,} rows of the ledger")
            plain = _copy(server)
            print(f"COPY to CSV, thrown away    {rows / plain:>12,.0f} rows/s")
            # The smallest first: the kernel tells only the largest size of all children so far.
            _, nothing = _export(folder, "csv", "activity", server)
            for form in ("csv", "parquet"):
                seconds, megabytes = _export(folder, form, "ledger", server)
                print(
                    f"recoup export --format {form:<8}{rows / seconds:>9,.0f} rows/s, "
                    f"{seconds / plain:.1f} times COPY, at most {megabytes:,.0f} MB"
                )
            print(f"the same of no rows: {nothing:,.0f} MB")


def _fill(server: EmbeddedServer, rows: int) -> None:
    with psycopg.connect(server.superuser_url(), autocommit=True) as conn:
        conn.execute("insert into workspace (workspace_id, name) values ('w', 'w')")
        conn.execute(
            "insert into amazon_connection (connection_id, workspace_id, selling_partner_id, region, "
            "environment, marketplace_ids, status, authorized_at) "
            "values ('conn_1', 'w', 'A1', 'NA', 'local', '{}', 'active', now())"
        )
        conn.execute(_FILL, [rows])
        conn.execute("vacuum analyze ledger")


def _copy(server: EmbeddedServer) -> float:
    began = time.monotonic()
    with (
        psycopg.connect(server.superuser_url()) as conn,
        conn.cursor() as cursor,
        cursor.copy("copy (select * from ledger) to stdout with (format csv, header)") as copy,
    ):
        for _ in copy:
            pass
    return time.monotonic() - began


def _export(folder: Path, form: str, table: str, server: EmbeddedServer) -> tuple[float, float]:
    """Seconds, and the largest size in MB of the command."""
    began = time.monotonic()
    subprocess.run(
        [
            *(sys.executable, "-m", "recoup", "export", str(folder / form)),
            *("--format", form, "--table", table, "--user", "w"),
        ],
        env={"RECOUP_DATABASE_URL": server.url(), "RECOUP_DATA_DIR": str(folder), **_PATHS},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return time.monotonic() - began, largest


_PATHS = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"}

if __name__ == "__main__":
    main()
