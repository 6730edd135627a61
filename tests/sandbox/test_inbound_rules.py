"""What getShipments refuses, and what it does not bring: Amazon's rules, never an oddity."""

from __future__ import annotations

import pytest

from recoup.sandbox.world.instants import DAY, HOUR, Instant, to_text
from recoup.sandbox.world.records import SELLABLE, InboundItem, InboundShipment, Receipt
from tests.sandbox.running import US, YEAR_AGO, error_of
from tests.sandbox.test_models import STATUSES

SHIPMENTS = "/fba/inbound/v0/shipments"
EVERY = ",".join(STATUSES)
YEAR = {"LastUpdatedAfter": YEAR_AGO, "LastUpdatedBefore": "2026-11-15T00:00:00Z"}
BY_DATE = {"MarketplaceId": US, "QueryType": "DATE_RANGE"}
CREATED = Instant(20_000 * DAY)


def found(sandbox, **asked):
    """Ids and statuses of the shipments on all pages."""
    rows, answer = {}, sandbox.get(SHIPMENTS, **asked).json()["payload"]
    while True:
        rows |= {one["ShipmentId"]: one["ShipmentStatus"] for one in answer["ShipmentData"]}
        if "NextToken" not in answer:
            return rows
        more = {"MarketplaceId": US, "QueryType": "NEXT_TOKEN", "NextToken": answer["NextToken"]}
        answer = sandbox.get(SHIPMENTS, **more).json()["payload"]


@pytest.mark.parametrize("kind", ["DATE_RANGE", "SHIPMENT"])
def test_a_status_or_an_id_is_required_with_either_query(sandbox, kind):
    """Two dates are not enough; the refusal has Amazon's words."""
    answer = sandbox.get(SHIPMENTS, **(BY_DATE | {"QueryType": kind}), **YEAR)

    assert error_of(answer) == (400, "InvalidInput")
    assert answer.json()["errors"][0]["message"] == (
        "At least one of ShipmentStatusList and ShipmentIdList must be provided"
    )


def test_dates_in_the_wrong_order_are_refused(sandbox):
    """LastUpdatedAfter later than LastUpdatedBefore."""
    turned = {"LastUpdatedAfter": "2026-11-15", "LastUpdatedBefore": "2026-11-01"}

    answer = sandbox.get(SHIPMENTS, ShipmentStatusList=EVERY, **BY_DATE, **turned)
    assert error_of(answer) == (400, "InvalidInput")


def test_dates_statuses_and_ids_are_joined_by_and(sandbox):
    """A shipment comes when it fits all three."""
    every = found(sandbox, ShipmentStatusList=EVERY, **BY_DATE, **YEAR)
    closed = found(sandbox, ShipmentStatusList="CLOSED", **BY_DATE, **YEAR)
    one = next(iter(closed))
    other = next(name for name, status in every.items() if status != "CLOSED")
    both = {"ShipmentIdList": f"{one},{other}", "ShipmentStatusList": "CLOSED"}
    early = {"LastUpdatedAfter": "2020-01-01", "LastUpdatedBefore": "2020-02-01"}

    assert set(closed) == {name for name, status in every.items() if status == "CLOSED"}
    assert found(sandbox, **both, **BY_DATE, **YEAR) == {one: "CLOSED"}
    assert found(sandbox, **both, **BY_DATE, **early) == {}
    assert found(sandbox, **both, MarketplaceId=US, QueryType="SHIPMENT") == {one: "CLOSED"}


def test_a_further_receipt_alone_does_not_bring_a_shipment_by_date():
    """DATE_RANGE goes by the last change of the status."""
    first, second = (Instant(CREATED + days * DAY) for days in (9, 12))
    shipment = InboundShipment(
        confirmation_id="FBA1", plan_id="wf1", shipment_id="sh1", created_at=CREATED,
        shipped_at=Instant(CREATED + 2 * DAY), delivered_at=Instant(CREATED + 8 * DAY),
        closed_at=Instant(CREATED + 30 * DAY), cancelled_at=None, center="PHL7", partnered=True,
        items=(InboundItem(0, 5, (Receipt(first, 3, SELLABLE), Receipt(second, 2, SELLABLE))),),
    )  # fmt: skip
    changes = [to_text(shipment.status_changed(second + hours * HOUR)) for hours in (-1, 1, 500)]

    assert changes == [to_text(first), to_text(first), to_text(shipment.closed_at)]
