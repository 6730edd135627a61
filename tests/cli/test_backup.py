"""`recoup db backup` and `recoup db restore`."""

from __future__ import annotations

import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from recoup.db.embedded import EmbeddedServer
from tests.cli.programs import Recoup
from tests.support.whole_seller import StoredSeller


@pytest.fixture
def whole(
    postgres: EmbeddedServer, stored_seller: StoredSeller, recoup: Recoup
) -> Iterator[Recoup]:
    """The program on a database of its own with everything that a seller can have."""
    name = f"whole_{uuid.uuid4().hex[:12]}"
    postgres.create_database(name, template=stored_seller.template)
    yield with_database(recoup, postgres.url(name))
    postgres.drop_database(name)


def with_database(recoup: Recoup, url: str) -> Recoup:
    recoup.environ["RECOUP_DATABASE_URL"] = url
    return recoup


def contents(postgres: EmbeddedServer, url: str) -> dict[str, tuple[int, str]]:
    """Number and digest of the rows of each table, seen by the superuser whom no wall stops."""
    name = url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(postgres.superuser_url(name)) as conn:
        tables = conn.execute(
            "select tablename from pg_tables where schemaname = 'public' order by 1"
        ).fetchall()
        query = (
            "select count(*), md5(coalesce(string_agg(row::text, E'\\n' order by row::text), '')) "
            "from {} as row"
        )
        return {
            table: conn.execute(sql.SQL(query).format(sql.Identifier(table))).fetchone()
            for (table,) in tables
        }


def test_a_restored_database_is_the_same(whole: Recoup, postgres: EmbeddedServer, tmp_path: Path):
    """Every row of every table comes back, and so do the walls; nothing later stays."""
    url, copy = whole.environ["RECOUP_DATABASE_URL"], tmp_path / "recoup.dump"
    before = contents(postgres, url)
    assert sum(count for count, _ in before.values()) > 1_000
    backed_up = whole.run("db", "backup", str(copy))
    assert backed_up.code == 0, backed_up
    assert "RECOUP_SECRET_KEYS" in backed_up.stderr
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with psycopg.connect(url, options="-c role=recoup_worker") as conn:
        conn.execute("delete from orders")
        conn.execute("update workspace set name = 'changed'")
    with psycopg.connect(url) as conn:
        conn.execute("create table later (n int)")

    refused = whole.run("db", "restore", str(copy))
    done = whole.run("db", "restore", "--overwrite", str(copy))

    assert (refused.code, "--overwrite" in refused.stderr) == (1, True)
    assert done.code == 0, done
    assert contents(postgres, url) == before
    assert whole.run("db", "status").code == 0
    with psycopg.connect(url, options="-c role=recoup_api") as conn:
        assert conn.execute("select count(*) from orders").fetchone() == (0,)
    assert list(tmp_path.iterdir()) == [copy]


def test_a_broken_copy_changes_nothing(whole: Recoup, postgres: EmbeddedServer, tmp_path: Path):
    """Half a file is refused, and what the database had is still there."""
    url, copy = whole.environ["RECOUP_DATABASE_URL"], tmp_path / "recoup.dump"
    assert whole.run("db", "backup", str(copy)).code == 0
    before = contents(postgres, url)
    content = copy.read_bytes()
    copy.write_bytes(content[: len(content) * 2 // 3])

    done = whole.run("db", "restore", "--overwrite", str(copy))

    assert (done.code, done.stdout) == (1, "")
    assert contents(postgres, url) == before


def test_a_copy_goes_to_a_new_database(whole: Recoup, postgres: EmbeddedServer, tmp_path: Path):
    """An empty database takes it as it is; one that recoup works on takes nothing."""
    url, copy = whole.environ["RECOUP_DATABASE_URL"], tmp_path / "recoup.dump"
    before = contents(postgres, url)
    assert whole.run("db", "backup", str(copy)).code == 0
    name = f"new_{uuid.uuid4().hex[:12]}"
    postgres.create_database(name)
    new = with_database(whole, postgres.url(name))
    with psycopg.connect(postgres.url(name), application_name="recoup 0.1.0"):
        used = new.run("db", "restore", str(copy))

    done = new.run("db", "restore", str(copy))

    assert (used.code, "stop `recoup serve`" in used.stderr) == (1, True)
    assert done.code == 0, done
    assert contents(postgres, postgres.url(name)) == before
    postgres.drop_database(name)
