"""The cells of claims in a spreadsheet, worked out by PostgreSQL.

A claim that becomes Python objects first costs twenty times as much of the processor. What a cell
shows is defined by `recoup.claims.bodies.claim.ClaimBody`; a test compares the two.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pydantic.alias_generators import to_camel, to_snake
from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    Text,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

from recoup.claims.reading.claims import chosen_of, in_order, valued_currency
from recoup.claims.reading.day import today_on
from recoup.claims.reading.selection import ClaimSelection
from recoup.claims.reading.sort import ClaimOrder
from recoup.claims.reading.standing import next_step_on
from recoup.claims.reading.worked_out import plain, worked_out
from recoup.claims.stages import STEPS_IN_WORDS
from recoup.claims.tables import claim
from recoup.db.engine import Reader
from recoup.db.times import rfc3339

_c = claim.c

# Two megabytes.
_IDS_PER_READ = 20_000


class CellReader:
    """Reads one selection from its beginning to its end, for one file.

    Which claims come next takes a look at all claims of the selection, so it is asked for many at a
    time; their cells are read as they are needed. Raises KeyError for a name that is neither a column
    of `claim` nor worked out here.
    """

    def __init__(
        self,
        selection: ClaimSelection,
        order: ClaimOrder,
        names: Sequence[str],
        *,
        ids_per_read: int = _IDS_PER_READ,
    ) -> None:
        worked_out = _worked_out(today_on(selection.now))
        cells = (worked_out[name] if name in worked_out else _stored(name) for name in names)
        ids = any_(bindparam("ids", type_=ARRAY(Text)))
        self._cells = in_order(select(*cells).where(_c.claim_id == ids), order)
        self._selection = selection
        self._order = order
        self._ids_per_read = ids_per_read
        self._next: deque[str] = deque()

    async def read(
        self, conn: Reader, limit: int, after: tuple[str, ...] | None
    ) -> Sequence[Sequence[Any]]:
        """The next `limit` claims, after the last one that was read: cells, then the position."""
        if not self._next:
            chosen = chosen_of(self._selection, self._order, limit=self._ids_per_read, after=after)
            self._next.extend(await conn.scalars(chosen))
        ids = [self._next.popleft() for _ in range(min(limit, len(self._next)))]
        rows: Sequence[Sequence[Any]] = (await conn.execute(self._cells, {"ids": ids})).all()
        return rows


def _stored(name: str) -> ColumnElement[Any]:
    return _text(_c[to_snake(name)])


def _text(value: Column[Any] | ColumnElement[Any]) -> ColumnElement[Any]:
    """A number stays one: only texts are protected against formulas."""
    match value.type:
        case TIMESTAMP():
            return rfc3339(value)
        case Date() | JSONB():
            return cast(value, Text)
    return value


def _worked_out(today: ColumnElement[date]) -> Mapping[str, ColumnElement[Any]]:
    """Cells that are not a column of `claim`, by the name of theirs."""
    return {
        **{to_camel(name): _text(value) for name, value in worked_out(today).items()},
        "amount": plain(_c.amount),
        "currency": valued_currency(),
        "evidenceRows": _source_rows(),
        "nextAction": case(
            {step.value: words for step, words in STEPS_IN_WORDS.items()}, value=next_step_on(today)
        ),
        "paidAmount": plain(_c.paid_amount),
    }


def _source_rows() -> ColumnElement[str]:
    """`GET_LEDGER_DETAIL_VIEW_DATA 123 doc line 7; ...`, so that each can be found."""
    rows = func.jsonb_array_elements(_c.evidence["rows"], type_=JSONB()).column_valued("source_row")
    source = func.coalesce(
        func.nullif(rows["source"].astext, ""), rows["table"].astext, literal_column("''")
    )
    line = func.coalesce(
        literal_column("' line '") + rows["source_line"].astext, literal_column("''")
    )
    return select(func.string_agg(source + line, literal_column("'; '"))).scalar_subquery()
