"""What was not read: no claim comes from a hole, none is withdrawn by one, and somebody is told."""

from __future__ import annotations

import itertools
import json
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from recoup.claims.detection.detect import Detection, detect
from recoup.claims.detection.gap_queries import MOST_UNREADABLE
from recoup.claims.rules import all_rules
from recoup.db.engine import Database
from recoup.notes.note import Note, NoteCode
from recoup.notes.queries import add_note, list_notes, replace_notes
from tests.db.claims.test_inbound_damage import send_damaged
from tests.db.claims.test_inbound_shortage import send
from tests.support.claim_rows import TODAY, UK, US, World, make_world
from tests.support.order_rows import Orders

ORDER = "111-1111111-1111111"
Story = Callable[[World], Awaitable[None]]


async def looked(world: World, as_of: str = TODAY, **options: Any) -> Detection:
    return await detect(world.conn, world.connection_id, date.fromisoformat(as_of), **options)


async def found(world: World, of: str) -> list[tuple[str, int]]:
    """Status and quantity of the claims of a type, after a detection."""
    await looked(world)
    return [(one["status"], one["quantity"]) for one in await world.claims(of)]


async def quarantine(world: World, stream: str, raw: Any, times: int = 1) -> None:
    """Rows of a stream that could not be read."""
    await world.conn.execute(
        text(
            "insert into quarantine (connection_id, stream, sync_id, reason, raw, raw_digest, source) "
            "select :connection_id, :stream, 'sync_1', 'a cell is no number', cast(:raw as jsonb), "
            "cast(:raw as text) || n, 'test' from generate_series(1, :times) n"
        ),
        {
            "connection_id": world.connection_id,
            "stream": stream,
            "raw": json.dumps(raw),
            "times": times,
        },
    )


async def read_again(world: World) -> None:
    """The rows could be read after all; what they say is not asked here."""
    await world.conn.execute(text("delete from quarantine"))


async def note(
    world: World, stream: str, code: NoteCode, scope: str = "", subject: str = ""
) -> None:
    told = Note(stream, code, "For the test.", scope, subject)
    await add_note(world.conn, world.connection_id, told)


async def a_loss(world: World) -> None:
    await world.history()
    await world.ledger("2026-09-01", -1, "M")


async def a_disposal(world: World) -> None:
    await world.history()
    await world.ledger("2026-09-01", -1, "D")


async def a_refund(world: World) -> None:
    await world.history()
    orders = Orders(world)
    await orders.returns_are_complete()
    await orders.sold(ORDER)
    await orders.refunded(ORDER, "2026-08-01")


async def a_shortage(world: World) -> None:
    await world.history()
    await send(world, 10, 7)


async def an_order_without_parcels(world: World) -> None:
    await world.history()
    await world.removal("2026-06-01", order_type="Return", requested=3, order_id="RO7")
    await world.add(
        "removal_shipments",
        order_id="RO8",
        sku="SKU-9",
        tracking_number="1Z9",
        removal_order_type="Return",
        shipped_at="2026-06-05",
        shipped_quantity=1,
    )


async def a_payment_taken_back(world: World) -> None:
    await world.history()
    await world.ledger("2026-07-01", -1, "M")
    paid = await world.payment("2026-08-01", number="R100")
    await world.reversal("2026-10-10", paid)


async def a_damage_on_arrival(world: World) -> None:
    """Of a shipment with Amazon's carrier."""
    await world.history()
    await send_damaged(world)


