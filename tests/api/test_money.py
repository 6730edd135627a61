"""GET /api/metrics/money: what Amazon posted, by month."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from sqlalchemy import func, select

from recoup.config import Settings
from recoup.db.engine import Database
from recoup.streams.transactions import TABLE as TRANSACTIONS
from tests.api.rows import store_transactions
from tests.api.serving import new_connection, new_user, serving

KEYS = "k" * 32


async def test_months_add_up_to_the_transactions(database: Database, tmp_path: Path) -> None:
    """Every transaction is in one sum, of its currency; others' are in none."""
    settings = Settings(data_dir=tmp_path, secret_keys=KEYS, local_sandbox="http://127.0.0.1:9")
    async with serving(settings, database) as server:
        ann, bob = await new_user(database), await new_user(database, "bob@example.com")
        mine = await new_connection(database, settings, ann)
        theirs = await new_connection(database, settings, bob)
        await store_transactions(database, mine.connection_id, range(40))
        await store_transactions(database, theirs.connection_id, range(40))
        async with database.reading() as conn:
            total, count = (
                await conn.execute(
                    select(func.sum(TRANSACTIONS.c.total_amount), func.count()).where(
                        TRANSACTIONS.c.connection_id == mine.connection_id
                    )
                )
            ).one()
        async with server.client(ann) as client:
            answer = await client.get("/api/metrics/money")
            month = answer.json()["months"][0]["monthOn"]
            since = await client.get("/api/metrics/money", params={"from": month})
            foreign = await client.get(
                "/api/metrics/money", params={"connectionId": theirs.connection_id}
            )

    months = answer.json()["months"]
    assert {one["connectionId"] for one in months} == {mine.connection_id}
    assert {one["amount"]["currency"] for one in months} == {"USD"}
    assert sum(Decimal(one["amount"]["amount"]) for one in months) == total
    assert sum(one["transactionCount"] for one in months) == count == 40
    assert {one["monthOn"] for one in since.json()["months"]} == {month}
    assert foreign.status_code == 404
