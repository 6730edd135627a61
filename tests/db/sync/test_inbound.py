"""Inbound shipments, plans and marketplaces against the sandbox's world."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recoup.db.engine import Database
from recoup.sandbox.operations import inbound_v0
from tests.support.lab import CANADA, US, Lab, named, open_lab


@pytest.fixture
async def lab(database: Database, tmp_path: Path) -> AsyncIterator[Lab]:
    """Orders enough for every kind of case to be planted."""
    async with open_lab(database, tmp_path, orders=1500, marketplace_ids=(US, CANADA)) as lab:
        lab.only(*map(named, ("shipments", "shipment_items", "inbound_plans", "marketplaces")))
        yield lab


async def test_shipments_come_by_date_and_meet_their_plans(lab: Lab) -> None:
    """CLOSED ones too: a shortage is claimed after the end. Both APIs tell of the same shipments,
    and what ends at 200 items is not called.
    """
    assert (await lab.sync()).status == "complete"
    assert "getShipmentItemsByShipmentId" not in await lab.calls()

    statuses = await lab.scalar("select array_agg(distinct status) from shipments")
    assert {"CLOSED", "RECEIVING"} <= set(statuses)
    unmatched = """
        select count(*) from shipments s full join inbound_plan_shipments p using (shipment_id)
        where s.shipment_id is null or p.shipment_id is null or s.status <> p.status
    """
    assert await lab.scalar(unmatched) == 0
    assert await lab.scalar("select count(*) from shipments where created_on is null") == 0
    assert await lab.scalar(f"select count(*) from shipments where marketplace_id <> '{US}'") == 0
    assert await lab.scalar("select count(*) from shipment_items") > 0
    assert await lab.scalar("select count(*) from marketplaces") == 2


async def test_carriers_of_the_seller_are_told_from_amazons(lab: Lab) -> None:
    """Of planted damage it is known whether Amazon's carrier did it."""
    await lab.sync()
    truth = await lab.truth()
    own = {
        case["key"]["shipmentId"] for case in truth["innocents"] if case["trap"] == "not_partnered"
    }

    found = await lab.scalar(
        "select array_agg(shipment_id) from inbound_plan_shipments where not is_partnered_carrier"
    )
    amazons = {
        case["key"]["shipmentId"] for case in truth["claims"] if case["type"] == "inbound_damage"
    }
    assert own
    assert amazons
    assert own <= set(found)
    assert not amazons & set(found)
    untold = "select count(*) from inbound_plan_shipments where is_partnered_carrier is null"
    on_its_way = "jsonb_array_length(tracking_numbers) > 0"
    assert await lab.scalar(f"{untold} and {on_its_way}") == 0
    assert await lab.scalar(f"{untold} and status in ('WORKING', 'CANCELLED')") > 0


async def test_changes_of_status_and_receipts_are_kept_as_history(lab: Lab) -> None:
    """Amazon tells the present only; what it told before, and when we saw it, stays."""
    await lab.sync()
    before = await lab.scalar("select count(*) from shipments_history")
    assert before == await lab.scalar("select count(*) from shipments")

    await lab.advance("P20D")
    await lab.sync()
    await lab.sync()

    moved = """
        select count(*) from shipments_history first join shipments_history last using (shipment_id)
        where first.status <> last.status and first.seen_at < last.seen_at - interval '19 days'
    """
    assert await lab.scalar(moved) > 0
    repeated = """
        select count(*) from (select status = lag(status) over (
            partition by shipment_id order by seen_at) as same from shipments_history) h where same
    """
    assert await lab.scalar(repeated) == 0
    latest = """
        select count(*) from shipment_items i where (quantity_shipped, quantity_received) is distinct
        from (select (h.quantity_shipped, h.quantity_received) from shipment_items_history h
              where (h.shipment_id, h.sku, h.fnsku) = (i.shipment_id, i.sku, i.fnsku)
              order by seen_at desc limit 1)
    """
    assert await lab.scalar(latest) == 0