PRODUCT = {"fnsku": "X001", "sku": "SKU-1", "asin": "B001", "quantity": "x1"}
SETTLING: dict[str, tuple[Story, str, str, Any]] = {
    "a payment for a loss": (a_loss, "lost_in_warehouse", "reimbursements", PRODUCT),
    "a payment that names the SKU only": (
        *(a_loss, "lost_in_warehouse", "reimbursements"),
        {"reimbursement-id": "R1", "sku": "SKU-1", "fnsku": ""},
    ),
    "a payment that names another SKU of the ASIN": (
        *(a_loss, "lost_in_warehouse", "reimbursements"),
        {"reimbursement-id": "R1", "sku": "SKU-old", "asin": "B001"},
    ),
    "a find": (
        *(a_loss, "lost_in_warehouse", "ledger"),
        {"FNSKU": "X001", "MSKU": "SKU-1", "Quantity": "one", "Reason": "F"},
    ),
    "a doubtful balance": (
        *(a_loss, "lost_in_warehouse", "ledger_summary"),
        {"FNSKU": "X001", "Found": "one"},
    ),
    "cells that ran into another": (
        *(a_loss, "lost_in_warehouse", "reimbursements"),
        {"sku": "a long name\tSKU-1\tX001\tB001"},
    ),
    "a removal order": (
        *(a_disposal, "disposed_without_permission", "removals"),
        {"order-id": "RO1", "sku": "SKU-1", "disposed-quantity": "x"},
    ),
    "a return": (
        *(a_refund, "customer_return_missing", "returns"),
        {"order-id": ORDER, "sku": "SKU-1", "return-date": "yesterday"},
    ),
    "a payment for an order": (
        *(a_refund, "customer_return_missing", "reimbursements"),
        {"amazon-order-id": ORDER, "sku": ""},
    ),
    "a replacement": (
        *(a_refund, "customer_return_missing", "replacements"),
        {"original-amazon-order-id": ORDER, "replacement-amazon-order-id": "112"},
    ),
    "an order": (
        *(a_refund, "customer_return_missing", "orders"),
        {"orderId": ORDER, "fulfillment": {"fulfillmentStatus": 7}},
    ),
    "a transaction": (
        *(a_refund, "customer_return_missing", "transactions"),
        {"relatedIdentifiers": [{"relatedIdentifierValue": ORDER}], "postedDate": "soon"},
    ),
    "a settlement line": (
        *(a_refund, "customer_return_missing", "settlements"),
        {"order-id": ORDER, "amount": "1,2,3"},
    ),
    "a parcel": (
        *(an_order_without_parcels, "removal_discrepancy", "removal_shipments"),
        {"order-id": "RO7", "shipped-quantity": "three"},
    ),
    "a shipment": (
        *(a_shortage, "inbound_shortage", "shipments"),
        {"ShipmentId": "FBA1", "ShipmentStatus": 7},
    ),
    "an item of a shipment": (
        *(a_shortage, "inbound_shortage", "shipment_items"),
        {"ShipmentId": "FBA1", "SellerSKU": "SKU-1", "QuantityReceived": "ten"},
    ),
    "a receipt": (
        *(a_shortage, "inbound_shortage", "ledger"),
        {"FNSKU": "X001", "Event Type": "Receipts", "Quantity": "three"},
    ),
    "a find after a reversal": (
        *(a_payment_taken_back, "reimbursement_reversed", "ledger"),
        {"FNSKU": "X001", "Reason": "F", "Quantity": ""},
    ),
    "a payment for damage on arrival": (
        *(a_damage_on_arrival, "inbound_damage", "reimbursements"),
        {"sku": "SKU-1", "reason": "Damaged_Inbound", "amount-total": "ten"},
    ),
}


@pytest.mark.parametrize(("story", "claim_type", "stream", "raw"), SETTLING.values(), ids=SETTLING)
async def test_what_an_unreadable_row_may_settle_is_not_claimed(
    world: World, story: Story, claim_type: str, stream: str, raw: Any
) -> None:
    """A row in quarantine holds back what it names, and the candidate says so; read again, no more."""
    await story(world)
    await quarantine(world, stream, raw)

    assert await found(world, claim_type) == []
    held = [one["suppressed"] for one in await world.candidates(claim_type)]
    assert any(why and "could not be read" in why for why in held)
    await read_again(world)
    assert [status for status, _ in await found(world, claim_type)] == ["detected"]


