"""Our own history of data that Amazon reports only for the present."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import Table, TextClause, text

from recoup.db.engine import Writer
from recoup.db.upsert import recordset, to_document
from recoup.ids import ConnectionId
from recoup.streams._stream import History, Stream


async def keep_history(
    conn: Writer,
    stream: Stream,
    *,
    connection_id: ConnectionId,
    seen_at: datetime,
    changed: Iterable[Sequence[object]] | None = None,
) -> None:
    """Adds a history row for each row whose tracked values differ from the last ones.

    Call it after the upsert, in its transaction. `changed`: keys of the main table (connection
    first), as `upsert` gives them; None for the rows that this transaction has written, found by
    `loaded_at`, which costs one pass over the connection's rows. A repeat adds nothing. Does
    nothing for a stream without history.
    """
    if stream.history is None:
        return
    values: dict[str, object] = {"connection_id": connection_id, "seen_at": seen_at}
    if changed is not None:
        key = [column.name for column in stream.table.primary_key.columns]
        rows = [dict(zip(key, row, strict=True)) for row in changed]
        if not rows:
            return
        values["rows"] = to_document(rows)
    statement = _statement(stream.table, stream.history, by_key=changed is not None)
    await conn.execute(statement, values)


@cache
def _statement(main: Table, history: History, *, by_key: bool) -> TextClause:
    kept = history.table.name
    key = [column.name for column in main.primary_key.columns]
    tracked = history.tracked
    same = " and ".join(f"{kept}.{name} = main.{name}" for name in key)
    chosen = "main.loaded_at = now()"
    if by_key:
        named = " and ".join(f"fresh.{name} = main.{name}" for name in key)
        chosen = f"exists (select from {recordset(main, key)} where {named})"
    # A clock that went back must not put the new values before the old ones.
    seen_at = "greatest(cast(:seen_at as timestamptz), last.seen_at + interval '1 microsecond')"
    return text(
        f"insert into {kept} ({', '.join([*key, 'seen_at', *tracked])}) "
        f"select {_of('main', key)}, {seen_at}, {_of('main', tracked)} from {main.name} as main "
        f"left join lateral (select * from {kept} where {same} order by seen_at desc limit 1) "
        "as last on true "
        f"where main.connection_id = :connection_id and {chosen} and (last.seen_at is null "
        f"or ({_of('main', tracked)}) is distinct from ({_of('last', tracked)}))"
    )


def _of(alias: str, names: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{name}" for name in names)
