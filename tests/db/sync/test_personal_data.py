"""Personal data that Amazon sends is nowhere afterwards: not in rows, quarantine, archive or notes."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from sqlalchemy import text

from recoup.db.engine import Database
from recoup.spapi.documents import spool_of
from recoup.streams import all_streams
from recoup.sync.loading.known_columns import keep_known
from tests.support.canary import MARK, sing
from tests.support.lab import open_lab
from tests.support.meddling import meddled
from tests.support.report_files import stream, tsv

_COLUMNS = """
select table_name, column_name from information_schema.columns
where table_schema = 'public' and data_type in ('text', 'jsonb', 'json', 'ARRAY', 'character varying')
"""


async def dump(database: Database) -> dict[str, str]:
    """All text of all tables, by table and column."""
    async with database.reading() as conn:
        columns = (await conn.execute(text(_COLUMNS))).all()
        return {
            f"{table}.{column}": (
                await conn.execute(
                    text(
                        f'select coalesce(string_agg("{column}"::text, chr(10)), \'\') from "{table}"'
                    )
                )
            ).scalar_one()
            for table, column in columns
        }


async def archived(database: Database) -> list[str]:
    async with database.reading() as conn:
        files = (await conn.execute(text("select content from report_archive"))).scalars()
        return [gzip.decompress(one).decode() for one in files]


async def test_no_personal_data_of_any_answer_is_kept(database: Database, tmp_path: Path) -> None:
    """A person is put into each page and file, and into items and rows that cannot be read."""
    async with open_lab(database, tmp_path, orders=60, speed=20_000) as lab:
        await lab.know_the_rates()
        async with meddled(lab, sing, *all_streams()):
            sync = await lab.sync()
        told = await dump(database)
        files = await archived(database)
        streams = {one.name: one for one in sync.streams}
        kept = await lab.scalar("select count(distinct stream) from quarantine")

    assert {one.status for one in streams.values()} == {"complete"}, sync.error
    assert kept >= 10, "the person was in rows that could not be read"
    assert files
    found = [name for name, content in told.items() if MARK.lower() in content.lower()]
    assert found == []
    assert [one for one in files if MARK.lower() in one.lower()] == []


SETTLEMENT = [
    "settlement-id",
    "total-amount",
    "currency",
    "buyer-name",
    "sku",
    "amount",
    "promotion-id",
]


@pytest.mark.parametrize("quoted", [False, True])
def test_an_archived_file_has_the_known_columns_line_by_line(*, quoted: bool) -> None:
    """Blank lines and lines that do not fit keep their places, as a line's number is its key."""
    settlements = stream("settlements").report
    assert settlements is not None
    rows = [
        ["1", "5.00", "USD", "Jane", "", "", ""],
        ["1", "", "", "Jane", "a\\b", "2.50", "P1"],
        ["1", "Jane", "x", "Jane"] * 3,
        ["1", "", "", "Jane", "c", "2.50", ""],
    ]
    lines = tsv(SETTLEMENT, *rows, quoted=quoted).splitlines()
    content = "\r\n".join([*lines[:2], "", *lines[2:]]) + "\r\n"
    with spool_of(content.encode("cp1252"), "text/plain", is_compressed=False) as spool:
        kept = keep_known(spool, settlements, ())
        assert spool.file.tell() == 0

    assert kept is not None
    told = gzip.decompress(kept).decode().replace('"', "").split("\n")
    assert told == [
        "settlement-id\ttotal-amount\tcurrency\tsku\tamount\tpromotion-id",
        "1\t5.00\tUSD\t\t\t",
        "",
        "1\t\t\ta\\b\t2.50\tP1",
        "\t".join("?" * 12),
        "1\t\t\tc\t2.50\t",
        "",
    ]


def test_a_file_that_cannot_be_loaded_as_it_is_is_not_archived() -> None:
    """Which of its columns would be wanted under another name is not known; Amazon still has it."""
    settlements = stream("settlements").report
    assert settlements is not None
    content = tsv(["numero", "importe"], ["1", "2"]).encode()
    with spool_of(content, "text/plain", is_compressed=False) as spool:
        assert keep_known(spool, settlements, ()) is None
