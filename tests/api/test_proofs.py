"""The proof store: what it takes and refuses, that a file is kept once, and how it is given back."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, insert, select

from recoup.claims.proofs import queries, upload
from recoup.claims.proofs.tables import proof, proof_file
from recoup.claims.tables import sourcing_cost
from recoup.config import Settings
from recoup.connections.queries import Connection
from recoup.db.engine import Database
from recoup.users.queries import User
from recoup.users.roles import Role
from tests.api.claim_rows import day, store_claims
from tests.api.serving import Server, new_connection, new_user
from tests.api.test_roles import member

PDF = b"%PDF-1.7\n%invoice 17\n"
PNG = b"\x89PNG\r\n\x1a\n and the rest"
JPEG = b"\xff\xd8\xff\xe0 and the rest"
PATH = "/api/proofs"


async def store(client: httpx2.AsyncClient, content: bytes = PDF, **query: Any) -> httpx2.Response:
    """An invoice of the product X0000, unless told."""
    about = {"kind": "invoice", "subjectKind": "product", "subject": "X0000"}
    return await client.post(
        PATH, params={**about, "fileName": "inv.pdf", **query}, content=content
    )


async def count(database: Database) -> tuple[int, int]:
    """How many documents, and how many files."""
    async with database.reading() as conn:
        return tuple(  # type: ignore[return-value]
            [
                (await conn.execute(select(func.count()).select_from(table))).scalar_one()
                for table in (proof, proof_file)
            ]
        )


@pytest.mark.parametrize(
    ("content", "media_type", "ending"),
    [(PDF, "application/pdf", "pdf"), (PNG, "image/png", "png"), (JPEG, "image/jpeg", "jpg")],
)
async def test_a_document_comes_back_as_it_was_to_be_saved(
    client: httpx2.AsyncClient,
    connection: Connection,
    content: bytes,
    media_type: str,
    ending: str,
) -> None:
    """The kind of file is told by its content, whatever its name and the request say."""
    stored = await store(client, content, fileName="../../Invoice 17.exe")
    given = await client.get(f"{PATH}/{stored.json()['proofId']}")

    assert (stored.status_code, stored.json()["mediaType"]) == (201, media_type)
    assert given.content == content
    assert given.headers["content-type"] == media_type
    assert given.headers["content-disposition"] == (
        f"attachment; filename*=UTF-8''Invoice%2017.{ending}"
    )
    assert given.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in given.headers["content-security-policy"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"MZ\x90\x00 a program",
        b"PK\x03\x04 an archive",
        b"#!/bin/sh\nrm -rf /",
        b"GIF89a",
        b" %PDF-1.7 later",
        b"\x00" * 100,
    ],
)
async def test_anything_else_is_refused(
    client: httpx2.AsyncClient, database: Database, connection: Connection, content: bytes
) -> None:
    """Also with the name and the type of a PDF: 400, nothing is stored."""
    answer = await client.post(
        PATH,
        params={"kind": "invoice", "subjectKind": "product", "subject": "X", "fileName": "a.pdf"},
        content=content,
        headers={"content-type": "application/pdf"},
    )

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-request")
    assert await count(database) == (0, 0)


async def test_a_large_file_is_refused(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """One byte more than the limit is too much; the limit itself is taken."""
    whole = PDF + b"x" * (upload.MOST_BYTES - len(PDF))

    taken = await store(client, whole)
    refused = await store(client, whole + b"x")

    assert (taken.status_code, refused.status_code) == (201, 413)
    assert await count(database) == (1, 1)


@pytest.mark.parametrize(
    "name",
    [
        "..\\..\\evil.pdf",
        'a"; filename="b.html',
        "line\r\nSet-Cookie: x=1.pdf",
        "\u202egnp.exe",
        "/etc/passwd",
        ".",
        "x" * 200,
        "\U0001f4a9.pdf",
    ],
)
async def test_names_are_made_safe(
    client: httpx2.AsyncClient, connection: Connection, name: str
) -> None:
    """No folder, no header of its own, and always the ending of its kind."""
    stored = await store(client, fileName=name)
    given = await client.get(f"{PATH}/{stored.json()['proofId']}")

    safe = stored.json()["fileName"]
    disposition = given.headers["content-disposition"]
    assert re.fullmatch(r"[\w .()+,=@-]{1,104}\.pdf", safe), safe
    assert not safe.startswith(".")
    assert re.fullmatch(r"attachment; filename\*=UTF-8''[\w.%-]+", disposition), disposition
    assert "set-cookie" not in given.headers


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "selfie"},
        {"subjectKind": "planet"},
        {"subject": ""},
        {"subject": "x" * 201},
        {"subject": "\0"},
        {"fileName": "\0"},
    ],
)
async def test_what_a_document_is_must_be_told(
    client: httpx2.AsyncClient, connection: Connection, query: dict[str, str]
) -> None:
    """An unknown kind, no code, a code that no table holds: 422."""
    answer = await store(client, **query)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-input")


async def test_a_file_is_kept_once(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """The same file for the same thing is one document; for another thing it is the same file."""
    first = await store(client)
    again = await store(client, fileName="another name.pdf")
    other = await store(client, subject="X0001")

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert first.json() == again.json()
    assert await count(database) == (2, 1)


async def test_a_file_goes_with_its_last_document(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """Deleting one of two leaves the file; a second deletion finds nothing."""
    first, other = [(await store(client, subject=one)).json()["proofId"] for one in ("A", "B")]

    await client.delete(f"{PATH}/{first}")
    between = await count(database)
    last = await client.delete(f"{PATH}/{other}")
    gone = [await client.delete(f"{PATH}/{other}"), await client.get(f"{PATH}/{other}")]

    assert (between, last.status_code, await count(database)) == ((1, 1), 204, (0, 0))
    assert [one.status_code for one in gone] == [404, 404]
    actions = [one["action"] for one in (await client.get("/api/audit")).json()["items"]]
    assert actions[:4] == ["proof_deleted", "proof_deleted", "proof_added", "proof_added"]


async def test_an_account_has_so_much_room(
    client: httpx2.AsyncClient,
    database: Database,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file that does not fit is refused with what to do; one that is there already takes none."""
    monkeypatch.setattr(queries, "MOST_BYTES_OF_ACCOUNT", len(PDF) + 5)
    await store(client)

    full = await store(client, PNG, subject="B")
    same = await store(client, subject="B")

    assert (full.status_code, same.status_code) == (409, 201)
    assert "delete some first" in full.json()["detail"]


