"""`recoup export`: what is in the files is what is in the tables."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert, text

from recoup.db.copy_out import DatabaseSnapshot, snapshot
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.export.export_queries import exported_tables
from recoup.export.write import ExportForm, write_table
from recoup.migrations.schema import METADATA
from recoup.sync.record.export_queries import SECRETS
from recoup.users.queries import get_user
from tests.api.rows import store_transactions
from tests.cli.programs import Recoup
from tests.support.whole_seller import StoredSeller, whole_seller

TABLES = exported_tables()


@pytest.fixture(scope="module")
async def seller(postgres: EmbeddedServer, stored_seller: StoredSeller) -> AsyncIterator[Database]:
    """A whole seller, and odd values in its orders."""
    async with whole_seller(postgres, stored_seller, "exported") as one:
        async with one.database.writing() as conn:
            await conn.execute(
                text(
                    "update order_items set unit_price = 1.23456789 where order_id = "
                    "(select min(order_id) from order_items)"
                )
            )
            await conn.execute(
                text(
                    "update orders set service_level = '', sales_channel = E'a \"b\", c\\nd' "
                    "where order_id = (select min(order_id) from orders)"
                )
            )
        yield one.database


@pytest.fixture(scope="module")
async def workspace_id(seller: Database) -> str:
    async with seller.reading() as conn:
        user = await get_user(conn, "seller@example.com")
    return str(user.user_id)


def url_of(database: Database) -> str:
    return database.sqlalchemy_url.replace("postgresql+psycopg", "postgresql")


@pytest.fixture
def source(seller: Database, workspace_id: str) -> Iterator[DatabaseSnapshot]:
    with snapshot(url_of(seller), workspace_id) as one:
        yield one


@pytest.mark.parametrize("name", TABLES)
async def test_a_parquet_file_has_every_value(
    name: str, seller: Database, source: DatabaseSnapshot, tmp_path: Path
) -> None:
    """Typed, in as many rows as the table has, decimals to the last digit, times in UTC."""
    table = TABLES[name]

    written = write_table(source, table, tmp_path, ExportForm.PARQUET)

    found = pq.read_table(written.path)
    async with seller.reading() as conn:
        stored = (await conn.execute(table.select())).mappings().all()
    assert written.rows == found.num_rows == len(stored)
    plain = [
        one.name
        for one in table.columns
        if one.name in found.column_names
        and str(one.type) not in {"JSONB", "ARRAY", "TEXT[]"}
        and one.type.python_type in {str, int, Decimal, bool}
    ]
    assert as_sorted(found.select(plain).to_pylist()) == as_sorted(
        [{key: row[key] for key in plain} for row in stored]
    )


def as_sorted(rows: list[dict[str, Any]]) -> list[str]:
    """The rows in an order of their own; a decimal counts as its value, whatever its zeros."""
    return sorted(
        repr([v.normalize() if isinstance(v, Decimal) else v for v in row.values()]) for row in rows
    )


async def test_types_are_those_of_the_database(source: DatabaseSnapshot, tmp_path: Path) -> None:
    """Money is decimal, a time an instant in UTC, a day a day; columns say what they mean."""
    schema = pq.read_schema(
        write_table(source, TABLES["order_items"], tmp_path, ExportForm.PARQUET).path
    )
    orders = pq.read_schema(
        write_table(source, TABLES["orders"], tmp_path, ExportForm.PARQUET).path
    )

    assert str(schema.field("unit_price").type) == "decimal128(38, 8)"
    assert str(orders.field("created_at").type) == "timestamp[us, tz=UTC]"
    assert schema.field("unit_price").metadata[b"comment"] == b"Price of one unit."


async def test_empty_and_unknown_stay_apart(source: DatabaseSnapshot, tmp_path: Path) -> None:
    """An empty text is no null, in either format, and quotes and line breaks survive."""
    parquet = write_table(source, TABLES["orders"], tmp_path, ExportForm.PARQUET)
    text_file = write_table(source, TABLES["orders"], tmp_path, ExportForm.CSV)

    rows = pq.read_table(parquet.path).to_pylist()
    odd = next(one for one in rows if one["service_level"] == "")
    assert odd["sales_channel"] == 'a "b", c\nd'
    with text_file.path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(rows) == text_file.rows
    assert 'a "b", c\nd' in {one["sales_channel"] for one in lines}


async def test_others_rows_are_not_exported(
    seller: Database, workspace_id: str, tmp_path: Path
) -> None:
    """Another workspace of the same database."""
    table = METADATA.tables["workspace"]
    async with seller.writing() as conn:
        await conn.execute(insert(table).values(workspace_id="other", name="Other"))
        await conn.execute(
            text(
                "insert into amazon_connection (connection_id, workspace_id, selling_partner_id, "
                "region, environment, marketplace_ids, status, authorized_at) values "
                "('conn_other', 'other', 'A2', 'NA', 'local', '{}', 'active', now())"
            )
        )
    await store_transactions(seller, "conn_other", range(7))

    with snapshot(url_of(seller), "other") as theirs:
        other = write_table(theirs, TABLES["transactions"], tmp_path, ExportForm.PARQUET)
    with snapshot(url_of(seller), workspace_id) as ours:
        mine = write_table(ours, TABLES["transactions"], tmp_path, ExportForm.PARQUET)

    assert other.rows == 7
    assert "conn_other" not in pq.read_table(mine.path)["connection_id"].to_pylist()


def test_secrets_and_people_are_not_exported():
    """No table about people, no column that proves who somebody is."""
    assert not {"credential", "app_user", "audit_entry", "user_password"} & set(TABLES)
    assert SECRETS["amazon_connection"] == {"refresh_token_sealed"}


async def test_a_file_has_its_name_once_it_is_complete(
    source: DatabaseSnapshot, tmp_path: Path
) -> None:
    """An export that breaks leaves no half file."""

    class Broken(DatabaseSnapshot):
        def copy_csv(self, query: str) -> Iterator[bytes]:
            pieces = source.copy_csv(query)
            yield next(pieces)
            raise OSError("disk full")

        def read_row(self, query: str) -> tuple[object, ...]:
            return source.read_row(query)

    with pytest.raises(OSError, match="disk full"):
        write_table(Broken(source._connection), TABLES["orders"], tmp_path, ExportForm.CSV)

    assert not [*tmp_path.glob("*")]  # noqa: ASYNC240 - nothing else runs


async def test_the_command_writes_every_table(
    seller: Database, workspace_id: str, tmp_path: Path
) -> None:
    """One file per table; a name that is no table is wrong."""
    recoup = Recoup({"RECOUP_DATABASE_URL": url_of(seller), "RECOUP_DATA_DIR": str(tmp_path)})
    folder = tmp_path / "out"

    done = recoup.run("export", str(folder), "--user", workspace_id)
    wrong = recoup.run("export", str(folder), "--table", "order", "--user", workspace_id)

    assert done.code == 0, done
    assert {one.stem for one in folder.iterdir()} == set(TABLES)
    assert wrong.code == 1
    assert "There is no table order" in wrong.stderr