@pytest.mark.parametrize(("story", "claim_type", "stream", "raw"), SETTLING.values(), ids=SETTLING)
async def test_a_claim_stays_as_it_is_while_a_row_is_unreadable(
    world: World, story: Story, claim_type: str, stream: str, raw: Any
) -> None:
    """It is neither withdrawn nor changed, even when its own event is what cannot be read."""
    await story(world)
    before = await found(world, claim_type)
    await quarantine(world, stream, raw)
    for table in ("ledger", "shipment_items", "removals", "fees", "transactions"):
        await world.conn.execute(text(f"delete from {table}"))

    assert await found(world, claim_type) == before != []


async def test_garbage_of_another_product_ends_no_claim(world: World) -> None:
    """One broken row holds back what it names, and nothing else."""
    await a_loss(world)
    await quarantine(world, "reimbursements", {"sku": "SKU-2", "fnsku": "X002", "reason": "Lost"})
    await quarantine(world, "returns", {"order-id": "111-2222222-2222222"}, times=50)

    assert await found(world, "lost_in_warehouse") == [("detected", 1)]
    assert await list_notes(world.conn, world.connection_id) == []


@pytest.mark.parametrize(
    "raw",
    [{"line": 7, "cells": 3}, {"sku": "", "fnsku": "--", "reason": "Lost"}, "torn", {"amount": 1}],
    ids=["too short", "no names", "no row", "a number"],
)
async def test_a_row_that_names_nothing_hides_its_stream(world: World, raw: Any) -> None:
    """It may be of any product: rules that need the stream wait and say so, the others run."""
    await a_loss(world)
    await quarantine(world, "returns", raw)

    detection = await looked(world)

    waits = {one.type.value for one in detection.skipped}
    assert {"lost_in_warehouse", "customer_return_missing"} <= waits
    assert waits.isdisjoint({"removal_lost", "inbound_fee_wrong", "fulfillment_fee_overcharge"})
    [told] = [one for one in detection.waits if one.subject == "lost_in_warehouse"]
    assert told.message == (
        'Claims "Lost in the warehouse" were not searched: 1 row of returns could not be read, and '
        "nothing in it names a product or an order. They stay as they are until this data is read."
    )
    assert await world.claims() == []


async def test_very_many_unreadable_rows_hide_their_stream(world: World) -> None:
    """Beyond a number that can be looked at one by one the stream counts as not read."""
    await a_loss(world)
    await world.conn.execute(
        text(
            "insert into quarantine (connection_id, stream, sync_id, reason, raw, raw_digest, source) "
            "select :connection_id, 'reimbursements', 's', 'no number', "
            "jsonb_build_object('sku', 'SKU-' || n), n, 'test' from generate_series(5, :most + 5) n"
        ),
        {"connection_id": world.connection_id, "most": MOST_UNREADABLE},
    )

    detection = await looked(world)

    assert detection.skipped == all_rules()
    assert await world.claims() == []


async def test_a_vanished_column_stops_the_rules_that_read_it(world: World) -> None:
    """They wait for exactly that column, by the name that the seller knows, and since when."""
    await a_loss(world)
    await note(world, "ledger", NoteCode.COLUMN_MISSING, subject="reason")

    detection = await looked(world)

    waits = {one.type.value for one in detection.skipped}
    assert {"lost_in_warehouse", "damaged_in_warehouse"} <= waits
    assert waits.isdisjoint(
        {"removal_lost", "fulfillment_fee_overcharge", "refund_fee_not_credited"}
    )
    [told] = [one for one in detection.waits if one.subject == "lost_in_warehouse"]
    assert 'stock movements has had no column "Reason" since ' in told.message
    assert await world.claims() == []


async def test_a_vanished_column_that_no_rule_reads_stops_none(world: World) -> None:
    """The title of a product decides nothing."""
    await a_loss(world)
    await note(world, "ledger", NoteCode.COLUMN_MISSING, subject="product_name")
    await note(world, "ledger", NoteCode.COLUMNS_UNKNOWN, subject="Supplier")

    assert await found(world, "lost_in_warehouse") == [("detected", 1)]


