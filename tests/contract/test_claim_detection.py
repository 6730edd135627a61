"""Every claim rule over whole sellers: what it finds is theirs, the same the next time, and added up."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator

import jsonschema
import pytest
from sqlalchemy import text

from recoup.claims.bodies.claim import claim_body
from recoup.claims.detection import all_tables
from recoup.claims.detection.detect import detect
from recoup.claims.detection.prepare import bind_values, prepare
from recoup.claims.detection.window_and_value import tune
from recoup.claims.policy import load_policy
from recoup.claims.reading.day import today_on
from recoup.claims.reading.row import claim_row, select_claims
from recoup.claims.rule import ClaimType
from recoup.clock import utc_now
from recoup.db.embedded import EmbeddedServer
from recoup.db.metadata import METADATA
from recoup.notes.queries import list_notes
from tests.support.as_owner import run_as_owner
from tests.support.claim_doubts import add_doubts
from tests.support.claim_plans import STATEMENTS, largest_table, nodes_of, plan_of, rows_handled
from tests.support.claim_story import assert_parts_sum_up
from tests.support.openapi_document import DOCUMENT
from tests.support.whole_seller import (
    StoredSeller,
    WholeSeller,
    add_clones,
    add_double,
    seller_with_claims,
    stored,
    undone,
)

MEASURED = {ClaimType.STORAGE_FEE_OVERCHARGE, ClaimType.FULFILLMENT_FEE_OVERCHARGE}
"""Their sentences have sizes and volumes, too."""
MOST_READINGS = 3
"""Of the largest table, that one node of a plan may handle; at present none handles more than one."""


@pytest.fixture(scope="module")
async def seller(
    postgres: EmbeddedServer, stored_seller: StoredSeller
) -> AsyncIterator[WholeSeller]:
    """Each test takes back what it changes."""
    async with seller_with_claims(postgres, stored_seller, "contract") as one:
        yield one


async def test_every_rule_finds_something_at_a_whole_seller(seller: WholeSeller) -> None:
    """What is held against these claims below is held against every rule."""
    async with seller.database.reading() as conn:
        found = await conn.execute(text("select distinct type from claim"))

    assert set(found.scalars()) == set(ClaimType)


async def test_the_parts_of_every_claim_sum_to_its_confidence(seller: WholeSeller) -> None:
    """The base first, and what changes it: with a payment, too, that may be for each of the claims."""
    async with undone(seller) as conn:
        found = [*(await stored(conn, seller.connection_id)).items()]
        await add_doubts(conn, seller.connection_id)
        await detect(conn, seller.connection_id, seller.day)
        found += (await stored(conn, seller.connection_id)).items()
    claims = [one for (table, _, _), rows in found if table == "claim" for one in rows]

    for claim in claims:
        assert_parts_sum_up(claim)
    assert len({one["type"] for one in claims if len(one["confidence_parts"]) > 1}) >= 8


async def test_the_evidence_of_every_rule_is_as_described(seller: WholeSeller) -> None:
    """In the API's description, where a value is text, a number, yes or no, or null; and nothing is lost."""
    schema = {"$ref": "#/components/schemas/Evidence", "components": DOCUMENT["components"]}
    async with undone(seller) as conn:
        await add_doubts(conn, seller.connection_id)
        await detect(conn, seller.connection_id, seller.day)
        found = await conn.execute(select_claims(today_on(utc_now())))
        rows = [claim_row(row) for row in found.mappings()]

    for row in rows:
        jsonschema.validate(row.evidence, schema)
        assert row.evidence is not None
        assert row.evidence["rows"], row.type
        body = claim_body(row).document()
        assert body["evidence"] == row.evidence
        # As PostgreSQL divides, and nobody reads.
        assert re.findall(r"\d+\.\d{9,}", json.dumps(body)) == [], row.type
    assert {row.type for row in rows} == set(ClaimType)


async def test_every_sentence_agrees_with_its_numbers(seller: WholeSeller) -> None:
    """One unit is no "1 units", and an amount names its currency, or a page cannot write it as its reader does."""
    async with undone(seller) as conn:
        await add_doubts(conn, seller.connection_id)
        await detect(conn, seller.connection_id, seller.day)
        found = (
            await conn.execute(text("select type, reason, evidence -> 'notes' from claim"))
        ).all()

    for kind, reason, notes in found:
        said = " ".join([reason, *(notes or [])])
        assert not re.search(r"\b1 (units|charges|\S+ were)\b", said), said
        if kind not in MEASURED:
            bare = re.findall(r"(?<![\d.])\d+\.\d+(?![\d.]| [A-Z]{3}\b| %)", reason)
            assert bare == [], reason


async def test_a_second_detection_changes_nothing(seller: WholeSeller) -> None:
    """The same claims, candidates and allocations, and not a line of history."""
    entries = text("select count(*) from claim_history")
    async with undone(seller) as conn:
        before = await stored(conn, seller.connection_id), (await conn.execute(entries)).scalar()
        await detect(conn, seller.connection_id, seller.day)
        after = await stored(conn, seller.connection_id), (await conn.execute(entries)).scalar()

    assert after == before


async def test_no_rule_sees_another_seller(seller: WholeSeller) -> None:
    """Neither one with the same orders, products and shipments, nor what would settle every claim."""
    async with undone(seller) as conn:
        before = await stored(conn, seller.connection_id)
        notes = await list_notes(conn, seller.connection_id)
        await add_double(conn, seller.connection_id)
        await detect(conn, seller.connection_id, seller.day)
        after = await stored(conn, seller.connection_id)
        told = await list_notes(conn, seller.connection_id)

    assert sorted(name for name in before | after if before.get(name) != after.get(name)) == []
    assert told == notes


async def test_no_statement_reads_a_table_for_each_row_of_another(seller: WholeSeller) -> None:
    """At thirteen times the seller no node of a plan handles more rows than a few readings of the largest table.

    A nested loop over big tables does: there are a dozen candidates of every rule, and each would read
    the other table whole.
    """
    async with undone(seller) as conn:
        await add_clones(conn, seller.connection_id, 12)
        # Plans must not depend on whether autovacuum was here already.
        await run_as_owner(conn, f"analyze {', '.join(METADATA.tables)}")
        largest = await largest_table(conn)
        policy = load_policy()
        await tune(conn)
        await prepare(conn, seller.connection_id, seller.day, policy)
        values = bind_values(seller.connection_id, seller.day, policy)
        handled: dict[str, float] = {}
        idle: list[str] = []
        for name in {
            *ClaimType,
            *(table.name for table in all_tables().values() if table.is_prepared),
        } & STATEMENTS.keys():
            plan = await plan_of(conn, STATEMENTS[name], values, analyze=True)
            handled[name] = max(map(rows_handled, nodes_of(plan))) / largest
            if name in set(ClaimType) and plan["Actual Rows"] <= 12:
                idle.append(name)

    # Thirteen products that all cost more in a week are taken for a season, depending on which other
    # ones were sold in it.
    assert set(idle) <= {"fulfillment_fee_overcharge"}
    assert {name: times for name, times in handled.items() if times > MOST_READINGS} == {}
