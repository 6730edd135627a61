"""Claims and packets as spreadsheets. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from recoup.api.csv_text import csv_lines

_COLUMNS = (
    "claimId",
    "type",
    "status",
    "windowState",
    "review",
    "confidence",
    "marketplaceId",
    "sku",
    "fnsku",
    "asin",
    "orderId",
    "quantity",
    "amount",
    "currency",
    "amountBasis",
    "amountMissing",
    "eventDate",
    "fileableFrom",
    "deadline",
    "daysLeft",
    "windowNote",
    "caseId",
    "note",
    "reason",
    "key",
    "evidenceRows",
    "connectionId",
    "policyVersion",
    "ruleVersion",
    "detectedAt",
    "filedAt",
)


def claim_header() -> bytes:
    return csv_lines([_COLUMNS])


def claim_lines(bodies: Iterable[Mapping[str, Any]]) -> bytes:
    """A line per claim; `evidenceRows` names each source row, so that every number can be traced."""
    return csv_lines([_cells(body) for body in bodies])


def packet_csv(packet: Mapping[str, Any]) -> bytes:
    """A line per source row, with every value that any of them has."""
    rows: list[Mapping[str, Any]] = packet["rows"]
    names = list(dict.fromkeys(name for row in rows for name in row))
    claim = packet["claim"]
    lines = [
        [claim["claimId"], claim["type"], *(_plain(row.get(n)) for n in names)] for row in rows
    ]
    return csv_lines([["claimId", "type", *names], *lines])


def _cells(body: Mapping[str, Any]) -> list[object]:
    money = body["amount"] or {"amount": None, "currency": None}
    flat = {**body, **money, "evidenceRows": _sources(body["evidence"].get("rows", ()))}
    return [_plain(flat[name]) for name in _COLUMNS]


def _sources(rows: Iterable[Mapping[str, Any]]) -> str:
    """`GET_LEDGER_DETAIL_VIEW_DATA 123 doc line 7; ...`."""
    return "; ".join(
        f"{row.get('source') or row.get('table') or ''}"
        + (f" line {row['source_line']}" if row.get("source_line") is not None else "")
        for row in rows
    )


def _plain(value: object) -> object:
    """What a cell can hold; lists and objects as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
