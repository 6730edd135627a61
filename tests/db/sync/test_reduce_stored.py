"""What earlier versions stored of buyers is gone after an upgrade, and what streams read is not."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from recoup.clock import utc_now
from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.sync.record.legal_hold_queries import set_legal_hold
from recoup.sync.retention.reduce import reduce_stored, reduced_row
from tests.api.rows import store_transactions
from tests.api.serving import new_connection, new_user
from tests.support.report_files import stream

MARK = "Erika Mustermann"
SETTLEMENTS = stream("settlements").report
LONG = timedelta(minutes=5)


def settlement_file() -> str:
    assert SETTLEMENTS is not None
    headers = [field.headers[0] for field in SETTLEMENTS.fields]
    lines = [[*headers, "buyer-name"], *([*(f"{n}" for _ in headers), MARK] for n in range(2))]
    return "\n".join("\t".join(line) for line in lines) + "\n"


@pytest.fixture
async def seller(database: Database, tmp_path: Path) -> Connection:
    """With a row in each place that names a person, as an earlier version stored it."""
    connection = await new_connection(
        database, Settings(data_dir=tmp_path), await new_user(database)
    )
    await store_transactions(database, connection.connection_id, range(3))
    tree = {
        "breakdownType": "Sales",
        "breakdownAmount": {"currencyAmount": "3.10", "currencyCode": "USD", "payer": MARK},
        "breakdowns": [{"breakdownType": "Tax", "breakdowns": None, "buyer": MARK}],
        "buyerName": MARK,
    }
    rows = {
        "orders": ("searchOrders 1", {"orderId": "1-1", "buyer": {"buyerName": MARK}}),
        "returns": (
            "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA 1",
            {"order-id": "2-2", "sku": "S", "customer-comments": MARK},
        ),
        "ledger": ("GET_LEDGER_DETAIL_VIEW_DATA 1", {"line": 7, "cells": ["a", MARK]}),
        "gone": ("x", {"name": MARK}),
    }
    async with database.writing() as conn:
        values: dict[str, object] = {"seller": connection.connection_id}
        await conn.execute(text("update amazon_connection set keeps_unread = true"))
        await conn.execute(
            text(
                "update transactions set breakdowns = cast(:tree as jsonb) "
                "where transaction_id = 'T-0001'"
            ),
            {"tree": json.dumps({"transaction": [tree], "items": [[tree]]})},
        )
        for name, (source, raw) in rows.items():
            await conn.execute(
                text(
                    "insert into quarantine (connection_id, stream, sync_id, reason, raw, raw_digest, "
                    "source) values (:seller, :name, 's', 'no number', cast(:raw as jsonb), :name, :source)"
                ),
                values | {"name": name, "source": source, "raw": json.dumps(raw)},
            )
        for name, content in (("good", settlement_file()), ("bad", f"buyer-name\n{MARK}\n")):
            await conn.execute(
                text(
                    "insert into report_archive (connection_id, report_type, report_id, document_id, "
                    "compression, content) values (:seller, :type, :name, 'd', 'GZIP', :content)"
                ),
                values
                | {
                    "name": name,
                    "type": SETTLEMENTS and SETTLEMENTS.report_type,
                    "content": gzip.compress(content.encode()),
                },
            )
    return connection


async def stored(database: Database) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """Rows of the quarantine, trees, and files."""
    async with database.reading() as conn:
        rows = await conn.execute(text("select stream, raw from quarantine"))
        trees = await conn.execute(text("select transaction_id, breakdowns from transactions"))
        files = await conn.execute(text("select report_id, content from report_archive"))
        return (
            {row.stream: row.raw for row in rows},
            {row.transaction_id: row.breakdowns for row in trees},
            {row.report_id: gzip.decompress(row.content).decode() for row in files},
        )


async def test_what_no_stream_reads_is_gone(database: Database, seller: Connection) -> None:
    """From rows that could not be read, from trees of amounts and from files; the rest is as it was."""
    await reduce_stored(database, now=utc_now, at_most=LONG)
    rows, trees, files = await stored(database)

    assert MARK not in json.dumps([rows, trees, files])
    assert rows == {
        "orders": {"orderId": "1-1"},
        "returns": {"order-id": "2-2", "sku": "S"},
        "ledger": {"line": 7, "cells": 2},
        "gone": {},
    }
    tree = {
        "breakdownType": "Sales",
        "breakdownAmount": {"currencyAmount": "3.10", "currencyCode": "USD"},
        "breakdowns": [{"breakdownType": "Tax", "breakdowns": None}],
    }
    assert trees == {
        "T-0000": {},
        "T-0001": {"transaction": [tree], "items": [[tree]]},
        "T-0002": {},
    }
    assert files.keys() == {"good"}
    kept = [line.rpartition("\t")[0] for line in settlement_file().splitlines()]
    assert files["good"].splitlines() == kept


async def test_it_is_done_once_and_goes_on_when_it_was_interrupted(
    database: Database, seller: Connection
) -> None:
    """Without time it begins nothing more and is not done; afterwards a row that came since is left."""
    undone = "select count(*) from amazon_connection where keeps_unread"
    moments = iter([utc_now(), *(utc_now() + 2 * LONG for _ in range(9))])
    await reduce_stored(database, now=lambda: next(moments), at_most=LONG)
    async with database.reading() as conn:
        assert (await conn.execute(text(undone))).scalar_one() == 1

    await reduce_stored(database, now=utc_now, at_most=LONG)
    async with database.reading() as conn:
        assert (await conn.execute(text(undone))).scalar_one() == 0


async def test_a_legal_hold_keeps_it(database: Database, seller: Connection) -> None:
    """What must not be deleted is not reduced either."""
    before = await stored(database)
    async with database.writing() as conn:
        await set_legal_hold(conn, seller.workspace_id, None, "a suit")
    await reduce_stored(database, now=utc_now, at_most=LONG)

    assert await stored(database) == before


@pytest.mark.parametrize("raw", [{"row": "... (cut: 9 characters)"}, {"nested": "too deep"}])
def test_what_was_cut_whole_stays_told(raw: dict[str, str]) -> None:
    """It says that there was something; a replay leaves it alone for that."""
    assert reduced_row("orders", "searchOrders 1", raw) == raw
