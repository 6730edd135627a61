"""Finding claims by the codes that a seller has at hand."""

from __future__ import annotations

import httpx2
import pytest
from sqlalchemy import text

from recoup.claims.reading.claims import ClaimSelection, conditions
from recoup.claims.reading.day import today_on
from recoup.claims.reading.row import select_claims
from recoup.clock import utc_now
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.db.roles import DatabaseRole
from recoup.ids import first_workspace_id
from recoup.users.queries import User
from tests.api.claim_rows import store_claims
from tests.api.test_recoveries import AS_CSV, ids_of

CODES = {"order_id": "111-2", "sku": "rc-Mug", "fnsku": "X00RC", "asin": "B0RC", "case_id": "4711"}
MANY = text(
    "insert into claim select (jsonb_populate_record(c, jsonb_build_object('claim_id', n::text, "
    "'key', jsonb_build_object('n', n), 'sku', 'S' || n, 'fnsku', 'Y' || lpad(n::text, 6, '0')))).* "
    "from claim c, generate_series(1, 30000) n"
)


@pytest.mark.parametrize(
    "typed", ["111-2", "rc-Mug", "rc-", "X00RC", "x00r", "B0RC", "b0rc", "4711", " 4711 "]
)
async def test_a_claim_is_found_by_each_of_its_codes(
    client: httpx2.AsyncClient, database: Database, connection: Connection, typed: str
) -> None:
    """By how it begins, as it is written or in capitals."""
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
    database: Database, user: User, connection: Connection
) -> None:
    """Among many claims it reads those that it finds; row level security must not prevent that."""
    await store_claims(database, connection.connection_id, range(1))
    async with database.writing() as conn:
        await conn.execute(MANY)
        await conn.execute(text("analyze claim"))
    workspace_id = first_workspace_id(user.user_id)
    selection = ClaimSelection(workspace_id, utc_now(), search="y000777")
    statement = select_claims(today_on(selection.now)).where(*conditions(selection))
    walled = database.as_role(DatabaseRole.API)
    async with walled.of(workspace_id).reading() as conn:
        compiled = statement.compile(
            dialect=conn.dialect, compile_kwargs={"render_postcompile": True}
        )
        rows = await conn.exec_driver_sql(f"explain {compiled}", compiled.params)
        plan = "\n".join(rows.scalars())
    await walled.close()

    assert "claim_fnsku_search_idx" in plan
    assert "Seq Scan on claim" not in plan
