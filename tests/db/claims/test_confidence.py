"""The number that says how sure a claim is, and the parts that always sum to it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from recoup.claims.detection.confidence import least_sure, sum_of, weighed
from recoup.claims.detection.parts import FOR_REVIEW, Entry, Sql, either, list_of, part, settled
from recoup.claims.lifecycle import PROMPT_FROM
from recoup.db.engine import Database

BASE = part("base", 0.8, "it was lost")
DOUBT = part("doubt", -0.2, "the count differs")
REVIEW = part("review", -0.1, "it may be paid", at_most=FOR_REVIEW)


async def read(database: Database, expression: str, rows: str = "select 1") -> Any:
    """One value, computed by PostgreSQL."""
    async with database.reading() as conn:
        found = await conn.execute(text(f"select {expression} from ({rows}) as row"))
        return found.scalar_one()


async def shown(database: Database, *parts: Entry) -> tuple[list[tuple[str, float]], Decimal]:
    """The parts of a claim with their changes, and its number."""
    told = weighed(list_of(*parts))
    changes = [(one["part"], one["change"]) for one in await read(database, told)]
    return changes, await read(database, sum_of(told))


@pytest.mark.parametrize(
    ("parts", "changes", "number"),
    [
        ((BASE,), [0.8], "0.8"),
        ((BASE, DOUBT), [0.8, -0.2], "0.6"),
        ((BASE, REVIEW), [0.8, -0.35], "0.45"),
        ((BASE, DOUBT, REVIEW), [0.8, -0.2, -0.15], "0.45"),
        # It takes off what it says where that is enough.
        ((part("base", 0.35, "weak"), REVIEW), [0.35, -0.1], "0.25"),
        # What comes after a limit counts from there.
        ((BASE, REVIEW, DOUBT), [0.8, -0.35, -0.2], "0.25"),
        ((BASE, part("late", 0, "not read", at_most=0.5), REVIEW), [0.8, -0.3, -0.1], "0.4"),
    ],
)
async def test_a_limit_takes_off_what_is_above_it(
    shared_database: Database, parts: Sequence[Entry], changes: list[float], number: str
) -> None:
    """The change that is shown is the one that was made."""
    told, confidence = await shown(shared_database, *parts)

    assert [change for _, change in told] == changes
    assert confidence == Decimal(number)


@pytest.mark.parametrize(
    ("parts", "last", "number"),
    [
        ((part("base", 0.35, "weak"), DOUBT, DOUBT), ("not below 0", 0.05), 0),
        ((BASE, part("your word", 0.55, "you said so")), ("not above 1", -0.35), 1),
    ],
)
async def test_a_clipped_number_says_so(
    shared_database: Database, parts: Sequence[Entry], last: tuple[str, float], number: int
) -> None:
    """The parts sum to the number where it would be below 0 or above 1, too."""
    told, confidence = await shown(shared_database, *parts)

    assert (told[-1], confidence) == (last, number)


async def test_of_several_events_the_least_sure_one_counts(shared_database: Database) -> None:
    """The parts of one claim are those of one event, whatever order the events come in."""
    rows = " union all ".join(
        f"select {list_of(*parts)} as told" for parts in ((BASE, DOUBT), (BASE, REVIEW), (BASE,))
    )

    found = await read(shared_database, least_sure("told"), rows)

    assert [one["part"] for one in found] == ["base", "review"]


async def test_a_list_has_what_holds(shared_database: Database) -> None:
    """Words with quotes stay words, expressions are computed, and the first alternative counts."""
    entries = list_of(
        Sql("cast('[1]' as jsonb)"),
        settled("case", "to_jsonb(cast('R1' as text))", "1 + 1", "Amazon's"),
        settled("payment", "null", "1", "not there", when="false"),
        either(
            settled("find", "null", "1", "not there", when="null"),
            settled("find", "null", "1", Sql("'a' || 'b'"), when="true"),
            settled("find", "null", "1", "not there"),
        ),
        either(settled("find", "null", "1", "not there", when="false")),
    )

    assert await read(shared_database, entries) == [
        1,
        {"by": "case", "reference": "R1", "units": 2, "why": "Amazon's"},
        {"by": "find", "reference": None, "units": 1, "why": "ab"},
    ]


def test_a_claim_for_review_is_not_called_owed() -> None:
    """What a person must look at first is below the number from which a claim is owed."""
    assert 0 < FOR_REVIEW < PROMPT_FROM
