"""`recoup packs` and `recoup proofs`: what is to be filed, that it is filed once, and its documents."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from recoup.claims.tables import claim, claim_history
from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from tests.api.claim_rows import store_claims
from tests.api.serving import new_connection, new_user
from tests.cli.programs import Recoup


@pytest.fixture
def seller(database_url: str, recoup: Recoup, tmp_path: Path) -> Connection:
    """Two claims about one shipment."""

    async def store() -> Connection:
        database = Database(database_url)
        user = await new_user(database)
        connection = await new_connection(database, Settings(data_dir=tmp_path), user)
        for number in range(2):
            key = {"shipmentId": "FBA15ABC", "sku": f"SKU-{number}"}
            numbers = range(number, number + 1)
            seller = connection.connection_id
            await store_claims(database, seller, numbers, type="inbound_shortage", key=key)
        await database.close()
        return connection

    return asyncio.run(store())


def test_a_pack_is_listed_shown_and_filed(recoup: Recoup, seller: Connection):
    """By the beginning of its id; the same again changes nothing, another case is refused."""
    listed = recoup.run("packs", "list")
    (record,) = json.loads(recoup.run("packs", "list", "--json").stdout)
    short = listed.stdout.splitlines()[1].split()[0]
    shown = recoup.run("packs", "show", short)
    sheet = recoup.run("packs", "show", short, "--format", "csv")
    page = recoup.run("packs", "show", short, "--format", "html")
    filed = recoup.run("packs", "filed", short, "--case", "4711")
    again = recoup.run("packs", "filed", record["packId"], "--case", "4711")
    other = recoup.run("packs", "filed", record["packId"], "--case", "4712")

    assert "Units missing from a shipment: FBA15ABC" in listed.stdout
    assert "24.60 USD" in listed.stdout
    assert "Shipping Queue > the shipment > Shipment contents" in shown.stdout
    assert "$24.60 is due." in shown.stdout
    assert sheet.stdout.splitlines()[0].startswith("Shipment ID,")
    assert page.stdout.startswith("<!doctype html>")
    assert filed.stdout == "2 claims filed under case 4711.\n"
    assert again.stdout == "2 claims filed under case 4711 (recorded before).\n"
    assert other.code == 1
    assert "is filed now, under case 4711" in other.stderr
    assert recoup.run("packs", "list").stdout == "No packs.\n"


def test_a_version_says_what_was_read(recoup: Recoup, seller: Connection, database_url: str):
    """After a claim has left the pack, the version of before is refused, that of now is filed."""
    (record,) = json.loads(recoup.run("packs", "list", "--json").stdout)
    pack_id = record["packId"]
    before = _version(recoup, pack_id)
    asyncio.run(_dismiss(database_url, seller))

    stale = recoup.run("packs", "filed", pack_id, "--case", "1", "--version", before)
    unread = recoup.run("packs", "filed", pack_id, "--case", "1")
    done = recoup.run(
        "packs", "filed", pack_id, "--case", "1", "--version", _version(recoup, pack_id)
    )

    assert (stale.code, unread.code, done.code) == (1, 1, 0)
    assert "recoup packs show" in stale.stderr
    assert "claim-0000 is dismissed now" in unread.stderr
    assert done.stdout == "1 claim filed under case 1.\n"


def _version(recoup: Recoup, pack_id: str) -> str:
    (version,) = re.findall(
        r"version (\w+)$", recoup.run("packs", "show", pack_id).stdout, re.MULTILINE
    )
    return version


async def _dismiss(database_url: str, seller: Connection) -> None:
    database = Database(database_url)
    async with database.writing() as conn:
        first = claim.c.claim_id == "claim-0000"
        await conn.execute(update(claim).where(first).values(status="dismissed"))
        await conn.execute(
            insert(claim_history).values(
                claim_id="claim-0000",
                connection_id=seller.connection_id,
                who="test",
                from_status="detected",
                to_status="dismissed",
                why="A mistake.",
            )
        )
    await database.close()


def test_documents_are_stored_listed_and_deleted(
    recoup: Recoup, seller: Connection, tmp_path: Path
):
    """By content: what only has the name of a document is refused."""
    invoice, program = tmp_path / "invoice 17.pdf", tmp_path / "program.pdf"
    invoice.write_bytes(b"%PDF-1.7 invoice")
    program.write_bytes(b"MZ")
    about = ("--kind", "invoice", "--about", "product", "--code", "X0000")

    stored = recoup.run("proofs", "add", str(invoice), *about)
    again = recoup.run("proofs", "add", str(invoice), *about)
    refused = recoup.run("proofs", "add", str(program), *about)
    listed = recoup.run("proofs", "list")
    (record,) = json.loads(recoup.run("proofs", "list", "--json").stdout)
    deleted = recoup.run("proofs", "delete", record["proofId"])
    gone = recoup.run("proofs", "delete", record["proofId"])

    assert stored.stdout == f"Stored: {record['proofId']}, invoice 17.pdf.\n"
    assert again.stdout.startswith("Already stored: ")
    assert (refused.code, len(refused.stderr.splitlines())) == (1, 1)
    assert "product X0000" in listed.stdout
    assert (deleted.code, gone.code) == (0, 1)
    assert recoup.run("proofs", "list").stdout == "No documents are stored.\n"
