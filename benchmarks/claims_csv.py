"""The CSV of many claims from `recoup serve` over HTTP: MB a second, and memory.

    .venv/bin/python -m benchmarks.claims_csv --claims 100000

Beside it stands what PostgreSQL alone takes to write the columns of the same claims as they are stored
(COPY to CSV, in the same order, received and thrown away). MB are millions of bytes before compression.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

import httpx2
import psycopg

from benchmarks.claims_page import add_claims, vacuum
from benchmarks.processor import spent
from benchmarks.service import Installation, Process, Seller, installation
from recoup.db.engine import Database

_STORED = """copy (
    select claim_id, type, status, confidence, marketplace_id, sku, fnsku, asin, order_id, quantity, amount,
        currency, amount_basis, amount_missing, event_on, fileable_from, deadline, window_note, case_id, note,
        reason, key, evidence -> 'rows', connection_id, policy_version, rule_version, detected_at, filed_at,
        stage, hold_reason, answer_reason, paid_amount, paid_units
    from claim order by detected_at desc, claim_id desc
) to stdout with (format csv)"""


def download(api: Process, seller: Seller, *, packed: bool) -> tuple[int, float]:
    """Bytes of the CSV and seconds."""
    headers = {
        "authorization": f"Bearer {seller.token}",
        "accept": "text/csv",
        "accept-encoding": "gzip" if packed else "identity",
    }
    unpack = zlib.decompressobj(wbits=31)
    began, size = time.perf_counter(), 0
    with (
        httpx2.Client(base_url=api.address, timeout=120, trust_env=False) as client,
        client.stream("GET", "/api/recoveries", headers=headers) as answer,
    ):
        answer.raise_for_status()
        for piece in answer.iter_raw():
            size += len(unpack.decompress(piece) if packed else piece)
    return size, time.perf_counter() - began


def copy(url: str) -> tuple[int, float]:
    """Bytes and seconds."""
    began = time.perf_counter()
    with psycopg.connect(url) as conn, conn.cursor().copy(_STORED) as rows:
        size = sum(map(len, rows))
    return size, time.perf_counter() - began


def processor_seconds(api: Process) -> float:
    """Of the server until now."""
    fields = Path(f"/proc/{api.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def largest_mb(api: Process) -> float:
    """The largest size of the server so far."""
    lines = Path(f"/proc/{api.pid}/status").read_text().splitlines()
    (most,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(most) / 1000


def measure(here: Installation, api: Process, seller: Seller, rounds: int) -> Iterator[str]:
    before = largest_mb(api)
    ways: dict[str, Callable[[], tuple[int, float]]] = {
        "COPY, as stored": partial(copy, here.url),
        "CSV": partial(download, api, seller, packed=False),
        "CSV, gzip": partial(download, api, seller, packed=True),
    }
    for number, (name, run) in product(range(1, rounds + 1), ways.items()):
        earlier = processor_seconds(api)
        with spent(here.folder) as used:
            size, seconds = run()
        own = processor_seconds(api) - earlier
        yield (
            f"{number}  {name:<16} {size / 1e6:6.1f} MB {seconds:5.1f} s {size / 1e6 / seconds:5.1f} MB/s"
            f"  processor: server {own:4.1f} s, PostgreSQL {used.postgres:4.1f} s, client {used.own:4.1f} s"
        )
    yield f"largest size of the server: {before:.0f} MB before, {largest_mb(api):.0f} MB after"
    yield f"load: {' '.join(f'{one:.1f}' for one in os.getloadavg())}"


def main() -> None:
    """Measure on an embedded server of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--claims", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with installation(orders=1) as here:
        (seller,) = here.sellers(["A1"])
        asyncio.run(_fill(here.url, seller, options.claims))
        with here.running("serve", "--no-worker", "--port", "0") as api:
            for line in measure(here, api, seller, options.rounds):
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()


async def _fill(url: str, seller: Seller, claims: int) -> None:
    database = Database(url)
    await add_claims(database, 3 * [seller.connection_id], claims)
    await database.close()
    await vacuum(url)


if __name__ == "__main__":
    main()
