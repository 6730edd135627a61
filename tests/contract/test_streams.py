"""What every stream must be, also the next one."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Text

import recoup.streams
from recoup.db.engine import Database
from recoup.spapi.limits import LocalBudget
from recoup.streams import all_streams
from recoup.streams._item import kept
from recoup.streams._stream import Request, Scope, Stream, Windows
from recoup.streams._table import LONGEST_KEY_BYTES
from recoup.streams._window import Window
from recoup.sync.loading.page import load_batch, parse_page
from tests.support.lab import US, Lab, open_lab

STREAMS = {stream.name: stream for stream in all_streams()}
APIS = {stream.name: stream for stream in all_streams() if stream.api}
every_stream = pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
every_api = pytest.mark.parametrize("stream", APIS.values(), ids=APIS)


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(database, tmp_path, orders=200) as lab:
        yield lab


async def first_page(lab: Lab, stream: Stream):
    """A page with items in it, and the request that brought it."""
    api = await lab.access.open(lab.connection, LocalBudget())
    now = api.now() - timedelta(minutes=5)
    window = Window(now - timedelta(days=150), now) if isinstance(stream.cursor, Windows) else None
    request = Request((US,), window, None)
    assert stream.api is not None
    page = await stream.api.fetch(api, request)
    assert page.items
    return request, page


@every_stream
def test_one_name_for_file_stream_and_table(stream: Stream) -> None:
    """The file is found from the name."""
    folder = Path(recoup.streams.__file__).parent

    assert (folder / f"{stream.name}.py").exists()
    assert stream.table.name == stream.name


@every_stream
def test_no_stream_imports_another(stream: Stream) -> None:
    """A stream can be added or taken away without touching the others."""
    source = (Path(recoup.streams.__file__).parent / f"{stream.name}.py").read_text()
    imported = {
        node.module for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)
    }

    assert not imported & {f"recoup.streams.{name}" for name in STREAMS}


@every_stream
def test_every_table_is_keyed_by_the_connection_first(stream: Stream) -> None:
    """One seller's rows never meet another's, and parts carry the key of their row."""
    key = [column.name for column in stream.table.primary_key.columns]
    for table in (stream.table, *stream.parts):
        columns = [column.name for column in table.primary_key.columns]
        assert columns[: len(key)] == key
        assert columns[0] == "connection_id"


@every_stream
def test_the_docstring_names_the_source(stream: Stream) -> None:
    """A reader learns where the rows come from."""
    source = (Path(recoup.streams.__file__).parent / f"{stream.name}.py").read_text()
    docstring = ast.get_docstring(ast.parse(source)) or ""

    assert "Source:" in docstring
    assert "docs/amazon.md#" in docstring


@every_api
async def test_the_same_page_twice_changes_nothing(lab: Lab, stream: Stream) -> None:
    """A crash after the commit, before it was noticed, feeds a page again: no row is touched."""
    request, page = await first_page(lab, stream)
    batch = parse_page(stream, stream.api, request, page.items)
    loaded = []
    for _ in range(2):
        async with lab.database.writing() as conn:
            loaded.append(
                await load_batch(
                    conn,
                    stream,
                    batch,
                    connection_id=lab.connection.connection_id,
                    source="searchThings 1",
                    seen_at=datetime(2026, 11, 25, tzinfo=UTC),
                )
            )

    assert batch.unreadable == ()
    counts = [(one.loaded, one.unchanged) for one in loaded]
    assert counts == [(len(batch.rows), 0), (0, len(batch.rows))]
    assert len(batch.rows) == len(page.items)


@every_stream
def test_an_index_takes_the_longest_texts(stream: Stream) -> None:
    """PostgreSQL refuses an index entry of more than 2,704 bytes, and the whole page with it."""
    tables = [stream.table, *stream.parts, *([stream.history.table] if stream.history else [])]
    for table in tables:
        for columns in [table.primary_key.columns, *(index.columns for index in table.indexes)]:
            texts = sum(isinstance(column.type, Text) for column in columns) - 1
            assert texts * (LONGEST_KEY_BYTES + 8) + 100 < 2704, "and the connection's id"


@every_api
async def test_a_broken_item_is_put_aside_alone(lab: Lab, stream: Stream) -> None:
    """Whatever is wrong with one item, the others of its page are read, and none is lost."""
    request, page = await first_page(lab, stream)
    broken = [{}, {"orderId": 7}, dict.fromkeys(page.items[0])]
    batch = parse_page(stream, stream.api, request, [*broken, *page.items])

    assert len(batch.unreadable) == len(broken)
    assert all(item.reason for item in batch.unreadable)
    assert batch.read == len(batch.rows) + len(batch.unreadable)


@every_api
async def test_unknown_fields_and_values_are_tolerated(lab: Lab, stream: Stream) -> None:
    """Amazon adds fields and values without notice; a row is still a row."""
    request, page = await first_page(lab, stream)
    items = [{**item, "aFieldOfNextYear": {"deep": [1]}} for item in page.items]

    assert parse_page(stream, stream.api, request, items).unreadable == ()


@every_stream
def test_no_column_is_made_for_personal_data(stream: Stream) -> None:
    """Names, addresses, e-mails and phone numbers have no place to be stored in."""
    words = ("buyer", "recipient", "address", "email", "phone", "city", "postal", "comment")
    for table in (stream.table, *stream.parts):
        assert not [c.name for c in table.columns if any(word in c.name for word in words)]


@every_api
async def test_all_that_is_read_of_an_item_is_declared(lab: Lab, stream: Stream) -> None:
    """An item without what its stream does not read becomes the same rows."""
    request, page = await first_page(lab, stream)
    api = stream.api

    assert page.items
    for item in page.items:
        assert api.parse(kept(item, api.reads), request) == api.parse(item, request)


@every_api
async def test_what_is_not_read_is_dropped_wherever_it_stands(lab: Lab, stream: Stream) -> None:
    """What Amazon sends without being asked is not kept, not even in quarantine."""
    _, page = await first_page(lab, stream)
    for item in page.items:
        assert "Somebody" not in str(kept(_with_somebody(item), stream.api.reads))


def _with_somebody(value: object) -> object:
    """The same with a member more in each object, and an object in place of each list's last."""
    if isinstance(value, dict):
        dirty = {name: _with_somebody(part) for name, part in value.items()}
        return {**dirty, "buyer": {"name": "Somebody"}, "fieldOfNextYear": ["Somebody"]}
    if isinstance(value, list):
        return [*(_with_somebody(part) for part in value), {"name": {"of": "Somebody"}}]
    return value


def test_a_marketplace_stream_is_asked_for_each_marketplace_and_a_regional_one_once() -> None:
    """Asking a regional source per marketplace would bring the same rows again and again."""
    scopes = {name: stream.scope for name, stream in STREAMS.items()}

    assert scopes["orders"] is Scope.REGION
    assert scopes["transactions"] is Scope.REGION
    assert scopes["inventory"] is Scope.MARKETPLACE