async def test_documents_are_listed_by_what_they_are_about(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """With pages; never with their content."""
    for number in range(3):
        await store(client, PDF + bytes([number]), subject=f"X{number}")

    first = (await client.get(PATH, params={"limit": 2})).json()
    second = (await client.get(PATH, params={"limit": 2, "cursor": first["nextCursor"]})).json()
    about = (await client.get(PATH, params={"subjectKind": "product", "subject": "X1"})).json()

    listed = [one["subject"] for page in (first, second) for one in page["items"]]
    assert sorted(listed) == ["X0", "X1", "X2"]
    assert [one["subject"] for one in about["items"]] == ["X1"]
    assert "content" not in first["items"][0]
    assert (await client.get(PATH, params={"cursor": "x"})).status_code == 400


async def test_another_workspace_has_none_of_it(
    server: Server,
    client: httpx2.AsyncClient,
    database: Database,
    settings: Settings,
    connection: Connection,
) -> None:
    """Neither by id, nor by naming the account; and a file that it has too is its own."""
    proof_id = (await store(client)).json()["proofId"]
    stranger = await new_user(database, "stranger@example.com")
    await new_connection(database, settings, stranger, seller="A2")
    async with server.client(stranger) as other:
        named = {"connectionId": connection.connection_id}
        answers = [
            await other.get(f"{PATH}/{proof_id}"),
            await other.delete(f"{PATH}/{proof_id}"),
            await other.get(PATH, params=named),
            await store(other, **named),
        ]
        own = await store(other)
        listed = (await other.get(PATH)).json()["items"]

    assert [one.status_code for one in answers] == [404] * 4
    assert (own.status_code, [one["proofId"] for one in listed]) == (201, [own.json()["proofId"]])
    assert await count(database) == (2, 2)


async def test_a_viewer_reads_documents_and_changes_none(
    server: Server,
    client: httpx2.AsyncClient,
    database: Database,
    connection: Connection,
    user: User,
) -> None:
    """403 for adding and deleting."""
    proof_id = (await store(client)).json()["proofId"]
    async with member(server, database, user, Role.VIEWER) as viewer:
        statuses = [
            (await viewer.get(f"{PATH}/{proof_id}")).status_code,
            (await store(viewer, PNG)).status_code,
            (await viewer.delete(f"{PATH}/{proof_id}")).status_code,
        ]

    assert statuses == [200, 403, 403]


async def test_a_pack_lists_what_is_there_and_what_is_missing(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """By FNSKU, by SKU, and by the purchase order that a product's cost names as its invoice."""
    for number in range(4):
        key = {"shipmentId": "FBA15ABC", "sku": f"SKU-{number}"}
        await store_claims(
            database,
            connection.connection_id,
            range(number, number + 1),
            type="inbound_shortage",
            key=key,
        )
    async with database.writing() as conn:
        await conn.execute(
            insert(sourcing_cost).values(
                connection_id=connection.connection_id,
                sku="SKU-2",
                fnsku="",
                valid_from=day(-100),
                cost=4,
                currency="USD",
                invoice_reference="PO-7",
                entered_by="test",
            )
        )
    await store(client)
    await store(client, PNG, subject="SKU-1")
    await store(client, JPEG, subjectKind="purchase_order", subject="PO-7")
    # Of another kind, or about something else with this code.
    await store(client, kind="photos", subject="X0003")
    await store(client, subjectKind="order", subject="X0003")

    (one,) = (await client.get("/api/packs")).json()["items"]
    pack = (await client.get(f"/api/packs/{one['packId']}")).json()

    invoices = [a for a in pack["attachments"] if a["kind"] == "invoice"]
    assert [(a["about"]["code"], a["isMissing"]) for a in invoices] == [
        ("X0000", False),
        ("X0001", False),
        ("X0002", False),
        ("X0003", True),
    ]
    assert [a["proofs"][0]["subjectKind"] for a in invoices[:3]] == [
        "product",
        "product",
        "purchase_order",
    ]
    assert len(pack["missing"]) == len(one["missing"]) == 2
    assert "Attached: supplier invoice." in pack["text"]


async def test_a_purge_and_an_export_know_the_documents(
    client: httpx2.AsyncClient, database: Database, connection: Connection
) -> None:
    """The export has the whole file; nothing is left of a purged account."""
    await store(client)

    export = await client.get("/api/export")
    purged = await client.delete(
        f"/api/v1/integrations/amazon/connections/{connection.connection_id}?purge=true"
    )

    lines = [json.loads(line) for line in export.text.splitlines() if "proof_file" in line]
    assert PDF.hex() in json.dumps(lines)
    assert (purged.status_code, await count(database)) == (204, (0, 0))
