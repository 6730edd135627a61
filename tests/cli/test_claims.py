"""`recoup claims`: lists, one in detail, exports."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path

import pytest

from recoup.config import Settings
from recoup.db.engine import Database
from tests.api.claim_rows import UK, day, store_claims, unvalued
from tests.api.serving import new_connection, new_user
from tests.cli.programs import Recoup


@pytest.fixture
def claims(database_url: str, recoup: Recoup, tmp_path: Path) -> Recoup:
    """The program on a database with claims of two currencies."""

    async def store() -> None:
        database = Database(database_url)
        settings = Settings(data_dir=tmp_path)
        user = await new_user(database)
        seller = (await new_connection(database, settings, user)).connection_id
        await store_claims(database, seller, range(2))
        await store_claims(database, seller, range(2, 3), currency="GBP", marketplace_id=UK)
        await store_claims(database, seller, range(3, 4), deadline=day(-3))
        await store_claims(database, seller, range(4, 5), deadline=day(3), status="filed")
        await store_claims(database, seller, range(5, 6), deadline=None, **unvalued())
        await database.close()

    asyncio.run(store())
    return recoup


def test_the_list_has_days_left_and_money_per_currency(claims: Recoup):
    """The most urgent first, what is over last; no colour outside a terminal, no sum of two."""
    done = claims.run("claims", "list")

    lines = done.stdout.splitlines()
    assert done.code == 0, done
    assert lines[0].split() == [
        *("claim", "what", "product", "or", "order", "units", "amount", "days", "left"),
        *("stage", "review"),
    ]
    assert [line.split()[0] for line in lines[1:7]] == [
        *("claim-0004", "claim-0000", "claim-0001", "claim-0002", "claim-0005", "claim-0003")
    ]
    assert "12.30 USD" in lines[1]
    assert " over " in lines[6]
    assert lines[8:] == [
        "3 claims are owed:",
        "24.60 USD in 2 claims",
        "12.30 GBP in 1 claim",
        "1 claim with an unknown window: 1 without a known amount (--standing windowUnknown)",
        "1 claim too late to file: 12.30 USD (--standing expired)",
        "1 claim filed: 12.30 USD (--standing filed)",
    ]
    assert "\x1b" not in done.stdout


def test_the_list_is_filtered_and_bounded(claims: Recoup):
    """As the API's, and as JSON the same record."""
    filed = json.loads(claims.run("claims", "list", "--status", "filed", "--json").stdout)
    one = json.loads(claims.run("claims", "list", "--limit", "1", "--json").stdout)
    none = claims.run("claims", "list", "--window", "wait")
    owed = json.loads(claims.run("claims", "list", "--owed", "--currency", "USD", "--json").stdout)
    unvalued = json.loads(claims.run("claims", "list", "--unvalued", "--json").stdout)
    wrong = claims.run("claims", "list", "--status", "lost")

    assert [item["claimId"] for item in filed["items"]] == ["claim-0004"]
    assert (len(one["items"]), one["totals"]["claimCount"]) == (1, 6)
    assert {item["claimId"] for item in owed["items"]} == {"claim-0000", "claim-0001"}
    assert [item["claimId"] for item in unvalued["items"]] == ["claim-0005"]
    found = json.loads(claims.run("claims", "list", "--search", "x0005", "--json").stdout)
    assert [item["claimId"] for item in found["items"]] == ["claim-0005"]
    assert none.stdout == "No claims.\n"
    assert (wrong.code, len(wrong.stderr.splitlines())) == (2, 1)


def test_one_claim_in_detail(claims: Recoup):
    """Its arithmetic, its source rows by file and line, and that nothing is submitted."""
    done = claims.run("claims", "show", "claim-0000")
    body = json.loads(claims.run("claims", "show", "claim-0000", "--json").stdout)
    several = claims.run("claims", "show", "claim-")
    unknown = claims.run("claims", "show", "none")

    assert done.code == 0, done
    assert "2 units lost, 0 found, 0 paid: 2 are open." in done.stdout
    assert "document doc-1, line 7: " in done.stdout
    assert "submits nothing" in done.stdout
    assert body["possibleSteps"] == ["filed", "dismissed"]
    assert several.outcome == (
        1,
        "recoup: Several claims begin with claim-: enter more characters of the id.\n",
    )
    line = "There is no such claim; `recoup claims list` lists them."
    assert unknown.outcome == (1, f"recoup: {line}\n")


def test_exports(claims: Recoup, tmp_path: Path):
    """All claims as CSV or JSON, the packet of one as a page too; a list has no page."""
    table = claims.run("claims", "export")
    listed = json.loads(claims.run("claims", "export", "--format", "json").stdout)
    page = tmp_path / "packet.html"
    packet = claims.run("claims", "export", "claim-0000", "--format", "html", "--output", str(page))
    refused = claims.run("claims", "export", "--format", "html")

    rows = list(csv.DictReader(io.StringIO(table.stdout)))
    assert [row["claimId"] for row in rows] == [item["claimId"] for item in listed]
    assert len(rows) == 6
    assert packet.code == 0, packet
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert refused.code == 2


def test_a_claim_is_moved_from_stage_to_stage(claims: Recoup):
    """With what each stage needs; the answer is shown word for word, with the text for the appeal."""
    unsaid = claims.run("claims", "move", "claim-0000", "on_hold")
    filed = claims.run("claims", "move", "claim-0000", "filed", "--case", "4711")
    lacking = claims.run("claims", "move", "claim-0000", "paid_in_part")
    denied = claims.run(
        *("claims", "move", "claim-0000", "denied"),
        *("--answer", "The units were found.", "--reason", "units_found"),
    )
    wrong = claims.run("claims", "move", "claim-0000", "on_hold", "--why", "Invoice")
    listed = claims.run("claims", "list", "--stage", "denied", "--json")

    assert filed.code == 0, filed
    assert "Wait for Amazon's answer." in filed.stdout
    assert (lacking.code, wrong.code) == (1, 1)
    assert "Set --why: what the claim is waiting for." in unsaid.stderr
    assert "Set --paid or --units: what Amazon paid." in lacking.stderr
    assert "possible now: appealed" in wrong.stderr
    assert "The units were found." in denied.stdout
    assert "I ask you to review your decision in this case." in denied.stdout
    assert [one["claimId"] for one in json.loads(listed.stdout)["items"]] == ["claim-0000"]