async def test_a_second_sync_asks_for_changed_plans_only(lab: Lab) -> None:
    """Asked for once in six days, down the list to where the last sync ended; no old plan is opened."""
    await lab.sync()
    first = await lab.calls()
    plans = await lab.scalar("select count(*) from inbound_plans")
    await lab.sync()
    same_day = await lab.calls()
    await lab.advance("P6D")
    await lab.sync()
    later = await lab.calls()

    assert first["getInboundPlan"] == first["getShipment"] == plans
    assert first["listInboundPlans"] == -(-plans // 30)
    assert same_day["listInboundPlans"] == first["listInboundPlans"]
    assert later["listInboundPlans"] == first["listInboundPlans"] + 1
    opened = later["getInboundPlan"] - first["getInboundPlan"]
    assert 0 < opened < plans / 5, "those of seven days among a year's"


async def test_marketplaces_are_asked_for_once_a_day(lab: Lab) -> None:
    """The plan allows about a call a minute for all software of the account together."""
    await lab.sync()
    await lab.sync()
    asked = (await lab.calls())["getMarketplaceParticipations"]
    await lab.advance("P1D")
    await lab.sync()

    assert asked == 1
    assert (await lab.calls())["getMarketplaceParticipations"] == 2


async def test_what_only_a_quantity_has_changed_of_is_asked_for_by_id(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A range of dates that tells of nothing hides no status and no receipt of an open shipment."""
    await lab.sync()
    received = "select sum(quantity_received) from shipment_items"
    opened = "select count(*) from shipments where status not in ('CLOSED', 'CANCELLED', 'DELETED')"
    before, were_open = await lab.scalar(received), await lab.scalar(opened)
    async with lab.database.writing() as conn:
        # As if the units had arrived since.
        await conn.exec_driver_sql(
            "update shipment_items set quantity_received = 0 where shipment_id in "
            "(select shipment_id from shipments where status = 'RECEIVING')"
        )
    monkeypatch.setattr(inbound_v0, "_by_date", lambda _call, _query: lambda _shipment: False)
    await lab.advance("P20D")

    assert (await lab.sync()).status == "complete"

    assert await lab.scalar(received) >= before
    assert await lab.scalar(opened) < were_open
    by_id = "getShipmentItemsByShipmentId"
    asked = await lab.scalar(f"select sum(calls) from api_call where operation = '{by_id}'")
    assert asked == (await lab.calls())[by_id] <= 10


async def test_open_shipments_are_asked_for_in_one_list(lab: Lab) -> None:
    """One call of a marketplace for up to fifty; a first sync, which has just read them, makes none."""
    await lab.sync()
    first = (await lab.calls())["getShipments"]
    await lab.sync()
    second = (await lab.calls())["getShipments"] - first

    assert second == 3, (
        "a range of dates for each marketplace, and a list where there are open ones"
    )


async def test_shipments_that_closed_long_ago_are_asked_for_no_more(lab: Lab) -> None:
    """Those that are closed, cancelled or deleted, and those that no claim can be made for."""
    await lab.sync()
    async with lab.database.writing() as conn:
        await conn.exec_driver_sql(
            "update shipments set created_on = current_date - 301 "
            "where status not in ('CLOSED', 'CANCELLED', 'DELETED')"
        )
    before = (await lab.calls())["getShipments"]
    await lab.sync()

    assert (await lab.calls())["getShipments"] - before == 2


async def test_shipments_without_a_status_come_by_their_ids(
    database: Database, tmp_path: Path
) -> None:
    """Only plans and items tell of them; no answer has them but one that names their ids."""
    async with open_lab(database, tmp_path, orders=1500, odd=("missing-shipment-statuses",)) as lab:
        lab.only(*map(named, ("shipments", "shipment_items", "inbound_plans")))
        await lab.sync()
        hidden = "select count(*) from shipments where status is null"
        assert await lab.scalar(hidden) == 0
        await lab.sync()
        assert await lab.scalar(hidden) > 0
