"""Everything that a workspace has, in one file, and nothing of others or that opens a door."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import func, select

from recoup.config import Settings
from recoup.db.engine import Database
from recoup.db.metadata import METADATA
from recoup.sync.record.export_queries import SECRETS, exported_columns, exported_tables
from tests.api.every_row import store_everything
from tests.api.serving import new_connection, new_user, serving

KEYS = "k" * 32
SECRET_NAMES = ("digest", "hash", "sealed", "secret", "password")


def test_no_column_that_opens_a_door_is_exported() -> None:
    """By name, so that a new one is noticed; the digest of a row's own content opens none."""
    exported = {
        f"{table.name}.{column}"
        for table in exported_tables()
        for column in exported_columns(table)
    }

    told = {one for one in exported if any(word in one.split(".")[1] for word in SECRET_NAMES)}

    assert told == {"quarantine.raw_digest"}
    assert all(left <= set(METADATA.tables[name].columns.keys()) for name, left in SECRETS.items())


def test_every_table_of_a_workspace_has_an_order_to_be_read_in() -> None:
    """Its primary key: without one a long table could not be read piece by piece."""
    assert [table.name for table in exported_tables() if not table.primary_key.columns] == []


async def test_an_export_has_every_row_of_the_workspace_and_no_other(
    database: Database, tmp_path: Path
) -> None:
    """Counted against the tables; a stranger with the same kinds of rows has a file of its own."""
    settings = Settings(data_dir=tmp_path, secret_keys=KEYS, local_sandbox="http://127.0.0.1:9")
    async with serving(settings, database) as server:
        ann = await new_user(database)
        bob = await new_user(database, "bob@example.com")
        await store_everything(database, settings, ann)
        before = await _counts(database)
        await new_connection(database, settings, bob)
        async with server.client(ann) as client:
            head, rows, end = _parts(await client.get("/api/export"))

    counted = Counter(row["table"] for row in rows)
    own = {name: count for name, count in before.items() if name not in _PEOPLE}
    own["audit_entry"] += 1  # of the export itself
    assert {name: counted[name] for name in own} == own
    assert (counted["app_user"], counted["workspace"]) == (1, 1)
    assert end == {"end": True, "rows": len(rows)}
    assert head["workspaceId"] == ann.user_id
    assert bob.user_id not in json.dumps(rows)


async def test_money_and_times_keep_their_digits(database: Database, tmp_path: Path) -> None:
    """A decimal is a text, as in the API, and a time is in UTC."""
    settings = Settings(data_dir=tmp_path, secret_keys=KEYS, local_sandbox="http://127.0.0.1:9")
    async with serving(settings, database) as server:
        ann = await new_user(database)
        await store_everything(database, settings, ann)
        async with server.client(ann) as client:
            _, rows, _ = _parts(await client.get("/api/export"))

    fee = next(row["row"] for row in rows if row["table"] == "fees")
    assert isinstance(fee["amount"], str)
    assert fee["posted_at"].endswith("Z")


_PEOPLE = frozenset({"app_user", "workspace", "workspace_member", "credential", "invitation"})


def _parts(answer: httpx2.Response) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    head, *rows, end = [json.loads(line) for line in answer.text.splitlines()]
    return head, rows, end


async def _counts(database: Database) -> dict[str, int]:
    async with database.reading() as conn:
        return {
            table.name: (await conn.execute(select(func.count()).select_from(table))).scalar_one()
            for table in exported_tables()
        }
