"""Temporary tables of a detection are filled after what they read, without anybody listing them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from random import Random
from types import ModuleType

import pytest
from sqlalchemy import text

from recoup.claims import detection
from recoup.claims.detection import all_tables, tables_of
from recoup.claims.detection.detect import detect
from recoup.claims.detection.filling_order import Filling, FillingOrderError, filling_order
from recoup.claims.detection.prepare import prepared
from recoup.claims.detection.temporary_table import Change, TemporaryTable, tables_in
from recoup.db.engine import Database
from tests.support.claim_rows import make_world

MODULES = [
    importlib.import_module(f"{detection.__name__}.{module.name}")
    for module in pkgutil.iter_modules(detection.__path__)
]
FIRST = TemporaryTable("detect_first", "units integer", "select 1")
SECOND = TemporaryTable("detect_second", "units integer", "select units from detect_first")


def too_early(order: Sequence[Filling]) -> list[str]:
    """What is read before it is made and changed, as `reader: table`; of those in the order."""
    place = {one.name: number for number, one in enumerate(order)}
    changed_by = {
        one.name: one.changed_by.name
        for one in order
        if isinstance(one, TemporaryTable) and one.changed_by
    }
    return [
        f"{one.name}: {name}"
        for one in order
        for name in tables_in(
            " ".join(one.statements) if isinstance(one, Change) else one.fill or ""
        )
        for needed in (name, changed_by.get(name, name))
        if place.get(needed, -1) > place[one.name]
    ]


def shuffled(modules: Iterable[ModuleType], seed: int) -> list[ModuleType]:
    modules = list(modules)
    Random(seed).shuffle(modules)
    return modules


@pytest.mark.parametrize("seed", range(20))
def test_in_whatever_order_modules_are_found_a_table_is_filled_after_what_it_reads(
    seed: int,
) -> None:
    """Changed tables are read after the change, and the order is the same each time."""
    tables = tables_of(shuffled(MODULES, seed)).values()

    order = filling_order(tables)

    assert too_early(order) == []
    assert {one.name for one in order} >= set(all_tables())
    assert order == filling_order(all_tables().values())


def test_a_wrong_order_is_seen() -> None:
    """The test above can fail: backwards, nearly all tables are too early."""
    assert len(too_early(prepared()[::-1])) > len(prepared())


def test_what_rules_read_is_prepared_and_reads_nothing_that_rules_find() -> None:
    """A table that needs what the rules find is made by its own module afterwards."""
    assert {one.name for one in prepared() if isinstance(one, TemporaryTable)} == {
        name for name, table in all_tables().items() if table.is_prepared
    }

    with pytest.raises(FillingOrderError, match="detect_second reads detect_found"):
        filling_order((FIRST, replace(SECOND, fill="select units from detect_found")))


async def test_a_detection_makes_its_tables_in_such_an_order(database: Database) -> None:
    """Also those that are made from what the rules found."""
    in_order = text(
        "select relname from pg_class where relnamespace = pg_my_temp_schema() and relkind = 'r' "
        "order by oid"
    )
    async with database.writing() as conn:
        world = await make_world(conn)
        await detect(conn, world.connection_id, date(2026, 11, 23))
        made = list((await conn.execute(in_order)).scalars())

    # Nothing is in quarantine, so nothing is asked what it names.
    assert set(made) == set(all_tables()) - {"detect_quarantined"}
    assert too_early([all_tables()[name] for name in made]) == []


def test_tables_that_read_each_other_have_no_order() -> None:
    """The message names them."""
    first = replace(FIRST, fill="select units from detect_second")

    with pytest.raises(FillingOrderError, match=r"detect_first.*detect_second"):
        filling_order((first, SECOND))


def test_a_table_that_nobody_declares_is_named() -> None:
    """A misspelt name is found before any database is asked."""
    with pytest.raises(FillingOrderError, match="detect_second reads detect_first"):
        filling_order((SECOND,))


def test_a_table_is_changed_before_it_is_read() -> None:
    """Also where the names would say the opposite."""
    change = Change("a_change", ("update detect_second set units = 2",))
    changed = replace(SECOND, changed_by=change)
    reader = TemporaryTable("detect_a_reader", "units integer", "select units from detect_second")

    names = [one.name for one in filling_order((reader, FIRST, changed))]

    assert names == ["detect_first", "detect_second", "a_change", "detect_a_reader"]


def test_a_name_belongs_to_one_table() -> None:
    """Two modules cannot fill the same table."""
    one, other = ModuleType("one"), ModuleType("other")
    vars(one)["TABLE"], vars(other)["TABLE"] = FIRST, replace(FIRST, fill="select 2")

    with pytest.raises(ValueError, match="detect_first"):
        tables_of((one, other))
