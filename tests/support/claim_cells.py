"""One fact less in a seller's rows: a cell that is empty, a part of a sale, a column that is not told."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from recoup.claims.detection.reads import ColumnRead, needs_of, touches_of
from recoup.claims.rules import all_rules
from recoup.db.metadata import METADATA
from recoup.notes.note import Note, NoteCode
from recoup.notes.queries import add_note
from recoup.streams import all_streams
from tests.support.as_owner import run_as_owner
from tests.support.claim_rows import World

# What settles an event or tells its worth, by table; `None`: the whole row of a leaf. Left out are cells
# that name the event itself: without its FNSKU a loss is another one, or none.
_CELLS = {
    "reimbursements": (
        "reason",
        "order_id",
        "fnsku",
        "sku",
        "asin",
        "amount_per_unit",
        "amount_total",
        "quantity_cash",
        "quantity_inventory",
        "quantity_total",
    ),
    "returns": (
        "sku",
        "fnsku",
        "asin",
        "license_plate_number",
        "quantity",
        "fulfillment_center",
        "detailed_disposition",
        "status",
    ),
    "ledger": ("reconciled_quantity", "unreconciled_quantity"),
    "finds": ("reason", "event_type", "country", "fulfillment_center", "disposition"),
    "orders": ("status", "fulfilled_by", "sales_channel"),
    "order_items": ("asin", "quantity_fulfilled", "unit_price"),
    "transactions": ("marketplace_id", "status", "order_id"),
    "fees": ("sku", "quantity", None),
    "replacements": ("quantity", "sku", "asin"),
}
# Rows of the ledger that end losses.
_ROWS = {"finds": ("ledger", "quantity > 0 and reason in ('F', 'N')")}


@dataclass(frozen=True)
class Cell:
    """A column of a row, the row being the one at a place in the order of the table's key."""

    table: str
    column: str | None
    place: int

    async def blank(self, world: World) -> None:
        """Empty it; nothing where the table has no row, or the key would be another row's."""
        name, condition = _ROWS.get(self.table, (self.table, "true"))
        table = METADATA.tables[name]
        order = ", ".join(column.name for column in table.primary_key)
        row = (
            f"ctid = (select ctid from {name} where {condition} order by {order} "
            f"offset :place % greatest((select count(*) from {name} where {condition}), 1) limit 1)"
        )
        if self.column is None:
            statement = f"delete from {name} where {row}"
        else:
            empty = "null" if table.columns[self.column].nullable else "''"
            statement = f"update {name} set {self.column} = {empty} where {row}"
        with contextlib.suppress(IntegrityError):
            async with world.conn.begin_nested():
                await world.conn.execute(text(statement), {"place": self.place})


cells = st.builds(
    lambda cell, place: Cell(*cell, place),
    st.sampled_from([(table, name) for table, names in _CELLS.items() for name in names]),
    st.integers(0, 1000),
)


@dataclass(frozen=True)
class Column:
    """A column of a file that is called otherwise from one day on: no row tells it, and a note says so."""

    stream: str
    table: str
    name: str

    async def vanish(self, world: World) -> None:
        """What was found with it is forgotten too."""
        empty = "null" if METADATA.tables[self.table].columns[self.name].nullable else "''"
        await run_as_owner(
            world.conn, f"alter table {self.table} drop constraint {self.table}_pkey"
        )
        await world.conn.execute(text(f"update {self.table} set {self.name} = {empty}"))
        await world.conn.execute(text("delete from claim"))
        note = Note(self.stream, NoteCode.COLUMN_MISSING, "For the test.", "", self.name)
        await add_note(world.conn, world.connection_id, note)


# What a story has rows of, besides the parts of transactions, which no file tells.
_TOLD = {"ledger", "order_items", "reimbursements", "replacements", "returns"}


def _columns() -> list[Column]:
    """Those that some rule reads, or uses what was made of them, and can do without."""
    places = frozenset[ColumnRead]().union(
        *(touches_of(one) - needs_of(one) for one in all_rules())
    )
    return [
        Column(stream.name, table.name, one.column)
        for stream in all_streams()
        if stream.report is not None
        for one in stream.report.fields
        for table in (stream.table, *stream.parts)
        if not one.required and table.name in _TOLD and (table.name, one.column) in places
    ]


columns = st.sampled_from(_columns())


def worth_by_event(claims: Sequence[dict[str, Any]]) -> dict[tuple[str, str], tuple[int, Decimal]]:
    """Units and money by what is claimed; an unknown amount is none.

    An event is named without the product, of which a cell may be the name that is gone.
    """
    found: dict[tuple[str, str], tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for one in claims:
        key = {name: value for name, value in one["key"].items() if name not in {"sku", "fnsku"}}
        event = (one["type"], str(sorted(key.items())))
        quantity, amount = found[event]
        found[event] = (quantity + one["quantity"], amount + (one["amount"] or 0))
    return dict(found)
