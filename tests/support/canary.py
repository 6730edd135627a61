"""An Amazon that puts personal data into every answer, in fields that have names and in new ones.

Between the sandbox and a sync, as `meddled` puts it: pages get members and an item that cannot be
read, files get columns, rows that cannot be read and lines that do not fit.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping
from typing import Any

import httpx2

from tests.support.meddling import Send

MARK = "Canary"
"""Stands in each of the values below, and nowhere else."""

PERSON = {
    "buyer": {"buyerName": "Jane Canary", "buyerEmail": "jane@canary.example"},
    "buyerInfo": {"BuyerName": "Jane Canary", "phone": "+1 555 0100 Canary"},
    "recipient": {"deliveryAddress": {"name": "Jane Canary", "addressLine1": "1 Canary Row"}},
    "shippingAddress": {"Name": "Jane Canary", "PostalCode": "Canary 9"},
    "ShipFromAddress": {"Name": "Jane Canary", "AddressLine1": "1 Canary Row"},
    "contactInformation": {"email": "jane@canary.example"},
    "giftMessage": "from Canary with love",
    "fieldOfNextYear": [{"deep": ["Jane Canary"]}],
}
COLUMNS = {
    "buyer-name": "Jane Canary",
    "buyer-email": "jane@canary.example",
    "buyer-phone-number": "+1 555 0100 Canary",
    "ship-address-1": "1 Canary Row",
    "recipient-name": "Jane Canary",
    "column-of-next-year": "Jane Canary",
}
_PERSONAL_WORDS = ("buyer", "recipient", "address", "ship-", "phone", "comment", "gift")
_PAGES = (
    *("orders", "transactions", "inventorySummaries", "inboundPlans", "shipments"),
    *("ShipmentData", "ItemData", "payload"),
)


async def sing(request: httpx2.Request, send: Send) -> httpx2.Response:
    """The sandbox's answer, with a person in it."""
    answer = await send(request)
    content = await answer.aread()
    if answer.status_code != 200 or request.url.path == "/auth/o2/token":
        return answer
    if "_documents" in request.url.path or "json" not in answer.headers["content-type"]:
        return httpx2.Response(200, headers=_of_file(answer), content=with_columns(content))
    body = _with_person(json.loads(content))
    _break_one(body)
    return httpx2.Response(200, json=body)


def _of_file(answer: httpx2.Response) -> dict[str, str]:
    return {"content-type": answer.headers["content-type"]}


def _with_person(value: Any) -> Any:
    if isinstance(value, dict):
        return {**{name: _with_person(part) for name, part in value.items()}, **PERSON}
    if isinstance(value, list):
        return [_with_person(part) for part in value]
    return value


def _break_one(body: Any) -> None:
    """Adds to each list of a page the copy of an item that no stream can read."""
    for name, part in body.items() if isinstance(body, dict) else ():
        if name in _PAGES and isinstance(part, list) and part:
            part.append({**PERSON, **dict.fromkeys(_names(part[0]), 7)})
        elif isinstance(part, Mapping) and name in {"payload", "pagination"}:
            _break_one(part)


def _names(item: Any) -> list[str]:
    return [name for name in item if name not in PERSON]


def with_columns(content: bytes) -> bytes:
    """The file with more columns, a person in those that are about one, and three odd lines."""
    packed = content.startswith(b"\x1f\x8b")
    text = (gzip.decompress(content) if packed else content).decode("cp1252")
    is_quoted = text.lstrip("\ufeffï»¿").startswith('"')
    rows = list(csv.reader(io.StringIO(text), delimiter="\t", **_dialect(is_quoted=is_quoted)))
    if not rows:
        return content
    header = [*COLUMNS, *rows[0]]
    told = [header]
    for row in rows[1:]:
        cells = dict(zip(header, [*COLUMNS.values(), *row], strict=False))
        for name in rows[0]:
            if any(word in name.lower() for word in _PERSONAL_WORDS):
                cells[name] = "Canary"
        told.append(list(cells.values()))
    if len(told) > 1:
        middle = len(COLUMNS) + len(rows[0]) // 2
        last = told[-1]
        told += [
            [*COLUMNS.values(), *("not a value" for _ in rows[0])],
            [*last[:middle], "Canary", *last[middle:]],
            ["Jane Canary", "jane@canary.example"],
        ]
    lines = io.StringIO()
    for row in told:
        cells = [f'"{cell}"' for cell in row] if is_quoted else row
        lines.write("\t".join(cells) + "\n")
    plain = lines.getvalue().encode("cp1252")
    return gzip.compress(plain, 1) if packed else plain


def _dialect(*, is_quoted: bool) -> dict[str, Any]:
    return {} if is_quoted else {"quoting": csv.QUOTE_NONE}
