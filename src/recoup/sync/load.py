"""One page into the tables: parse, put aside what cannot be read, upsert the rest."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, func
from sqlalchemy.dialects.postgresql import insert

from recoup.db.engine import Writer
from recoup.db.upsert import Key, delete_by_key, list_differing, list_stored, put, touch, upsert
from recoup.errors import RowsLostError
from recoup.ids import ConnectionId, SyncId
from recoup.streams.item import to_json, without_personal_data
from recoup.streams.stream import Api, Parsed, Request, Row, Stream
from recoup.streams.table import LONGEST_KEY_BYTES, indexed_texts
from recoup.sync.history_queries import keep_history
from recoup.sync.loaded import Loaded
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

    superseded: items that another one of the page with the same key has replaced.
    is_partial: the source left a dataset out, so the rows must not replace their equals in age.
    """

    read: int
    rows: tuple[Parsed, ...]
    unreadable: tuple[Unreadable, ...]
    superseded: int = 0
    is_partial: bool = False


def parse_page(
    stream: Stream, api: Api, request: Request, items: Sequence[Mapping[str, Any]]
) -> Batch:
    """Parse each item on its own: one that is broken does not take the page with it."""
    rows: dict[tuple[object, ...], Parsed] = {}
    equals: dict[tuple[object, ...], int] = {}
    unreadable = []
    superseded = 0
    key = [c.name for c in stream.table.primary_key.columns if c.name != "connection_id"]
    for item in items:
        try:
            parsed = api.parse(item, request)
            refuse_unstorable(stream, parsed)
        except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as exc:
            unreadable.append(Unreadable(f"{type(exc).__name__}: {exc}", _storable_raw(item)))
            continue
        identity = tuple(parsed.row[name] for name in key)
        equals[identity] = equals.get(identity, 0) + 1
        if equals[identity] > 1 and (other := api.another(parsed, equals[identity])) is not None:
            parsed, identity = other, tuple(other.row[name] for name in key)
        superseded += identity in rows
        if identity not in rows or _is_newer(parsed, rows[identity], stream.newer_by):
            rows[identity] = parsed
    return Batch(
        len(items), tuple(rows.values()), tuple(unreadable), superseded, bool(request.without)
    )


def refuse_unstorable(stream: Stream, parsed: Parsed) -> None:
    """Raises ValueError for a value that PostgreSQL would refuse, and the whole page with it."""
    _refuse_row(parsed.row, indexed_texts(stream.table))
    for part in stream.parts:
        rows, indexed = parsed.parts.get(part.name, ()), indexed_texts(part)
        for row in rows:
            _refuse_row(row, indexed)
        key = [c.name for c in part.primary_key.columns if c.name != "connection_id"]
        if len({tuple(row[name] for name in key) for row in rows}) < len(rows):
            raise ValueError(f"{key[-1]} comes twice")


def _refuse_row(row: Row, indexed: frozenset[str]) -> None:
    for name, value in row.items():
        _refuse_value(name, value)
        if name in indexed and isinstance(value, str) and len(value.encode()) > LONGEST_KEY_BYTES:
            raise ValueError(f"{name} is longer than {LONGEST_KEY_BYTES} bytes")


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
    try:
        return to_json(_storable(without_personal_data(item)))
    except RecursionError:
        return to_json({"nested": "too deep to be kept"})


def _storable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_storable(name): _storable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_storable(part) for part in value]
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value).replace("\x00", "\ufffd")
    return value


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
) -> Loaded:
    """Upsert the rows and replace the parts of those that changed; what is unreadable is counted.

    A row is changed too when only its parts are. `seen_at` is the time of the history that the
    stream keeps of them, if it does. Raises RowsLostError when the counts do not add up.
    """
    origin = {"connection_id": connection_id, "source": source}
    key = tuple(column.name for column in stream.table.primary_key.columns)
    rows = {tuple({**p.row, **origin}[name] for name in key): p for p in batch.rows}
    changed: set[Key] = {
        tuple(found)
        for found in await upsert(
            conn,
            stream.table,
            [{**parsed.row, **origin} for parsed in rows.values()],
            newer_by=stream.newer_by,
            strictly=batch.is_partial,
        )
    }
    others = [{**p.row, **origin} for one, p in rows.items() if one not in changed]
    stored = await list_stored(conn, stream.table, others, newer_by=stream.newer_by)
    # A source that left a dataset out would take from the parts what it does not tell.
    same = [one for one, is_current in stored if is_current and not batch.is_partial]
    touched = await _write_parts(conn, stream, rows, changed=changed, same=same, origin=origin)
    await touch(conn, stream.table, key, touched, source=source)
    await keep_history(conn, stream, connection_id=connection_id, seen_at=seen_at, changed=changed)
    return Loaded(
        read=batch.read,
        loaded=len(changed) + len(touched),
        unchanged=len(stored) - len(touched) + batch.superseded,
        quarantined=len(batch.unreadable),
    ).proven(source, "page", RowsLostError)


async def _write_parts(
    conn: Writer,
    stream: Stream,
    rows: Mapping[Key, Parsed],
    *,
    changed: set[Key],
    same: Sequence[Key],
    origin: Mapping[str, object],
) -> set[Key]:
    """Replace the parts of rows that changed, and of those that are the `same` as stored but for
    their parts, which are given back.
    """
    key = tuple(column.name for column in stream.table.primary_key.columns)

    def told(part: Table, keys: Iterable[Key]) -> list[Row]:
        return [{**row, **origin} for one in keys for row in rows[one].parts.get(part.name, ())]

    touched: set[Key] = set()
    for part in stream.parts:
        touched |= await list_differing(conn, part, key, same, told(part, same))
    for part in stream.parts:
        await delete_by_key(conn, part, key, changed | touched)
        await put(conn, part, told(part, changed | touched))
    return touched


async def put_aside(
    conn: Writer,
    stream: Stream,
    batch: Batch,
    *,
    connection_id: ConnectionId,
    sync_id: SyncId,
    source: str,
) -> None:
    """Keep unreadable items with the reason.

    One that comes again is kept once. Equal ones of a page are several: each is counted.
    """
    if not batch.unreadable:
        return
    equals: Counter[str] = Counter()
    rows = [
        {
            "connection_id": connection_id,
            "stream": stream.name,
            "sync_id": sync_id,
            "reason": item.reason,
            "raw": json.loads(item.raw),
            "raw_digest": _digest(item.raw, equals),
            "source": source,
        }
        for item in batch.unreadable
    ]
    statement = insert(quarantine).values(rows)
    again = {name: statement.excluded[name] for name in ("sync_id", "reason", "source")}
    await conn.execute(
        statement.on_conflict_do_update(
            index_elements=["connection_id", "stream", "raw_digest"],
            set_={**again, "told_at": func.now()},
        )
    )


def _digest(raw: str, equals: Counter[str]) -> str:
    """What tells a row from others; `equals` counts those of the page so far."""
    equals[raw] += 1
    number = f"#{equals[raw]}" if equals[raw] > 1 else ""
    return hashlib.sha256(f"{raw}{number}".encode()).hexdigest()
