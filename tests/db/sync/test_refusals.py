"""Amazon refuses a part; what works is kept, and what is refused is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recoup.connections.queries import get_connection, require_reauthorization, save_connection
from recoup.db.engine import Database
from recoup.errors import BadRequestError
from recoup.notes.note import NoteCode
from recoup.spapi.client import SpApi
from recoup.spapi.paging import OperationPage
from recoup.streams._stream import Request
from recoup.sync.record.queries import StreamRow, SyncRow
from tests.support.lab import CANADA, US, Lab, named, open_lab, with_api


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    """A seller in two marketplaces; all orders are of the first."""
    async with open_lab(database, tmp_path, marketplace_ids=(CANADA, US)) as lab:
        lab.only(*map(named, ("orders", "inventory", "transactions", "marketplaces")))
        yield lab


def stream_of(sync: SyncRow, name: str) -> StreamRow:
    return next(stream for stream in sync.streams if stream.name == name)


async def scopes(lab: Lab, stream: str) -> str:
    return await lab.scalar(
        "select string_agg(scope, '|' order by scope) from stream_cursor "
        f"where stream = '{stream}' and without_dataset = ''"
    )


async def test_a_refused_marketplace_stops_no_other(lab: Lab) -> None:
    """A stream that is asked per marketplace reads the others, and says which one is refused."""
    await lab.refuse(CANADA)
    sync = await lab.sync()

    inventory = stream_of(sync, "inventory")
    assert (sync.status, inventory.status) == ("complete", "complete"), sync.error
    [told] = [note for note in sync.notes if note.stream == "inventory"]
    assert (told.code, told.subject) == (NoteCode.MARKETPLACE_REFUSED, CANADA)
    assert f"marketplace {CANADA} (getInventorySummaries" in told.message
    assert US not in told.message
    assert await lab.scalar("select count(*) from inventory") > 0
    assert await lab.scalar(f"select count(*) from inventory where marketplace_id <> '{US}'") == 0
    assert stream_of(sync, "transactions").status == "complete"


async def test_the_refused_marketplace_of_a_regional_source_is_found(lab: Lab) -> None:
    """searchOrders is asked for all at once; the one it is refused for is left out and named."""
    await lab.refuse(CANADA)
    sync = await lab.sync()

    assert stream_of(sync, "orders").status == "complete"
    [told] = [note for note in sync.notes if note.stream == "orders"]
    assert (told.code, told.scope) == (NoteCode.MARKETPLACE_REFUSED, CANADA)
    assert f"marketplace {CANADA} (searchOrders" in told.message
    assert await lab.scalar("select count(*) from orders") == (await lab.world())["orders"]


async def test_what_was_refused_is_read_once_the_refusal_ends(lab: Lab) -> None:
    """The history of a marketplace that was refused comes with the first sync that may have it."""
    await lab.refuse(US)
    refused = [await lab.sync(), await lab.sync()]
    assert [stream_of(sync, "orders").status for sync in refused] == ["complete", "complete"]
    assert await lab.scalar("select count(*) from orders") == 0
    assert await scopes(lab, "orders") == f"|{US}"

    await lab.refuse()
    await lab.advance("P1D")
    sync = await lab.sync()

    assert (sync.status, sync.notes) == ("complete", ())
    assert await lab.scalar("select count(*) from orders") == (await lab.world())["orders"]
    assert await scopes(lab, "orders") == "", "it is asked together with the others again"
    calls = (await lab.calls())["searchOrders"]
    assert (await lab.sync()).status == "complete"
    assert (await lab.calls())["searchOrders"] == calls + 1


async def test_a_refused_operation_names_the_role_that_it_needs(lab: Lab) -> None:
    """A missing role makes its stream unavailable, and all other streams complete."""
    await lab.refuse("listTransactions")
    sync = await lab.sync()

    assert sync.status == "complete"
    lacking = [stream.name for stream in sync.streams if stream.status == "unavailable"]
    assert lacking == ["transactions"]
    assert "the role Finance and Accounting" in (stream_of(sync, "transactions").error or "")


async def test_a_refused_dataset_is_dropped_and_caught_up(lab: Lab) -> None:
    """Orders come without it, none loses what was known, and the next good sync completes them."""
    await lab.sync()
    await lab.advance("P2D")
    await lab.refuse("PROCEEDS")
    without = "select count(*) from orders where total_amount is null and status <> 'PENDING'"
    known = await lab.scalar("select count(*) from orders where total_amount is not null")

    sync = await lab.sync()

    orders = stream_of(sync, "orders")
    assert orders.status == "complete"
    [told] = [note for note in sync.notes if note.stream == "orders"]
    assert (told.code, told.subject) == (NoteCode.NOT_AVAILABLE, "PROCEEDS")
    assert "the dataset PROCEEDS (searchOrders" in told.message
    assert await lab.scalar("select count(*) from orders") == (await lab.world())["orders"]
    assert await lab.scalar(without) > 0
    debts = "select string_agg(without_dataset, '|') from stream_cursor where without_dataset <> ''"
    assert await lab.scalar(debts) == "PROCEEDS"
    old = "select count(*) from orders where total_amount is not null"
    assert await lab.scalar(old) >= known - orders.rows, "only what changed is newer than it"

    await lab.refuse()
    await lab.advance("P1D")
    assert (await lab.sync()).notes == ()
    missing = await lab.scalar(
        "select count(*) from orders where total_amount is null and status not in "
        "('PENDING', 'PENDING_AVAILABILITY', 'CANCELLED')"
    )
    assert missing == 0
    assert await lab.scalar(debts) is None
    assert await scopes(lab, "orders") == ""


async def test_a_marketplace_that_recoup_does_not_know_is_told_and_never_asked(lab: Lab) -> None:
    """Whoever named it: no call is refused for it, and the connection keeps its id."""
    async with lab.database.writing() as conn:
        await conn.exec_driver_sql(
            "update amazon_connection set marketplace_ids = array['A0NOBODYKNOWS', %s]", (US,)
        )
    sync = await lab.sync()

    assert sync.status == "complete", sync.error
    assert [(note.code, note.subject) for note in sync.notes] == [
        (NoteCode.MARKETPLACE_IGNORED, "A0NOBODYKNOWS")
    ]
    assert sync.message == "Sync completed; 1 thing to look at"
    assert await lab.scalar("select count(*) from orders") == (await lab.world())["orders"]
    assert await lab.scalar("select count(*) from marketplaces") == 2


async def test_a_marketplace_that_is_added_brings_its_history(lab: Lab) -> None:
    """The seller authorises again with another marketplace: what it sold before comes too."""
    await reconnect(lab, CANADA)
    assert (await lab.sync()).status == "complete"
    assert await lab.scalar("select count(*) from orders") == 0

    await reconnect(lab, CANADA, US)
    sync = await lab.sync()

    assert sync.status == "complete", sync.error
    assert await lab.scalar("select count(*) from orders") == (await lab.world())["orders"]
    calls = (await lab.calls())["searchOrders"]
    assert (await lab.sync()).status == "complete"
    assert (await lab.calls())["searchOrders"] == calls + 1, "and no second time"


async def reconnect(lab: Lab, *marketplace_ids: str) -> None:
    async with lab.database.writing() as conn:
        await save_connection(
            conn,
            lab.workspace_id,
            selling_partner_id=lab.connection.selling_partner_id,
            region=lab.connection.region,
            environment=lab.connection.environment,
            marketplace_ids=marketplace_ids,
            refresh_token_sealed=lab.access.seal("Atzr|test"),
        )


async def test_trouble_in_one_marketplace_stops_no_other(lab: Lab) -> None:
    """What Amazon answers 400 for one of them is told of it, and the others are read."""

    async def fetch(api: SpApi, request: Request) -> OperationPage:
        if request.marketplace_ids == (CANADA,):
            raise BadRequestError("no such place", operation="getInventorySummaries", status=400)
        return await inventory.api.fetch(api, request)  # type: ignore[union-attr] # it has one

    inventory = named("inventory")
    lab.only(with_api(inventory, fetch=fetch))
    sync = await lab.sync()

    assert sync.status == "complete", sync.error
    [told] = sync.notes
    assert (told.code, told.scope) == (NoteCode.MARKETPLACE_REFUSED, CANADA)
    assert "no such place" in told.message
    assert await lab.scalar("select count(*) from inventory") > 0


async def test_a_refusal_of_an_old_permission_does_not_undo_a_new_one(lab: Lab) -> None:
    """A sync that began with the old token hears of it after the seller has authorised again."""
    await reconnect(lab, CANADA, US)
    async with lab.database.writing() as conn:
        assert not await require_reauthorization(conn, lab.connection, "too late")
    assert await lab.scalar("select status from amazon_connection") == "active"

    async with lab.database.writing() as conn:
        now = await get_connection(conn, lab.workspace_id, lab.connection.connection_id)
        assert await require_reauthorization(conn, now, "revoked")
