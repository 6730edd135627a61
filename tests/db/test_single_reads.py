"""Statements that go to PostgreSQL in one message, and what a connection keeps of them."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import bindparam, func, literal, select
from sqlalchemy.types import Text

from recoup.api.data_bodies import ORDER
from recoup.db.engine import Database
from recoup.db.single_reads import KeptStatements, Statement, statement
from recoup.ids import WorkspaceId
from recoup.streams.listing import document_queries
from recoup.streams.listing.listing_queries import ORDERS

_PREPARED = Statement("select statement from pg_prepared_statements", keeps_plan=False)
_WORKSPACE = Statement("select current_setting('recoup.workspace_id', true) as name")


async def prepared(database: Database) -> list[str]:
    """What the connection has prepared that was used last, and is used next."""
    return [row.statement for row in await database.fetch(_PREPARED)]


async def test_a_statement_is_prepared_once(database: Database) -> None:
    """Later ones only name it; each gets the answer to its own values."""
    doubled = Statement("select cast(%(one)s as int) * 2 as value, cast(%(two)s as text) as said")

    rows = [(await database.fetch(doubled, one=n, two="it's")) for n in range(8)]

    assert [(row.value, row.said) for [row] in rows] == [(2 * n, "it's") for n in range(8)]
    assert len(await prepared(database)) == 1


async def test_a_connection_keeps_the_statements_that_were_used_last(database: Database) -> None:
    """PostgreSQL holds the plan of each in its memory."""
    many = [Statement(f"select cast(%(one)s as int) + {n} as value") for n in range(120)]

    for n, one in enumerate(many):
        [row] = await database.fetch(one, one=1)
        assert row.value == n + 1
        assert (await database.fetch(many[0], one=1))[0].value == 1

    kept = " ".join(await prepared(database))
    assert len(await prepared(database)) == 30
    assert "+ 0 as" in kept
    assert "+ 119 as" in kept
    assert "+ 1 as" not in kept


async def test_what_depends_on_its_values_is_planned_for_them(database: Database) -> None:
    """And is not kept."""
    one = Statement("select cast(%(one)s as text) as value", keeps_plan=False)

    assert (await database.fetch(one, one="a%b"))[0].value == "a%b"
    assert await prepared(database) == []


async def test_several_are_one_transaction_in_one_workspace(database: Database) -> None:
    """Of which the next one knows nothing."""
    now = Statement("select now() as at, pg_current_xact_id_if_assigned() as id")
    walled = database.of(WorkspaceId("ours"))

    (first,), (second,), (named,) = await walled.fetch_all(now, now, _WORKSPACE)

    assert first == second
    assert named.name == "ours"
    assert (await database.fetch(_WORKSPACE))[0].name in {"", None}


async def test_a_statement_that_fails_leaves_nothing_behind(database: Database) -> None:
    """The others go on, and so does the same one with other values."""
    divided = Statement("select 12 / cast(%(by)s as int) as value")
    assert (await database.fetch(divided, by=3))[0].value == 4
    with pytest.raises(psycopg.errors.DivisionByZero):
        await database.of(WorkspaceId("ours")).fetch(divided, by=0)

    assert (await database.fetch(divided, by=4))[0].value == 3
    assert (await database.fetch(_WORKSPACE))[0].name in {"", None}


def test_statements_are_made_once_and_some_hundred_are_kept() -> None:
    """Whoever asks in ever new ways does not fill the memory."""
    kept = KeptStatements[int](most=2)
    made: list[int] = []

    def get(n: int) -> int:
        return kept.get(n, lambda: made.append(n) or n)

    assert [get(n) for n in (1, 2, 2, 1, 3, 3, 2, 1)] == [1, 2, 2, 1, 3, 3, 2, 1]
    assert made == [1, 2, 3, 1]


@pytest.mark.parametrize("name", ["sku", "order_id", "fnsku", "since"])
def test_a_page_of_one_product_or_order_is_planned_for_it(name: str) -> None:
    """An index of theirs is of use only where few rows have the value; a time says nothing of it."""
    made = document_queries._statement(ORDERS, ORDER, frozenset({"workspace_id", name}), 101)

    assert made.keeps_plan is (name == "since")


@pytest.mark.parametrize("words", ["it's", "50 % of %(all)s", 'a "b"', "a\\b", "größer", "; --"])
async def test_what_has_no_name_is_a_part_of_the_text(database: Database, words: str) -> None:
    """As it is, whatever signs are in it, beside what is bound by name."""
    one = statement(
        select(
            literal(words, Text).label("constant"),
            func.concat(bindparam("said", type_=Text), literal("!", Text)).label("said"),
            literal("b", Text).in_(["a", "b"]).label("is_in"),
        )
    )

    for _ in range(2):
        [row] = await database.fetch(one, said=words)
        assert row == (words, f"{words}!", True)


async def test_a_client_with_another_encoding_reads_the_same(database_url: str) -> None:
    """An operator may set one in the address."""
    latin = Database(f"{database_url}&client_encoding=latin1", role=None)
    said = Statement(
        "select cast(%(said)s as text) as said, cast(%(said)s as text) = 'größer' as same"
    )

    [row] = await latin.fetch(said, said="größer")
    await latin.close()

    assert row == ("größer", True)
