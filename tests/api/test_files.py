"""Loading downloaded reports over HTTP."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import httpx2
import pytest

from recoup.connections.queries import Connection
from recoup.db.engine import Database
from tests.api.serving import Server, new_user
from tests.db.sync.test_files_by_hand import RETURNS, _return
from tests.support.hand_files import SHAPES, written

FILES = "/api/files"
CONTENT = written("returns", SHAPES["de"], RETURNS, [_return(1, "11-14"), _return(2, "11-16")])
OCTETS = {"content-type": "application/octet-stream"}


async def post(client: httpx2.AsyncClient, content: bytes, **query: Any) -> httpx2.Response:
    return await client.post(FILES, content=content, headers=OCTETS, params=query)


async def test_a_report_makes_an_account_that_never_syncs(client: httpx2.AsyncClient) -> None:
    """A first report makes an account of files; it can be searched for claims, but not synced."""
    answer = await post(client, CONTENT, name="Retouren.csv", marketplace="US")
    assert answer.status_code == 201, answer.text
    [file] = answer.json()["files"]
    assert (file["stream"], file["language"], file["rowsRead"]) == ("returns", "de", 2)
    assert (file["firstOn"], file["lastOn"]) == ("2026-11-14", "2026-11-16")
    status = (await client.get("/api/v1/integrations/amazon/status")).json()
    [account] = status["connections"]
    assert (status["connected"], account["environment"]) == (False, "files")
    assert (account["expiresAt"], account["nextSyncAt"]) == (None, None)
    named = {"connectionId": account["connectionId"]}
    started = await client.post("/api/sync/start", json=named)
    assert (started.status_code, started.json()["type"]) == (400, "/problems/invalid-request")
    assert (await client.post("/api/sync/start")).json()["type"] == "/problems/no-connection"
    assert (await client.post("/api/recoveries/detect", json=named)).status_code == 200
    [check] = (await client.get(FILES, params=named)).json()["items"]
    assert (await client.get(FILES)).json()["items"] == [check]
    assert [one["name"] for one in check["files"]] == ["Retouren.csv"]
    assert not any(rule["isSearched"] for rule in check["rules"])
    assert all(rule["missing"] for rule in check["rules"])


async def test_the_same_file_again_and_an_archive_of_it(client: httpx2.AsyncClient) -> None:
    """A file that is loaded already is recognised, also in an archive, whose other files are named."""
    await post(client, CONTENT, marketplace="US")
    again = (await post(client, CONTENT)).json()["files"]
    assert [one["alreadyLoaded"] for one in again] == [True]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("all/returns.csv", CONTENT)
        archive.writestr("holiday.csv", "destination,nights\nLisbon,4\n")
    body = (await post(client, target.getvalue(), name="all.zip")).json()
    assert [one["alreadyLoaded"] for one in body["files"]] == [True]
    assert "holiday.csv is no report" in body["refused"][0]


@pytest.mark.parametrize(
    ("content", "query", "kind", "said"),
    [
        (b"destination,nights\n", {}, "file-refused", "destination, nights"),
        (b"", {}, "file-refused", "is empty"),
        (CONTENT, {}, "invalid-request", "name the marketplace"),
        (CONTENT, {"marketplace": "Atlantis"}, "invalid-request", "none of Amazon's"),
        (CONTENT, {"marketplace": "US", "firstOn": "2026-01-01"}, "invalid-input", ""),
        (CONTENT, {"marketplace": "US", "days": "backwards"}, "invalid-input", ""),
    ],
)
async def test_what_is_refused_is_said(
    client: httpx2.AsyncClient, content: bytes, query: dict[str, str], kind: str, said: str
) -> None:
    """A refused file has a problem that says why, and makes no account."""
    answer = await post(client, content, **query)
    assert answer.json()["type"] == f"/problems/{kind}", answer.text
    assert said in answer.json()["detail"]
    assert (await client.get("/api/v1/integrations/amazon/status")).json()["connections"] == []


async def test_an_account_of_amazon_is_chosen_before_one_of_files(
    client: httpx2.AsyncClient, connection: Connection
) -> None:
    """Who has one of each need not name it to start a sync."""
    await post(client, CONTENT, marketplace="US")
    assert (await client.post("/api/sync/start")).status_code == 200
    answer = await client.get(FILES, params={"connectionId": connection.connection_id})
    assert answer.json() == {"items": []}


async def test_nobody_elses_files(
    client: httpx2.AsyncClient, server: Server, database: Database
) -> None:
    """Another person's files are 404, and the same file can be loaded into one's own account."""
    mine = (await post(client, CONTENT, marketplace="US")).json()["connectionId"]
    async with server.client(await new_user(database, "other@example.com")) as other:
        assert (await other.get(FILES, params={"connectionId": mine})).status_code == 404
        theirs = (await post(other, CONTENT, marketplace="US")).json()
        assert theirs["connectionId"] != mine
        assert theirs["files"][0]["alreadyLoaded"] is False
