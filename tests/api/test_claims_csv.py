"""The CSV of claims, which PostgreSQL works out, beside the body of a claim, which defines it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from itertools import islice, product
from typing import Any

import pytest
from sqlalchemy import insert

from recoup.api.body_csv import cells_of
from recoup.api.csv_text import csv_lines
from recoup.api.paging import all_csv
from recoup.api.recoveries import SHEET, sheet_rows
from recoup.claims.answers import Reason
from recoup.claims.bodies.claim import claim_body
from recoup.claims.reading.cells import CellReader
from recoup.claims.reading.claims import ClaimSelection, list_claims
from recoup.claims.reading.sort import Order, Sort
from recoup.claims.stages import STATUSES, STEPS_IN_WORDS, Stage
from recoup.claims.tables import claim
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from tests.api.claim_rows import TODAY, UK, US, claim_row, day

AUSTRALIA, UNKNOWN = "A39IBJ37TRP1C6", "A0UNKNOWN"
MOST = 10_000


def combinations() -> Iterator[dict[str, Any]]:
    """All that decides windows, stages and next actions, on both sides of each border."""
    places = (US, UK, AUSTRALIA, UNKNOWN, None)
    for number, (stages, deadline, fileable_from, confidence, waiting_since, paid) in enumerate(
        product(
            [(stage, status) for stage, statuses in STATUSES.items() for status in statuses],
            (None, day(-1), day(0), day(1)),
            (None, day(0), day(1)),
            ("0.4999", "0.50", "0.85"),
            (None, day(-14), day(-13), day(1)),
            ((None, None, None), (Decimal("0.00"), "USD", 0), (Decimal("1.5"), "USD", 2)),
        )
    ):
        yield {
            "marketplace_id": places[number % len(places)],
            "stage": stages[0].value,
            "status": stages[1].value,
            "hold_reason": "an invoice" if stages[0] is Stage.ON_HOLD else None,
            "deadline": deadline,
            "fileable_from": fileable_from,
            "confidence": Decimal(confidence),
            "waiting_since": waiting_since,
            "paid_amount": paid[0],
            "paid_currency": paid[1],
            "paid_units": paid[2],
        }


ODD_TEXTS = (
    *("", " ", "a,b", 'say "no"', "two\nlines", "two\r\nlines", "a;b", "-5", "1e5", "\\.", "NULL"),
    *("=1+1", "+1", "-1", "@x", "\t=1", "\n=1", "\r", "a;=1", "a; =1", 'a;"=1', "a|-1", "a\t@x"),
    *("\uff1d1", "x;\uff0b1", "\u3000\uff0d1", "\xa0=1", "größer", "日本語,\U0001f600", "\u2028"),
)
ODD_ROWS: tuple[dict[str, Any], ...] = (
    {},
    {"rows": []},
    {"rows": [{"table": "ledger"}, {"source": "", "table": "orders", "source_line": 0}]},
    {"rows": [{"source": None, "source_line": 3}, {"source": "=a", "source_line": None}, {}]},
    {"rows": [{"source": 'a "b", c', "source_line": 7}, {"source": "ü\n-1"}]},
)
ODD_AMOUNTS = ("0", "0.000", "1.500", "12.3400000", "1.23456", "0.0000001", "-5", "-0.10", "1e20")


def oddities() -> Iterator[dict[str, Any]]:
    """Texts, numbers and times that files of spreadsheets often get wrong."""
    for text in ODD_TEXTS:
        yield {"sku": text, "note": text, "window_note": text, "reason": text, "case_id": text}
        yield {"key": {"n": text, text: None, "list": [1, True, text]}, "hold_reason": None}
    yield from ({"evidence": evidence} for evidence in ODD_ROWS)
    for amount in ODD_AMOUNTS:
        yield {"amount": Decimal(amount), "paid_amount": Decimal(amount), "paid_currency": "EUR"}
    yield {"amount": None, "amount_missing": "=why"}
    yield {"currency": "EUR", "amount": None, "amount_missing": "no cost"}
    yield from ({"confidence": Decimal(one)} for one in ("0", "1", "1.000", "0.00001", "0.1234567"))
    for microsecond in (0, 999, 1000, 123_456, 999_999):
        at = datetime(2026, 3, 1, 23, 59, 59, microsecond, UTC)
        yield {"detected_at": at, "filed_at": at}
    yield from (
        {"answer_reason": one.value, "stage": "denied", "status": "rejected"} for one in Reason
    )


async def store(
    database: Database, connection: Connection, claims: Iterator[dict[str, Any]]
) -> int:
    rows = [
        claim_row(connection.connection_id, number)
        | {"stage": "found", "status": "detected", "detected_at": datetime(2026, 1, 1, tzinfo=UTC)}
        | dict.fromkeys(("filed_at", "case_id", "note", "hold_reason", "answer_reason"))
        | dict.fromkeys(("waiting_since", "paid_amount", "paid_currency", "paid_units"))
        | one
        | {"key": {"number": number, **one.get("key", {})}}
        for number, one in enumerate(claims)
    ]
    async with database.writing() as conn:
        await conn.execute(insert(claim), rows)
    return len(rows)


async def both(database: Database, connection: Connection, now: datetime) -> tuple[bytes, bytes]:
    """The file, and what it must be: the header and the cells of each claim's body."""
    selection = ClaimSelection(connection.workspace_id, now)
    async with database.reading() as conn:
        rows = await list_claims(conn, selection, Order(Sort.DEADLINE, now), limit=MOST)
    wanted = csv_lines([SHEET.header, *(cells_of(claim_body(row)) for row in rows)])
    return await all_csv(database, sheet_rows(selection, Sort.DEADLINE), SHEET), wanted


@pytest.mark.parametrize("hour", [0, 12, 23])
async def test_the_cells_say_what_the_body_says(
    database: Database, connection: Connection, hour: int
) -> None:
    """In each stage, window and wait, whatever the day is in the marketplace."""
    count = await store(database, connection, combinations())

    file, wanted = await both(database, connection, datetime.combine(TODAY, time(hour, 30), UTC))

    assert file.splitlines() == wanted.splitlines()
    assert len(file.splitlines()) == count + 1
    assert not [words for words in STEPS_IN_WORDS.values() if words.encode() not in file]


async def test_odd_values_are_written_as_ever(database: Database, connection: Connection) -> None:
    """Quotes, line breaks, formulas, trailing zeros, microseconds and nothing at all."""
    count = await store(database, connection, oddities())

    file, wanted = await both(database, connection, datetime.combine(TODAY, time(12), UTC))

    assert file == wanted
    assert len(wanted) > 100 * count


@pytest.mark.parametrize("sort", Sort)
async def test_each_claim_is_in_it_once(
    database: Database, connection: Connection, sort: Sort
) -> None:
    """In the order of the list, wherever a read ends and whichever claims are asked for together."""
    await store(database, connection, ({**one} for one in islice(combinations(), 0, None, 131)))
    now = datetime.combine(TODAY, time(12), UTC)
    selection, order = ClaimSelection(connection.workspace_id, now), Order(sort, now)
    reader = CellReader(selection, order, ["claimId"], ids_per_read=7)

    found, after = [], None
    async with database.reading() as conn:
        wanted = [row.claim_id for row in await list_claims(conn, selection, order, limit=MOST)]
        while rows := await reader.read(conn, 3, after):
            found += [row[0] for row in rows]
            after = tuple(rows[-1][1:])

    assert len(wanted) > 40
    assert found == wanted
