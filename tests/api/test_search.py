"""Finding claims by the codes that a seller has at hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.db.single_reads import Statement
from recoup.ids import first_workspace_id
from recoup.users.queries import User
from tests.api.claim_rows import store_claims
from tests.api.serving import Server
from tests.api.test_recoveries import AS_CSV, ids_of

CODES = {"order_id": "111-2", "sku": "rc-Mug", "fnsku": "X00RC", "asin": "B0RC", "case_id": "4711"}
# Half of them wait for an answer, so that no code goes with one status.
MANY = text(
    "insert into claim (claim_id, connection_id, type, key, sku, fnsku, asin, order_id, case_id, "
    "quantity, amount, currency, confidence, confidence_parts, event_on, deadline, reason, evidence, "
    "policy_version, rule_version, as_of, status) select n::text, c.connection_id, c.type, "
    "jsonb_build_object('n', n), 'Cup-' || lpad(n::text, 6, '0'), 'Y' || lpad(n::text, 6, '0'), "
    "'Z' || lpad(n::text, 6, '0'), '222-' || lpad(n::text, 6, '0'), lpad(n::text, 6, '0'), "
    "c.quantity, c.amount, c.currency, c.confidence, c.confidence_parts, c.event_on, "
    "c.deadline + n % 200, c.reason, c.evidence, c.policy_version, c.rule_version, c.as_of, "
    "case n % 2 when 0 then 'detected' else 'filed' end from claim c, generate_series(1, 100000) n"
)


@pytest.mark.parametrize(
    "typed",
    [
        *("111-2", "rc-Mug", "RC-MUG", "rc-mug", "Rc-m", "rc-", "X00RC", "x00r", "B0RC", "b0rc"),
        *("4711", "471", " 4711 "),
    ],
)
async def test_a_claim_is_found_by_each_of_its_codes(
    client: httpx2.AsyncClient, database: Database, connection: Connection, typed: str
) -> None:
    """By how it begins, in capitals or small letters."""
    await store_claims(database, connection.connection_id, range(1))
    await store_claims(database, connection.connection_id, range(1, 2), **CODES)

    answer = (await client.get("/api/recoveries", params={"q": typed})).json()

    assert [one["claimId"] for one in answer["items"]] == ["claim-0001"]
    assert answer["totals"]["claimCount"] == 1


async def test_a_search_is_one_filter_of_several(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """An empty one finds all, signs have no meaning, and the CSV has the same claims."""
    await store_claims(database, connection.connection_id, range(3))
    await store_claims(database, connection.connection_id, range(3, 4), **CODES, status="filed")

    assert len(await ids_of(client, "q=")) == 4
    assert await ids_of(client, "q=%25") == []
    assert await ids_of(client, "q=X00_C") == []
    assert await ids_of(client, "q=X00RC&status=detected") == []
    assert await ids_of(client, "q=X00RC&status=filed") == ["claim-0003"]
    lines = (await client.get("/api/recoveries?q=SKU-1", headers=AS_CSV)).text.splitlines()
    assert len(lines) == 2


async def test_a_search_uses_its_indexes_behind_the_walls(
    server: Server,
    client: httpx2.AsyncClient,
    database: Database,
    user: User,
    connection: Connection,
) -> None:
    """Among 100,000 claims each statement of a search reads those that it finds, whichever code it is.

    Row level security must not prevent that, nor the order and the limit of the list.
    """
    await store_claims(database, connection.connection_id, range(1))
    async with database.writing() as conn:
        await conn.execute(MANY)
        await conn.execute(text("analyze claim"))
    for typed in ("cup-000777", "y000777", "z000777", "222-000777", "000777"):
        asked = f"/api/recoveries?q={typed}&evidence=false"
        found, statements = await asked_by(server, client, asked)
        assert [one["claimId"] for one in found["items"]] == ["777"]
        walled = server.services.database.of(first_workspace_id(user.user_id))
        plans = [await plan_of(walled, *one) for one in statements]
        assert not [plan for plan in plans if re.search(r"Seq Scan on claim\b", plan)], typed
        # There was no payment, so the third may begin there.
        assert sum("_search_idx" in plan for plan in plans) >= 2, typed


async def asked_by(
    server: Server, client: httpx2.AsyncClient, path: str
) -> tuple[dict[str, Any], list[tuple[Statement, Mapping[str, object]]]]:
    """The answer, and the statements that looked for codes, with their parameters."""
    statements: list[tuple[Statement, Mapping[str, object]]] = []
    reads = server.services.database._single_reads
    fetch = reads.fetch

    async def noted(
        wanted: Sequence[Statement], parameters: Mapping[str, object], *rest: Any
    ) -> list[list[Any]]:
        statements.extend((one, parameters) for one in wanted if "starts_with" in one.text)
        return await fetch(wanted, parameters, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reads, "fetch", noted)
        answer = (await client.get(path)).raise_for_status().json()
    # The list, its totals, and what was paid.
    assert len(statements) == 3
    return answer, statements


async def plan_of(walled: Database, statement: Statement, parameters: Mapping[str, object]) -> str:
    """How PostgreSQL runs it for the role of the API: each time for the values, as it is not kept."""
    assert not statement.keeps_plan
    explained = Statement(f"explain {statement.text}", keeps_plan=False)
    return "\n".join(row[0] for row in await walled.fetch(explained, **parameters))
