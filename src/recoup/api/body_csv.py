"""Bodies as lines of a spreadsheet: its columns are the fields of the body. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from recoup.api.csv_text import csv_lines
from recoup.body import CamelModel, Columns
from recoup.claims.bodies.pack import PackBody
from recoup.claims.bodies.pack_lines import told_apart
from recoup.claims.bodies.packet import Packet


def header_of(body: type[CamelModel]) -> list[str]:
    return [name for _, columns in _fields(body) for name in columns.names]


def cells_of(body: CamelModel) -> list[object]:
    """In the order of `header_of`."""
    return [
        _plain(cell)
        for name, columns in _fields(type(body))
        for cell in columns.cells(getattr(body, name))
    ]


def packet_csv(packet: Packet) -> bytes:
    """One line per source row, with every value that any of them has."""
    rows: list[Mapping[str, Any]] = [*packet.rows]
    names = list(dict.fromkeys(name for row in rows for name in row))
    claim = packet.claim
    lines = [[claim.claim_id, claim.type, *(_plain(row.get(n)) for n in names)] for row in rows]
    return csv_lines([["claimId", "type", *names], *lines])


def pack_csv(pack: PackBody) -> bytes:
    """One line per claim with all its facts; for people at Amazon, so without ids of recoup.

    An amount that is not known is an empty cell.
    """
    rows = [
        {
            **{fact.label: fact.value for fact in (*pack.facts, *told_apart(item))},
            "Units": str(item.quantity),
            "Amount": None if item.amount is None else item.amount.amount,
            "Currency": None if item.amount is None else item.amount.currency,
        }
        for item in pack.items
    ]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return csv_lines([names, *([row.get(name) for name in names] for row in rows)])


def _fields(body: type[CamelModel]) -> Iterator[tuple[str, Columns]]:
    """Each field with its columns: one cell under its external name, unless declared otherwise."""
    for name, field in body.model_fields.items():
        own = Columns((field.alias or name,), lambda value: (value,))
        yield name, next((one for one in field.metadata if isinstance(one, Columns)), own)


def _plain(value: object) -> object:
    """The content of a cell; lists and objects as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
