"""How fast a report's file is loaded, and in how much memory.

A ledger of a year is generated as a stream into a file. Three ways to load it are compared: a bare
COPY into a text table; that COPY and one plain INSERT ... SELECT with casts into a table with the
ledger's key and indexes, without any check; and `load_report` into the ledger itself.
Each is a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from recoup.config import Settings
from recoup.connections.queries import save_connection
from recoup.db.copy import copy_in
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.ids import ConnectionId, SyncId, first_workspace_id
from recoup.logs import configure_logs
from recoup.migrations.upgrade import upgrade
from recoup.spapi.documents import Spool
from recoup.streams._window import Days
from recoup.streams.ledger import STREAM
from recoup.sync.access import SellerAccess
from recoup.sync.loading.file import load_report
from recoup.sync.loading.target import FileTarget
from recoup.users.queries import add_user

_HEADER = (
    "Date", "FNSKU", "ASIN", "MSKU", "Title", "Event Type", "Reference ID", "Quantity",
    "Fulfillment Center", "Disposition", "Reason", "Country", "Reconciled Quantity",
    "Unreconciled Quantity", "Date and Time", "Store",
)  # fmt: skip
_FIRST_DAY = date(2025, 11, 1)
_PIECE_BYTES = 512 * 1024
_PLAIN_INSERT = """
insert into plain_ledger
select '{connection}', c1::date, source_line, c2, c3, c4, c5, c6, c7, c8::int, c9, c10, c11, c12,
    c13::int, c14::int, c16, 'plain'
from plain_file
"""


def lines(rows: int) -> Iterator[str]:
    """The file's lines: quoted, as the ledger comes, a year of days in order."""
    yield _quoted(_HEADER)
    for n in range(rows):
        day = _FIRST_DAY + timedelta(days=n * 365 // rows)
        sku = n * 7919 % 4000
        yield _quoted(
            (
                f"{day:%m/%d/%Y}", f"X00{sku:07}", f"B0{sku:08}", f"SKU-{sku:05}",
                f"Stainless mug with a lid, 450 ml, colour {sku % 40}", "Adjustments",
                str(13_000_000_000 + n), str(-1 - n % 3), f"PHX{n % 9}", "SELLABLE", "MFPEQ"[n % 5],
                "US", "", str(n % 2), f"{day}T00:00:00-0800", "",
            )
        )  # fmt: skip


def _quoted(cells: tuple[str, ...]) -> str:
    return '"' + '"\t"'.join(cells) + '"\n'


def write_file(path: Path, rows: int, *, compressed: bool) -> None:
    """Write piece by piece: nothing but a piece is in memory."""
    with gzip.open(path, "wb", 1) if compressed else path.open("wb") as file:
        held: list[str] = []
        for number, line in enumerate(lines(rows)):
            held.append(line)
            if number % 5000 == 0:
                file.write("".join(held).encode())
                held = []
        file.write("".join(held).encode())


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        file.readline()
        while piece := file.read(_PIECE_BYTES):
            yield piece


async def copy_only(database: Database, path: Path, *, insert: str | None) -> float:
    """Seconds of a COPY into text columns, and of a plain INSERT from there when given."""
    columns = [f"c{n}" for n in range(1, len(_HEADER) + 1)]
    async with database.writing() as conn:
        # A worker may not make tables (docs/security.md).
        await conn.execute(text("set local role none"))
        await conn.execute(
            text(
                "create temp table plain_file (source_line bigint generated always as identity, "
                f"{', '.join(f'{c} text' for c in columns)}) on commit drop"
            )
        )
        if insert:
            await conn.execute(
                text("create table plain_ledger (like ledger including indexes including defaults)")
            )
            await conn.execute(text("alter table plain_ledger drop column loaded_at"))
        began = time.monotonic()
        await copy_in(conn, "plain_file", columns, _pieces(path), delimiter="\t", quoted=True)
        if insert:
            await conn.execute(text(insert))
    return time.monotonic() - began


async def load(database: Database, path: Path, connection_id: ConnectionId) -> tuple[float, int]:
    """Seconds and rows of `load_report`, committed."""
    report = STREAM.report
    assert report is not None
    target = FileTarget(
        stream=STREAM,
        report=report,
        connection_id=connection_id,
        sync_id=SyncId("bench"),
        scope="",
        marketplace_ids=("ATVPDKIKX0DER",),
        source="ledger bench bench",
        seen_at=datetime.now(UTC),
        days=Days(_FIRST_DAY, None),
    )
    with path.open("rb") as file:
        spool = Spool(file, "text/plain", "utf-8", path.suffix == ".gz", size_bytes=0)
        began = time.monotonic()
        async with database.writing() as conn:
            loaded = await load_report(conn, target, spool)
        return time.monotonic() - began, loaded.loaded


async def measure(way: str, url: str, path: Path, connection_id: ConnectionId) -> None:
    """One way in this process; prints its seconds, rows and peak memory as JSON."""
    configure_logs(log_format="console", level="warning")
    database = Database(url)
    rows = 0
    match way:
        case "copy":
            seconds = await copy_only(database, path, insert=None)
        case "plain":
            insert = _PLAIN_INSERT.format(connection=connection_id)
            seconds = await copy_only(database, path, insert=insert)
        case _:
            seconds, rows = await load(database, path, connection_id)
    await database.close()
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "rows": rows, "peak_mb": peak_bytes / 1e6}))


async def connect(database: Database, folder: Path) -> ConnectionId:
    """A seller's account to load for."""
    access = SellerAccess(Settings(data_dir=folder))
    async with database.writing() as conn:
        user = await add_user(conn, "bench@example.com")
        connection = await save_connection(
            conn,
            first_workspace_id(user.user_id),
            selling_partner_id="A1SELLER",
            region="NA",
            environment="local",
            marketplace_ids=("ATVPDKIKX0DER",),
            refresh_token_sealed=access.seal("Atzr|bench"),
        )
    await access.close()
    return connection.connection_id


def run_apart(way: str, url: str, path: Path, connection_id: ConnectionId) -> dict[str, float]:
    """One way in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--measure", way, url, str(path), connection_id]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main(rows: int, *, compressed: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="recoup-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        path = folder / ("ledger.tsv.gz" if compressed else "ledger.tsv")
        write_file(path, rows, compressed=compressed)
        (folder / "data").mkdir(mode=0o711)
        with EmbeddedServer(folder / "data") as server:
            results = {}
            for way in ("load",) if compressed else ("copy", "plain", "load"):
                server.create_database(way)
                database = Database(server.url(way))
                upgrade(database)
                connection_id = asyncio.run(connect(Database(server.url(way)), folder))
                results[way] = run_apart(way, server.url(way), path, connection_id)
                server.drop_database(way)
        _tell(results, rows, path.stat().st_size)


def _tell(results: dict[str, dict[str, float]], rows: int, size: int) -> None:
    print(f"{rows:,} rows, {size / 1e6:,.0f} MB")
    for way, result in results.items():
        rate = rows / result["seconds"]
        print(
            f"{way:6} {result['seconds']:7.1f} s {rate:10,.0f} rows/s  peak {result['peak_mb']:.0f} MB"
        )
    if "plain" in results:
        share = results["plain"]["seconds"] / results["load"]["seconds"]
        print(f"load_report reaches {share:.0%} of COPY and a plain INSERT (bar: 60 %)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--compressed", action="store_true", help="load a .gz, load_report only")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        way, url, file, connection = options.measure
        asyncio.run(measure(way, url, Path(file), ConnectionId(connection)))
    else:
        main(options.rows, compressed=options.compressed)
