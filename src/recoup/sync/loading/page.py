"""Loading of one page: parse, quarantine unreadable items, upsert the rest."""

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

from pydantic_core import to_json as encode
from sqlalchemy import Table

from recoup.db.engine import Writer
from recoup.db.upsert import Key, delete_by_key, list_differing, list_stored, put, touch, upsert
from recoup.errors import RowsLostError
from recoup.ids import ConnectionId, SyncId
from recoup.spapi.ceilings import RAW_CHARACTERS, RAW_ROW_CHARACTERS, REASON_CHARACTERS
from recoup.streams._item import CUT, Item, kept, to_json
from recoup.streams._stream import Api, Parsed, Request, Row, Stream
from recoup.streams._table import LONGEST_KEY_BYTES, indexed_texts, own_key
from recoup.sync.loading.file_notes import tell_quarantine
from recoup.sync.loading.history_queries import keep_history
from recoup.sync.record.counts import Loaded
from recoup.sync.record.quarantine_queries import keep_unreadable

_SURROGATE = re.compile("[\ud800-\udfff]")
# Looking for any ten digits as a pattern takes ten times as long as for ten zeros.
_EACH_DIGIT_ZERO = bytes.maketrans(b"123456789", b"000000000")
_ODD = (b"0000000000", b"0E", b"\\u0000")
_LARGEST_INTEGER = 2**31 - 1
# numeric holds more; an amount with this many digits is a mistake that a sum should not meet.
_MOST_DIGITS = 30
# Characters of a text that may stand in any index.
_SHORT = LONGEST_KEY_BYTES // 4


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item that a stream could not parse: what the stream reads of it, as JSON.

    told: what identifies it, whatever was cut.
    """

    reason: str
    raw: str
    told: str


@dataclass(frozen=True, slots=True)
class Batch:
    """A page as rows: one per key, and its unreadable items. `read` counts all items.

    superseded: items that another one of the page with the same key has replaced.
    is_partial: the source left a dataset out, so the rows must not replace their equals in age.
    content: what the stream reads of the items, as a digest; none for an empty page.
    """

    read: int
    rows: tuple[Parsed, ...]
    unreadable: tuple[Unreadable, ...]
    superseded: int = 0
    is_partial: bool = False
    content: bytes | None = None


def parse_page(stream: Stream, api: Api, request: Request, items: Sequence[Item]) -> Batch:
    """Parses each item separately: a broken one does not affect the rest of the page."""
    rows: dict[tuple[object, ...], Parsed] = {}
    equals: dict[tuple[object, ...], int] = {}
    unreadable = []
    read: list[Any] = []
    superseded = 0
    key = own_key(stream.table)
    for item in items:
        try:
            read.append(kept(item, api.reads))
            parsed = api.parse(read[-1], request)
            refuse_unstorable(stream, parsed)
        except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as exc:
            unreadable.append(_unreadable(api, item, exc))
            continue
        identity = tuple(parsed.row[name] for name in key)
        equals[identity] = equals.get(identity, 0) + 1
        if equals[identity] > 1 and (other := api.another(parsed, equals[identity])) is not None:
            parsed, identity = other, tuple(other.row[name] for name in key)
        superseded += identity in rows
        if identity not in rows or _is_newer(parsed, rows[identity], stream.newer_by):
            rows[identity] = parsed
    return Batch(
        len(items),
        tuple(rows.values()),
        tuple(unreadable),
        superseded,
        is_partial=bool(request.without),
        content=_digest_of(read) if read else None,
    )


def _digest_of(read: Sequence[Any]) -> bytes:
    """The same for the same items, whatever the order of their members: `kept` puts those in its own."""
    try:
        document = encode(read)
    except ValueError:  # half of a surrogate pair, or nested too deep for it
        document = json.dumps(read, default=str).encode()
    return hashlib.sha256(document).digest()


def refuse_unstorable(stream: Stream, parsed: Parsed) -> None:
    """Raises ValueError for a value for which PostgreSQL would refuse the whole page."""
    _refuse_row(parsed.row, indexed_texts(stream.table))
    for part in stream.parts:
        rows, indexed = parsed.parts.get(part.name, ()), indexed_texts(part)
        for row in rows:
            _refuse_row(row, indexed)
        key = own_key(part)
        if len({tuple(row[name] for name in key) for row in rows}) < len(rows):
            raise ValueError(f"{key[-1]} comes twice")


def _refuse_row(row: Row, indexed: frozenset[str]) -> None:
    for name, value in row.items():
        # Nearly every value is one of these, and every value of every row comes here.
        if value is None or (type(value) is str and len(value) <= _SHORT and _is_plain(value)):
            continue
        _refuse_value(name, value)
        if name in indexed and isinstance(value, str) and len(value.encode()) > LONGEST_KEY_BYTES:
            raise ValueError(f"{name} is longer than {LONGEST_KEY_BYTES} bytes")


def _refuse_value(name: str, value: object) -> None:
    if isinstance(value, str):
        if not _is_plain(value) and not _is_storable_text(value):
            raise ValueError(f"{name} holds characters that cannot be stored")
    elif isinstance(value, (dict, list)):
        if not _is_harmless(value):
            _refuse_parts(name, value)
    elif isinstance(value, int):
        if abs(value) > _LARGEST_INTEGER:
            raise ValueError(f"{name} is too large")
    elif isinstance(value, Decimal) and value and abs(value.adjusted()) > _MOST_DIGITS:
        raise ValueError(f"{name} is no believable amount")


def _refuse_parts(name: str, tree: dict[str, object] | list[object]) -> None:
    for part in (*tree, *tree.values()) if isinstance(tree, dict) else tree:
        if isinstance(part, (dict, list)):
            _refuse_parts(name, part)
        else:
            _refuse_value(name, part)


def _is_harmless(tree: dict[str, object] | list[object]) -> bool:
    """Whether no part can be odd, seen in its JSON as a whole: each by itself takes ten times as
    long. False says nothing.
    """
    try:
        document = encode(tree).translate(_EACH_DIGIT_ZERO)
    except ValueError:
        return False
    return not any(odd in document for odd in _ODD)


def _is_plain(text: str) -> bool:
    """ASCII without NUL, as nearly every text is: seen without looking for what is odd."""
    return text.isascii() and "\x00" not in text


def _is_storable_text(text: str) -> bool:
    """No NUL and no half of a surrogate pair."""
    return "\x00" not in text and not _SURROGATE.search(text)


def _unreadable(api: Api, item: Item, error: Exception) -> Unreadable:
    """With U+FFFD in place of what PostgreSQL cannot store; what is too long is cut."""
    reason = _storable(f"{type(error).__name__}: {error}"[:REASON_CHARACTERS])
    try:
        whole = to_json(_storable(kept(item, api.reads)))
    except RecursionError:
        raw = to_json({"nested": "too deep to be kept"})
        return Unreadable(reason, raw, raw)
    raw = to_json(_cut(json.loads(whole)))
    if len(raw) > RAW_ROW_CHARACTERS:
        raw = to_json({"row": CUT.format(len(whole))})
    told = whole if raw == whole else hashlib.sha256(whole.encode()).hexdigest()
    return Unreadable(reason, raw, told)


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _cut(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_cut(part) for part in value]
    if isinstance(value, str) and len(value) > RAW_CHARACTERS:
        return value[:RAW_CHARACTERS] + CUT.format(len(value))
    return value


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
    """Upserts the rows, replaces the parts of changed ones, and counts unreadable items.

    A row is changed too when only its parts are. `seen_at` is the time of the history that the
    stream keeps of them, if it does. Raises RowsLostError when the counts do not add up.
    """
    origin = {"connection_id": connection_id, "source": source}
    key = own_key(stream.table)
    rows: dict[Key, Parsed] = {
        (connection_id, *(parsed.row[name] for name in key)): parsed for parsed in batch.rows
    }
    written = await upsert(
        conn,
        stream.table,
        [parsed.row for parsed in rows.values()],
        origin=origin,
        newer_by=stream.newer_by,
        strictly=batch.is_partial,
    )
    others = [{**p.row, **origin} for one, p in rows.items() if one not in written]
    stored = await list_stored(conn, stream.table, others, newer_by=stream.newer_by)
    # A source that left a dataset out would delete the parts that it does not contain.
    same = [one for one, is_current in stored if is_current and not batch.is_partial]
    touched = await _write_parts(conn, stream, rows, written=written, same=same, origin=origin)
    await touch(conn, stream.table, ("connection_id", *key), touched, source=source)
    await keep_history(conn, stream, connection_id=connection_id, seen_at=seen_at, changed=written)
    return Loaded(
        read=batch.read,
        loaded=len(written) + len(touched),
        unchanged=len(stored) - len(touched) + batch.superseded,
        quarantined=len(batch.unreadable),
    ).proven(source, "page", RowsLostError)


async def _write_parts(
    conn: Writer,
    stream: Stream,
    rows: Mapping[Key, Parsed],
    *,
    written: Mapping[Key, bool],
    same: Sequence[Key],
    origin: Mapping[str, str],
) -> set[Key]:
    """Replace the parts of rows that changed, and of those that are the `same` as stored but for
    their parts, which are given back. A new row has no parts yet.
    """
    key = ("connection_id", *own_key(stream.table))

    def told(part: Table, keys: Iterable[Key]) -> list[Row]:
        return [row for one in keys for row in rows[one].parts.get(part.name, ())]

    touched: set[Key] = set()
    for part in stream.parts:
        again = [{**row, **origin} for row in told(part, same)]
        touched |= await list_differing(conn, part, key, same, again)
    replaced = touched.union(one for one, is_new in written.items() if not is_new)
    for part in stream.parts:
        await delete_by_key(conn, part, key, replaced)
        await put(conn, part, told(part, touched | written.keys()), origin=origin)
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
    """Stores unreadable items with the reason, and reports them to the seller.

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
            "raw_digest": _digest(item.told, equals),
            "source": source,
        }
        for item in batch.unreadable
    ]
    await keep_unreadable(conn, rows)
    await tell_quarantine(conn, connection_id, sync_id, stream.name)


def _digest(told: str, equals: Counter[str]) -> str:
    """Identifies a row; `equals` counts equal rows of the page so far."""
    equals[told] += 1
    number = f"#{equals[told]}" if equals[told] > 1 else ""
    return hashlib.sha256(f"{told}{number}".encode()).hexdigest()
