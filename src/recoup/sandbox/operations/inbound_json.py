"""Inbound shipments as both Fulfillment Inbound APIs show them.

Source: models fulfillmentInboundV0 and fulfillmentInbound_2024-03-20, docs/amazon.md#inbound.
"""

from __future__ import annotations

import uuid

from recoup.sandbox.answers import Json
from recoup.sandbox.world.instants import Instant, to_text
from recoup.sandbox.world.records import InboundItem, InboundShipment
from recoup.sandbox.world.seller import SellerWorld

_PLAN_STATUS = {"CANCELLED": "VOIDED", "WORKING": "ACTIVE"}


def shipment_v0_json(world: SellerWorld, shipment: InboundShipment, edge: Instant) -> Json:
    """Without any date: v0 has none in this row."""
    address: Json = {
        "Name": "Sandbox Store",
        "AddressLine1": "1 Sandbox Street",
        "City": "Sandbox",
        "StateOrProvinceCode": "NA",
        "CountryCode": world.home.country,
        "PostalCode": "00000",
    }
    return {
        "ShipmentId": shipment.confirmation_id,
        "ShipmentName": _name(shipment),
        "ShipFromAddress": address,
        "DestinationFulfillmentCenterId": shipment.center,
        "ShipmentStatus": shipment.status(edge),
        "LabelPrepType": "SELLER_LABEL",
        "AreCasesRequired": False,
        "BoxContentsSource": "INTERACTIVE",
    }


def item_v0_json(
    world: SellerWorld, shipment: InboundShipment, item: InboundItem, edge: Instant
) -> Json:
    product = world.products[item.product]
    return {
        "ShipmentId": shipment.confirmation_id,
        "SellerSKU": product.sku,
        "FulfillmentNetworkSKU": product.fnsku,
        "QuantityShipped": item.shipped,
        "QuantityReceived": item.received(edge),
        "QuantityInCase": 0,
        "PrepDetailsList": [],
    }


def plan_json(world: SellerWorld, shipment: InboundShipment, edge: Instant) -> dict[str, Json]:
    """A plan contains one shipment here."""
    status = shipment.status(edge)
    return {
        "inboundPlanId": shipment.plan_id,
        "name": _name(shipment),
        "marketplaceIds": [world.home.marketplace_id],
        "createdAt": to_text(shipment.created_at),
        "lastUpdatedAt": to_text(shipment.last_updated(edge)),
        "sourceAddress": _address(world),
        "status": _PLAN_STATUS.get(status, "SHIPPED"),
    }


def plan_status(shipment: InboundShipment, edge: Instant) -> str:
    return _PLAN_STATUS.get(shipment.status(edge), "SHIPPED")


def whole_plan_json(world: SellerWorld, shipment: InboundShipment, edge: Instant) -> Json:
    placement: Json = {"placementOptionId": _id("pl", shipment), "status": "ACCEPTED"}
    summary: Json = {"shipmentId": shipment.shipment_id, "status": shipment.status(edge)}
    return {
        **plan_json(world, shipment, edge),
        "placementOptions": [placement],
        "shipments": [summary],
    }


def shipment_json(world: SellerWorld, shipment: InboundShipment, edge: Instant) -> Json:
    center: Json = {"destinationType": "AMAZON_WAREHOUSE", "warehouseId": shipment.center}
    answer: dict[str, Json] = {
        "shipmentId": shipment.shipment_id,
        "shipmentConfirmationId": shipment.confirmation_id,
        "amazonReferenceId": shipment.confirmation_id[-8:],
        "name": _name(shipment),
        "placementOptionId": _id("pl", shipment),
        "status": shipment.status(edge),
        "source": {"sourceType": "SELLER_FACILITY", "address": _address(world)},
        "destination": center,
    }
    if _is_on_its_way(shipment, edge):
        answer["selectedTransportationOptionId"] = _option_id(
            shipment, partnered=shipment.partnered
        )
        tracking: list[Json] = [
            {
                "boxId": _box_id(shipment, index),
                "trackingId": f"1Z{shipment.confirmation_id}{index}",
            }
            for index in range(len(shipment.items))
        ]
        answer["trackingDetails"] = {"spdTrackingDetail": {"spdTrackingItems": tracking}}
    return answer


def transportation_options_json(shipment: InboundShipment) -> list[Json]:
    """Amazon's carrier and the seller's own; the shipment names the selected one."""
    return [_option_json(shipment, partnered=partnered) for partnered in (True, False)]


def _option_json(shipment: InboundShipment, *, partnered: bool) -> Json:
    carrier: Json = {"name": "UPS", "alphaCode": "UPSN"} if partnered else {"name": "Other"}
    return {
        "shipmentId": shipment.shipment_id,
        "transportationOptionId": _option_id(shipment, partnered=partnered),
        "shippingSolution": "AMAZON_PARTNERED_CARRIER" if partnered else "USE_YOUR_OWN_CARRIER",
        "carrier": carrier,
        "shippingMode": "GROUND_SMALL_PARCEL",
        "preconditions": [],
    }


def _option_id(shipment: InboundShipment, *, partnered: bool) -> str:
    return _id("to-amazon" if partnered else "to-own", shipment)


def _is_on_its_way(shipment: InboundShipment, edge: Instant) -> bool:
    return shipment.shipped_at < edge and shipment.cancelled_at is None


def item_json(world: SellerWorld, item: InboundItem) -> Json:
    """The units sent. Only v0 shows the received quantity."""
    product = world.products[item.product]
    return {
        "asin": product.asin,
        "fnsku": product.fnsku,
        "msku": product.sku,
        "labelOwner": "SELLER",
        "prepInstructions": [],
        "quantity": item.shipped,
    }


def box_json(world: SellerWorld, shipment: InboundShipment, index: int) -> Json:
    """One box per product."""
    return {
        "packageId": _id(f"pk{index}", shipment),
        "boxId": _box_id(shipment, index),
        "contentInformationSource": "BOX_CONTENT_PROVIDED",
        "items": [item_json(world, shipment.items[index])],
        "quantity": 1,
    }


def _name(shipment: InboundShipment) -> str:
    return f"FBA ({to_text(shipment.created_at)[:10]}) {shipment.center}"


def _address(world: SellerWorld) -> Json:
    return {
        "name": "Sandbox Store",
        "addressLine1": "1 Sandbox Street",
        "city": "Sandbox",
        "countryCode": world.home.country,
        "postalCode": "00000",
    }


def _box_id(shipment: InboundShipment, index: int) -> str:
    return f"{shipment.confirmation_id}U{index + 1:06d}"


def _id(prefix: str, shipment: InboundShipment) -> str:
    """38 characters, as the model requires; two of them are the prefix."""
    return f"{prefix[:2]}{uuid.uuid5(uuid.NAMESPACE_OID, prefix + shipment.shipment_id)}"
