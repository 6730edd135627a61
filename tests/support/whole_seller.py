"""A whole seller of the sandbox, a double with the same names, and many clones with names of their own.

The sandbox plants a claim of every type. A double has every order, product and shipment of the seller
with other numbers, and rows of every kind that name what the seller claims. Clones make the seller as
large as a plan needs to be judged.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Integer, Numeric, Table, text

from recoup.claims.detection.detect import detect
from recoup.claims.detection.window_and_value import last_local_day
from recoup.claims.tables import claim
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database, Writer
from recoup.db.metadata import METADATA
from recoup.ids import ConnectionId
from recoup.streams import all_streams
from tests.support.claim_reads import STREAM_TABLES
from tests.support.lab import open_lab

DOUBLE = ConnectionId("conn_double")
_TABLES = [METADATA.tables[name] for name in sorted({*STREAM_TABLES, "sourcing_cost"})]
_NAMES = ("_id", "sku", "asin", "tracking_number")
_OURS = {"connection_id", "marketplace_id", "source_line", "occurrence"}
# Names of what is claimed, by the columns that hold them in the tables of streams.
_CLAIMED = {
    "order_id": "c.order_id",
    "original_order_id": "c.order_id",
    "sku": "c.sku",
    "msku": "c.sku",
    "fnsku": "c.fnsku",
    "asin": "c.asin",
    "shipment_id": "c.key ->> 'shipmentId'",
    "tracking_number": "c.key ->> 'trackingNumber'",
    "reimbursement_id": "c.key ->> 'reimbursementId'",
}
# What is of the detection and not of the claim.
_OF_THE_RUN = (
    "detected_at",
    "confirmed_at",
    "is_found",
    "status_at",
    "filed_at",
    "allocation_id",
)


@dataclass(frozen=True)
class WholeSeller:
    """What a whole sync has brought. day: the one by which its detection judged."""

    database: Database
    connection_id: ConnectionId
    marketplace_id: str
    day: date


@dataclass(frozen=True)
class StoredSeller:
    """A database with a whole seller in it and without claims, to make others from."""

    template: str
    connection_id: ConnectionId
    marketplace_id: str
    day: date


def store_whole_seller(postgres: EmbeddedServer, template: str, folder: Path) -> StoredSeller:
    """Sync a sandbox's seller. It takes about ten seconds, so once in a run is enough."""
    name = f"seller_{folder.name}"
    postgres.create_database(name, template=template)
    return asyncio.run(_sync(Database(postgres.url(name)), name, folder))


async def _sync(database: Database, name: str, folder: Path) -> StoredSeller:
    async with open_lab(database, folder, orders=120, speed=20000, streams=all_streams()) as lab:
        await lab.know_the_rates()
        sync = await lab.sync()
        connection = lab.connection
        now = await lab.advance("PT1S")
        async with database.reading() as conn:
            day = await last_local_day(conn, connection.connection_id, now)
    await database.close()
    assert sync.status == "complete", sync.error
    return StoredSeller(name, connection.connection_id, connection.marketplace_ids[0], day)


@asynccontextmanager
async def whole_seller(
    postgres: EmbeddedServer, stored_seller: StoredSeller, name: str
) -> AsyncIterator[WholeSeller]:
    """The seller in a database of this name, which is gone afterwards."""
    postgres.create_database(name, template=stored_seller.template)
    database = Database(postgres.url(name))
    yield WholeSeller(
        database, stored_seller.connection_id, stored_seller.marketplace_id, stored_seller.day
    )
    await database.close()
    postgres.drop_database(name)


@asynccontextmanager
async def seller_with_claims(
    postgres: EmbeddedServer, stored_seller: StoredSeller, name: str
) -> AsyncIterator[WholeSeller]:
    """The same with costs, and a claim of every type."""
    async with whole_seller(postgres, stored_seller, name) as one:
        async with one.database.writing() as conn:
            await conn.execute(
                text(
                    "insert into sourcing_cost (connection_id, sku, fnsku, valid_from, cost, currency, "
                    "entered_by) select connection_id, '', fnsku, date '2020-01-01', 15, 'USD', 'test' "
                    "from inventory group by connection_id, fnsku"
                )
            )
            await detect(conn, one.connection_id, one.day)
        yield one


@asynccontextmanager
async def undone(seller: WholeSeller) -> AsyncIterator[Writer]:
    """A transaction that leaves nothing."""
    async with seller.database.writing() as conn:
        outer = await conn.begin_nested()
        yield conn
        await outer.rollback()