@pytest.mark.parametrize(
    "code",
    [
        NoteCode.FILE_SHRUNK,
        NoteCode.REPORT_NOT_MADE,
        NoteCode.NOT_AVAILABLE,
        NoteCode.ROLE_MISSING,
    ],
)
async def test_a_stream_that_is_hidden_stops_the_rules_that_need_it(
    world: World, code: NoteCode
) -> None:
    """Its claims stay, no new one comes, and the note is gone when the rule runs again."""
    await a_loss(world)
    before = await found(world, "lost_in_warehouse")
    await world.ledger("2026-09-02", -2, "M")
    await note(world, "reimbursements", code)

    assert await found(world, "lost_in_warehouse") == before == [("detected", 1)]
    told = await list_notes(world.conn, world.connection_id)
    assert "lost_in_warehouse" in {one.subject for one in told if one.stream == "claims"}

    await replace_notes(world.conn, world.connection_id, "reimbursements", "", [code], [])
    assert sorted(await found(world, "lost_in_warehouse")) == [("detected", 1), ("detected", 2)]
    assert await list_notes(world.conn, world.connection_id) == []


@pytest.mark.parametrize(
    "stream",
    ["inventory", "fee_preview", "settlements", "removals", "storage_fees", "inbound_plans"],
)
async def test_a_seller_who_lacks_something_is_still_told_of_losses(
    world: World, stream: str
) -> None:
    """Accounts have no FBA stock, no fee preview, no role: what needs none of it is looked for."""
    await a_loss(world)
    await note(world, stream, NoteCode.NOT_AVAILABLE)

    assert await found(world, "lost_in_warehouse") == [("detected", 1)]


async def test_a_refused_marketplace_holds_back_its_own_claims_only(
    shared_database: Database,
) -> None:
    """Where rows say of which marketplace they are, the others are looked at as ever."""
    async with shared_database.writing() as conn:
        outer = await conn.begin_nested()
        world = await make_world(conn, (US, UK))
        await a_refund(world)
        there = Orders(World(conn, world.connection_id, UK), itertools.count(100))
        await there.sold("222-2222222-2222222")
        await there.refunded("222-2222222-2222222", "2026-08-01")
        await note(world, "orders", NoteCode.MARKETPLACE_REFUSED, subject=UK)

        detection = await looked(world)

        claims = await world.claims("customer_return_missing")
        candidates = await world.candidates("customer_return_missing")
        await outer.rollback()
    assert [one["order_id"] for one in claims] == [ORDER]
    [held] = [one for one in candidates if one["suppressed"]]
    assert held["suppressed"].startswith(f"In doubt: Amazon has refused orders of marketplace {UK}")
    assert detection.skipped == ()
    assert "customer_return_missing" in {one.subject for one in detection.waits}


async def test_a_refused_marketplace_of_which_rows_tell_nothing_stops_the_rule(
    world: World,
) -> None:
    """Removal orders name no marketplace, so any of them may be missing."""
    await a_disposal(world)
    await note(world, "removals", NoteCode.MARKETPLACE_REFUSED, subject=UK)

    assert await found(world, "disposed_without_permission") == []


async def sync(world: World, number: int, state: str, **streams: str) -> None:
    """A sync that has ended, with what became of its streams."""
    owner = await world.conn.execute(text("select workspace_id from amazon_connection"))
    ended = f"2026-11-{number:02}"
    await world.add(
        "sync_progress",
        sync_id=f"sync_{number}",
        workspace_id=owner.scalar_one(),
        trigger="manual",
        status=state,
        progress=100,
        message="",
        started_at=ended,
        completed_at=ended,
    )
    for name, status in streams.items():
        await world.conn.execute(
            text("insert into sync_stream (sync_id, name, status) values (:sync, :name, :status)"),
            {"sync": f"sync_{number}", "name": name, "status": status},
        )


READ = dict.fromkeys(
    (
        *("ledger", "ledger_summary", "reimbursements", "returns", "removals"),
        *("removal_shipments", "inventory", "fee_preview"),
    ),
    "complete",
)


