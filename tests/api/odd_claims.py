"""Claims in every stage, window and wait, and with odd values, for who shows them in two ways."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from typing import Any

from sqlalchemy import insert

from recoup.claims.answers import Reason
from recoup.claims.stages import STATUSES, Stage
from recoup.claims.tables import claim
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from tests.api.claim_rows import UK, US, claim_row, day

AUSTRALIA, UNKNOWN = "A39IBJ37TRP1C6", "A0UNKNOWN"


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