async def add_double(conn: Writer, seller: ConnectionId) -> None:
    """Another seller with all names of this one, and more rows about everything it claims.

    It has filed all these claims, its parcels have arrived, and its unreadable rows name everything.
    """
    await conn.execute(
        text(
            "insert into amazon_connection (connection_id, workspace_id, selling_partner_id, region, "
            "environment, marketplace_ids, status, authorized_at) select :double, workspace_id, 'A2', region, "
            "environment, marketplace_ids, status, authorized_at from amazon_connection "
            "where connection_id = :seller"
        ),
        {"double": DOUBLE, "seller": seller},
    )
    for table in _TABLES:
        await _copy(
            conn, table, _other_number, f"{table.name} as t where connection_id = :seller", seller
        )
        if table.name not in STREAM_TABLES:
            continue
        # Rows of all sorts, and for each type a claim that all of them name.
        rows = (
            f"(select * from {table.name} where connection_id = :seller "
            f"order by md5(cast({table.name} as text)) limit 20) as t cross join "
            "(select distinct on (type) * from claim where connection_id = :seller order by type, key) as c"
        )
        await _copy(conn, table, _claimed_name, rows, seller)
    await _add_claims(conn, seller)
    await _add_unreadable(conn, seller)


async def add_clones(conn: Writer, seller: ConnectionId, count: int) -> None:
    """So many times more of everything, each with names of its own; analyzed."""
    for table in _TABLES:
        rows = f"{table.name} as t cross join generate_series(1, {count}) as n where connection_id = :seller"
        await _copy(conn, table, _own_name, rows, seller, into=seller)
        await conn.execute(text(f"analyze {table.name}"))


async def _copy(
    conn: Writer,
    table: Table,
    value_of: Callable[[Column[Any]], str],
    rows: str,
    seller: ConnectionId,
    *,
    into: ConnectionId = DOUBLE,
) -> None:
    columns = [column for column in table.columns if column.computed is None]
    names = [column.name for column in columns]
    values = [":into" if column.name == "connection_id" else value_of(column) for column in columns]
    await conn.execute(
        text(
            f"insert into {table.name} ({', '.join(names)}) select {', '.join(values)} from {rows} "
            "on conflict do nothing"
        ),
        {"seller": seller, "into": into},
    )


def _other_number(column: Column[Any]) -> str:
    if column.primary_key or column.name in _OURS:
        return f"t.{column.name}"
    if isinstance(column.type, Integer):
        return f"t.{column.name} + 1"
    return f"t.{column.name} * 3" if isinstance(column.type, Numeric) else f"t.{column.name}"


def _claimed_name(column: Column[Any]) -> str:
    if column.name == "source_line":
        return "t.source_line + 1000000 * dense_rank() over (order by c.type)"
    if column.name in _CLAIMED:
        return f"coalesce({_CLAIMED[column.name]}, t.{column.name})"
    return f"t.{column.name}"


def _own_name(column: Column[Any]) -> str:
    if column.name == "source_line":
        return "t.source_line + 1000000 * n"
    if column.name.endswith(_NAMES) and column.name not in _OURS:
        return f"case when t.{column.name} <> '' then t.{column.name} || '-' || n else t.{column.name} end"
    return f"t.{column.name}"


async def _add_claims(conn: Writer, seller: ConnectionId) -> None:
    """The double has filed all claims of the seller under a case, and its parcels have arrived."""
    told = {
        "claim_id": "'double_' || claim_id",
        "connection_id": ":double",
        "status": "'filed'",
        "stage": "'filed'",
        "filed_at": "now()",
        "case_id": "'4711'",
        "arrived": "true",
    }
    names = [column.name for column in claim.columns if column.computed is None]
    values = [told.get(name, name) for name in names]
    await conn.execute(
        text(
            f"insert into claim ({', '.join(names)}) select {', '.join(values)} from claim "
            "where connection_id = :seller"
        ),
        {"double": DOUBLE, "seller": seller},
    )


async def _add_unreadable(conn: Writer, seller: ConnectionId) -> None:
    """Rows of the double in quarantine that name what the seller claims."""
    found = await conn.execute(
        text(
            "select distinct name from claim cross join unnest(array[sku, fnsku, order_id]) as name "
            "where connection_id = :seller and name <> ''"
        ),
        {"seller": seller},
    )
    raw = json.dumps({"names": [*found.scalars()]})
    for stream in ("ledger", "reimbursements", "returns"):
        await conn.execute(
            text(
                "insert into quarantine (connection_id, stream, sync_id, reason, raw, raw_digest, source) "
                "values (:double, :stream, 'sync_1', 'a cell is no number', cast(:raw as jsonb), :stream, 'test')"
            ),
            {"double": DOUBLE, "stream": stream, "raw": raw},
        )


async def stored(conn: Writer, connection_id: ConnectionId) -> dict[tuple[str, str, str], Any]:
    """Claims, candidates and allocations of a connection by table, type and key, without their times."""
    found: dict[tuple[str, str, str], Any] = {}
    for table in ("claim", "claim_candidate", "claim_allocation"):
        rows = await conn.execute(
            text(
                f"select * from {table} where connection_id = :connection_id order by cast({table} as text)"
            ),
            {"connection_id": connection_id},
        )
        for row in rows.mappings():
            told = {name: value for name, value in row.items() if name not in _OF_THE_RUN}
            found.setdefault((table, row["type"], str(row["key"])), []).append(told)
    return found
