"""Inbound shipments and plans: what is read out of Amazon's answers, and what is left open."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from recoup.streams._stream import Request
from recoup.streams.inbound_plans import parse
from recoup.streams.shipments import created_on

REQUEST = Request(("ATVPDKIKX0DER",), None, None)


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("FBA (29/06/2020, 04:07) - 1", date(2020, 6, 29)),
        ("FBA (06/29/2020, 04:07) - 1", date(2020, 6, 29)),
        ("FBA (2/11/20, 11:18 AM) - 1", date(2020, 2, 11)),
        ("FBA (03/08/2023, 01:15 PM)", date(2023, 3, 8)),
        ("FBA (05.04.2024 10:00)-ABC1", date(2024, 4, 5)),
        ("FBA (2026-03-01) PHL7", date(2026, 3, 1)),
        ("FBA (07/07/2024, 13:00)", date(2024, 7, 7)),
        ("FBA (03/08/2023, 13:15)", None),
        ("FBA (31/02/2023, 13:15)", None),
        ("spring stock", None),
        ("", None),
    ],
)
def test_the_day_in_a_name_is_read_only_where_it_cannot_be_another(
    name: str, day: date | None
) -> None:
    """Names follow the seller's language; a date that could be two is none."""
    assert created_on(name) == day


def shipment_row(**shipment: Any) -> dict[str, Any]:
    plan = {"inboundPlanId": "wf1", "lastUpdatedAt": "2026-11-01T00:00:00Z"}
    one = {"shipmentId": "sh1", **shipment}
    parsed = parse({"plan": plan, "shipments": [one]}, REQUEST)
    (row,) = parsed.parts["inbound_plan_shipments"]
    return dict(row)


@pytest.mark.parametrize(
    ("transportation", "partnered"),
    [
        ({"shippingSolution": "AMAZON_PARTNERED_CARRIER"}, True),
        ({"shippingSolution": "USE_YOUR_OWN_CARRIER"}, False),
        ({"shippingSolution": "A_WORD_OF_NEXT_YEAR"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_whose_carrier_it_is_stays_open_where_amazon_does_not_tell(
    transportation: Any, *, partnered: bool | None
) -> None:
    """A guess would decide who pays for damage."""
    assert shipment_row(transportation=transportation)["is_partnered_carrier"] is partnered


def test_parcels_and_freight_both_give_tracking_numbers() -> None:
    """One number per box, the bill of lading, and each freight bill."""
    boxes = [{"boxId": "1", "trackingId": "1Z1"}, {"boxId": "2"}]
    row = shipment_row(
        shipmentConfirmationId="FBA1",
        selectedDeliveryWindow={"startDate": "2026-11-01T00:00:00.000Z"},
        trackingDetails={
            "spdTrackingDetail": {"spdTrackingItems": boxes},
            "ltlTrackingDetail": {"billOfLadingNumber": "BOL", "freightBillNumber": ["F1"]},
        },
    )

    assert row["tracking_numbers"] == ["1Z1", "BOL", "F1"]
    assert row["shipment_id"] == "FBA1"
    assert row["delivery_window_start_at"] == datetime(2026, 11, 1, tzinfo=UTC)
    assert row["delivery_window_end_at"] is None