@pytest.mark.parametrize("state", ["failed", "cancelled", "unavailable", "in_progress"])
async def test_a_stream_that_the_last_sync_did_not_read_stops_the_rules_that_need_it(
    world: World, state: str
) -> None:
    """Whatever it is called, it is not read; and it is again when the next sync has read it."""
    await a_loss(world)
    await sync(world, 1, "complete", **READ)
    await sync(world, 2, "failed", **READ | {"reimbursements": state})

    assert await found(world, "lost_in_warehouse") == []
    await sync(world, 3, "complete", **READ)
    assert await found(world, "lost_in_warehouse") == [("detected", 1)]


async def test_a_stream_that_was_never_read_stops_the_rules_that_need_it(world: World) -> None:
    """A stream that a newer recoup brings is no stream without rows."""
    await a_loss(world)
    await sync(world, 1, "complete", **{n: s for n, s in READ.items() if n != "returns"})

    assert await found(world, "lost_in_warehouse") == []
    assert "returns have not been read yet" in str(
        await list_notes(world.conn, world.connection_id)
    )


async def test_a_stream_that_has_only_begun_to_be_read_stops_the_rules_that_need_it(
    world: World,
) -> None:
    """Some of its pages are there, and nothing says that they are all."""
    await a_loss(world)
    await world.payment("2026-10-01", fnsku="X002", sku="SKU-2")
    await world.add("stream_cursor", stream="reimbursements", scope="", closed="{}")

    assert await found(world, "lost_in_warehouse") == []


async def test_a_column_that_every_file_fills_and_none_has_stops_the_rules_that_read_it(
    world: World,
) -> None:
    """Its heading may be there still: a column without any value tells nothing."""
    await world.history()
    await world.ledger("2026-09-01", -1, "M")
    await world.payment("2026-10-01", reason="", source="GET_FBA_REIMBURSEMENTS_DATA 1 doc")

    assert await found(world, "lost_in_warehouse") == []
    assert 'no row of reimbursements has a value in "reason"' in str(
        await list_notes(world.conn, world.connection_id)
    )


@pytest.mark.parametrize("event_type", ["Adjustments", "Shipments"])
async def test_reasons_are_missed_only_where_there_are_adjustments(
    world: World, event_type: str
) -> None:
    """A ledger without a single adjustment has no reason to tell; one with some tells theirs."""
    source = "GET_LEDGER_DETAIL_VIEW_DATA 1 doc"
    await world.ledger("2026-09-01", -1, reason=None, event_type=event_type, source=source)

    looked_at = await looked(world)

    waits = [one for one in looked_at.waits if 'a value in "Reason"' in str(one)]
    assert (waits != []) is (event_type == "Adjustments")


async def test_what_a_person_decided_stays_while_a_rule_waits(world: World) -> None:
    """A filed claim whose rule waits, or whose row is unreadable, stays filed under its case."""
    await a_loss(world)
    await looked(world)
    await world.filed("lost_in_warehouse")
    await world.conn.execute(text("delete from ledger"))
    await world.history()

    await note(world, "returns", NoteCode.FILE_SHRUNK)
    assert await found(world, "lost_in_warehouse") == [("filed", 1)]
    await replace_notes(world.conn, world.connection_id, "returns", "", [NoteCode.FILE_SHRUNK], [])
    await quarantine(world, "ledger", {"FNSKU": "X001", "Reason": "F"})
    assert await found(world, "lost_in_warehouse") == [("filed", 1)]


async def test_what_is_told_is_told_once(world: World) -> None:
    """Only sentences that are new are news; the notes of a rule that was not judged stay."""
    await a_loss(world)
    await note(world, "returns", NoteCode.NOT_AVAILABLE)
    first = await looked(world)
    await world.conn.execute(text("update stream_note set since = since - interval '1 day'"))

    second = await looked(world)
    [one] = [rule for rule in all_rules() if rule.type.value == "removal_lost"]
    await looked(world, rules=[one])

    assert first.news == first.waits != ()
    assert (second.news, second.waits) == ((), first.waits)
    kept = await list_notes(world.conn, world.connection_id)
    assert len([told for told in kept if told.stream == "claims"]) == len(first.waits)
