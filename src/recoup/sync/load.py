"""One page into the tables: parse, put aside what cannot be read, upsert the rest."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from recoup.db.engine import Writer
from recoup.db.upsert import delete_by_key, put, upsert
from recoup.ids import ConnectionId, SyncId
from recoup.streams.item import to_json, without_personal_data
from recoup.streams.stream import Api, Parsed, Request, Row, Stream
from recoup.sync.history_queries import keep_history
from recoup.sync.tables import quarantine

_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGEST_INTEGER = 2**31 - 1
# numeric holds more; an amount with this many digits is a mistake that a sum should not meet.
_MOST_DIGITS = 30


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item that a stream could not parse, without personal data."""

    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A page as rows: one per key, and what was not readable. `read` counts all items.

    is_partial: the source left a dataset out, so the rows must not replace their equals in age.
    """

    read: int
    rows: tuple[Parsed, ...]
    unreadable: tuple[Unreadable, ...]
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a page did to the tables. `loaded`: rows new or changed."""

    read: int
    loaded: int
    quarantined: int


def parse_page(
    stream: Stream, api: Api, request: Request, items: Sequence[Mapping[str, Any]]
) -> Batch:
    """Parse each item on its own: one that is broken does not take the page with it."""
    rows: dict[tuple[object, ...], Parsed] = {}
    unreadable = []
    key = [c.name for c in stream.table.primary_key.columns if c.name != "connection_id"]
    for item in items:
        try:
            parsed = api.parse(item, request)
            refuse_unstorable(parsed)
        except (ValueError, KeyError, TypeError, ArithmeticError) as exc:
            unreadable.append(Unreadable(f"{type(exc).__name__}: {exc}", _storable_raw(item)))
            continue
        identity = tuple(parsed.row[name] for name in key)
        if identity not in rows or _is_newer(parsed, rows[identity], stream.newer_by):
            rows[identity] = parsed
    return Batch(
        len(items), tuple(rows.values()), tuple(unreadable), is_partial=bool(request.without)
    )


def refuse_unstorable(parsed: Parsed) -> None:
    """Raises ValueError for a value that PostgreSQL would refuse, and the whole page with it."""
    for row in (parsed.row, *(row for rows in parsed.parts.values() for row in rows)):
        for name, value in row.items():
            _refuse_value(name, value)


def _refuse_value(name: str, value: object) -> None:
    if isinstance(value, dict):
        for key, part in value.items():
            _refuse_value(name, key)
            _refuse_value(name, part)
    elif isinstance(value, list):
        for part in value:
            _refuse_value(name, part)
    elif isinstance(value, str) and not _is_storable_text(value):
        raise ValueError(f"{name} holds characters that cannot be stored")
    elif isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
        raise ValueError(f"{name} is too large")
    elif isinstance(value, Decimal) and value and abs(value.adjusted()) > _MOST_DIGITS:
        raise ValueError(f"{name} is no believable amount")


def _is_storable_text(text: str) -> bool:
    """No NUL and no half of a surrogate pair."""
    return "\x00" not in text and not _SURROGATE.search(text)


def _storable_raw(item: Mapping[str, Any]) -> str:
    """The item as JSON, with what PostgreSQL cannot hold replaced by U+FFFD."""
    raw = to_json(without_personal_data(item)).replace("\\u0000", "\ufffd")
    return _SURROGATE.sub("\ufffd", raw)


def _is_newer(candidate: Parsed, other: Parsed, newer_by: str | None) -> bool:
    return newer_by is None or bool(candidate.row[newer_by] >= other.row[newer_by])  # type: ignore[operator] # a time


async def load_batch(
    conn: Writer,
    stream: Stream,
    batch: Batch,
    *,
    connection_id: ConnectionId,
    source: str,
    seen_at: datetime,
) -> int:
    """Upsert the rows and replace the parts of those that changed; gives how many changed.

    `seen_at` is the time of the history that the stream keeps of them, if it does.
    """
    origin = {"connection_id": connection_id, "source": source}
    changed = await upsert(
        conn,
        stream.table,
        [{**parsed.row, **origin} for parsed in batch.rows],
        newer_by=stream.newer_by,
        strictly=batch.is_partial,
    )
    keys = tuple(c.name for c in stream.table.primary_key.columns)
    changed_keys = {tuple(row) for row in changed}
    for part in stream.parts:
        rows: list[Row] = [
            {**row, **origin}
            for parsed in batch.rows
            if tuple({**parsed.row, **origin}[name] for name in keys) in changed_keys
            for row in parsed.parts.get(part.name, ())
        ]
        await delete_by_key(conn, part, keys, changed_keys)
        await put(conn, part, rows)
    await keep_history(
        conn, stream, connection_id=connection_id, seen_at=seen_at, changed=changed_keys
    )
    return len(changed)


async def put_aside(
    conn: Writer,
    stream: Stream,
    batch: Batch,
    *,
    connection_id: ConnectionId,
    sync_id: SyncId,
    source: str,
) -> None:
    """Keep unreadable items with the reason; the same one twice is kept once."""
    if not batch.unreadable:
        return
    rows = [
        {
            "connection_id": connection_id,
            "stream": stream.name,
            "sync_id": sync_id,
            "reason": item.reason,
            "raw": json.loads(item.raw),
            "raw_digest": hashlib.sha256(item.raw.encode()).hexdigest(),
            "source": source,
        }
        for item in batch.unreadable
    ]
    await conn.execute(insert(quarantine).values(rows).on_conflict_do_nothing())
