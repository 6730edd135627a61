"""What small, hostile answers of Amazon's side cost: time and peak memory, each in a process of its own.

    python benchmarks/bombs.py                  # this checkout
    PYTHONPATH=<other checkout>/src python benchmarks/bombs.py    # an older recoup

A bomb that takes longer than the patience is killed and shown as such.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recoup.config import Settings
from recoup.connections.queries import save_connection
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.ids import SyncId, first_workspace_id
from recoup.logs import configure_logs
from recoup.migrations.upgrade import upgrade
from recoup.spapi.answers import classify, parse_json
from recoup.spapi.documents import spool_of
from recoup.spapi.operations.finances import LIST_TRANSACTIONS
from recoup.spapi.transport import Reply, exchange, new_http_client
from recoup.streams._stream import Request
from recoup.streams.returns import STREAM as RETURNS
from recoup.streams.transactions import STREAM as TRANSACTIONS
from recoup.sync.access import SellerAccess
from recoup.sync.loading.file import load_report
from recoup.sync.loading.page import parse_page
from recoup.sync.loading.target import FileTarget
from recoup.users.queries import add_user

_MIB = 1024 * 1024
_RETURNS = (
    "return-date", "order-id", "sku", "asin", "fnsku", "product-name", "quantity",
    "fulfillment-center-id", "detailed-disposition", "reason", "status", "license-plate-number",
)  # fmt: skip


async def number(_url: str, _folder: Path) -> None:
    """A page of 2 KB: twelve transactions with the amount 1e99999999."""
    item = (
        b'{"transactionId":"T","transactionType":"Shipment","postedDate":"2026-11-01T00:00:00Z",'
        b'"totalAmount":{"currencyAmount":1e99999999,"currencyCode":"USD"}}'
    )
    body = parse_json(b"[" + b",".join([item] * 12) + b"]")
    assert TRANSACTIONS.api is not None
    parse_page(TRANSACTIONS, TRANSACTIONS.api, Request(("ATVPDKIKX0DER",), None, None), body)


async def answer(_url: str, _folder: Path) -> None:
    """An answer of 0.5 MB that unpacks to 500 MB of JSON."""
    body = _packed(b'{"payload":"', b"x" * _MIB, 500, b'"}')
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(body)}\r\n\r\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, new_http_client() as http:
        reply = await exchange(
            http,
            "GET",
            f"http://127.0.0.1:{port}/",
            operation="bomb",
            within=timedelta(minutes=2),
        )
        parse_json(reply.content)


async def words(_url: str, _folder: Path) -> None:
    """An error text of 52 KB."""
    body = json.dumps({"errors": [{"code": "x", "message": "access token " * 4000}]}).encode()
    classify(LIST_TRANSACTIONS, Reply(403, {}, body))


async def blank_lines(url: str, folder: Path) -> None:
    """A file of 6 KB that unpacks to a header and six million blank lines."""
    await _load(url, folder, _packed(_file(), b"\n" * 1_000_000, 6, b""))


async def file_of_nothing(url: str, folder: Path) -> None:
    """A file of 25 KB, packed twice, that unpacks to 6 GB of blank lines above the header."""
    member = _packed(b"", b"\n" * _MIB, 64, b"")
    await _load(url, folder, _packed(b"", member, 96, b""))


def _packed(first: bytes, piece: bytes, times: int, last: bytes) -> bytes:
    """Compressed without holding what it unpacks to."""
    packer = zlib.compressobj(9, wbits=31)
    pieces = [packer.compress(one) for one in (first, *[piece] * times, last)]
    return b"".join([*pieces, packer.flush()])


def _file() -> bytes:
    good = ["2026-11-01T00:00:00Z", "1", "S", "B", "X", "Mug", "1", "PHX7", "SELLABLE", "", "", "L"]
    return ("\t".join(_RETURNS) + "\n" + "\t".join(good) + "\n").encode()


async def _load(url: str, folder: Path, content: bytes) -> None:
    database = Database(url)
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
    assert RETURNS.report is not None
    target = FileTarget(
        stream=RETURNS,
        report=RETURNS.report,
        connection_id=connection.connection_id,
        sync_id=SyncId("bench"),
        scope="",
        marketplace_ids=("ATVPDKIKX0DER",),
        source="returns bench bench",
        seen_at=datetime.now(UTC),
    )
    try:
        with spool_of(content, "text/plain", is_compressed=True) as spool:
            async with database.writing() as conn:
                await load_report(conn, target, spool)
    finally:
        await access.close()
        await database.close()


BOMBS: dict[str, Callable[[str, Path], Awaitable[None]]] = {
    one.__name__: one for one in (number, answer, words, blank_lines, file_of_nothing)
}


async def measure(name: str, url: str, folder: Path) -> None:
    """One bomb in this process; prints its seconds, peak memory and end as JSON."""
    configure_logs(log_format="console", level="error")
    end = "taken"
    began = time.monotonic()
    try:
        await BOMBS[name](url, folder)
    except Exception as exc:  # noqa: BLE001 - what it ends in is the result
        end = f"{type(exc).__name__}: {exc}"[:160]
    seconds = time.monotonic() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb, "end": end}))


def main(names: list[str], patience: float) -> None:
    with tempfile.TemporaryDirectory(prefix="recoup-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        (folder / "data").mkdir(mode=0o711)
        with EmbeddedServer(folder / "data") as server:
            for bomb in names or BOMBS:
                server.create_database(bomb)
                upgrade(Database(server.url(bomb)))
                command = [sys.executable, __file__, "--measure", bomb, server.url(bomb), name]
                try:
                    done = subprocess.run(
                        command, check=True, capture_output=True, text=True, timeout=patience
                    )
                except subprocess.TimeoutExpired:
                    print(f"{bomb:16} more than {patience:.0f} s")
                    continue
                told = json.loads(done.stdout)
                print(
                    f"{bomb:16} {told['seconds']:8.2f} s  peak {told['peak_mb']:6.0f} MB  {told['end']}"
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bombs", nargs="*", help="only these")
    parser.add_argument("--patience", type=float, default=180, help="seconds for each bomb")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        bomb, url, folder = options.measure
        asyncio.run(measure(bomb, url, Path(folder)))
    else:
        main(options.bombs, options.patience)
