"""Inbound units: short, damaged, or blamed on the seller.

Sources: docs/amazon.md#inbound, docs/rules.md#inbound_shortage, docs/rules.md#inbound_damage, docs/rules.md#inbound_fee_wrong.
"""

from __future__ import annotations

from recoup.sandbox.world.instants import HOUR, Instant
from recoup.sandbox.world.plots.scene import Scene
from recoup.sandbox.world.records import (
    CARRIER_DAMAGED,
    DISTRIBUTOR_DAMAGED,
    RECEIPTS,
    SELLABLE,
    InboundItem,
    InboundShipment,
    Movement,
    Noncompliance,
    Receipt,
    Script,
)

_SENT = 12


def shortage(scene: Scene) -> Script:
    """12 sent, fewer received; the clock starts with the delivery, at the anchor.

    The first units are booked in on that day: no API reports a delivery, so the first receipt must.
    """
    short = scene.dice("shortage").pick((1, 2, 2, 3))
    if scene.trap in {"cancelled_shipment", "never_shipped"}:
        shipment = _shipment(scene, (), cancelled=scene.trap == "cancelled_shipment", stuck=True)
        return Script(scene.fact(_key(scene, shipment), short), inbound=(shipment,))
    receipts = [
        Receipt(scene.at(0, HOUR), 7, SELLABLE),
        Receipt(scene.at(3), 5 - short, SELLABLE),
    ]
    if scene.trap == "received_later":
        receipts.append(Receipt(scene.at(21), short, SELLABLE))
    shipment = _shipment(scene, tuple(receipts))
    paid = (
        (scene.pay(0, scene.at(27), "Lost_Inbound", short),) if scene.trap == "paid_in_cash" else ()
    )
    fact = scene.fact(_key(scene, shipment), short)
    return Script(fact, receipts_of(shipment), paid, inbound=(shipment,))


def damage(scene: Scene) -> Script:
    """All arrived, some damaged on the way."""
    broken = scene.dice("inbound-damage").pick((1, 1, 2))
    seller_did_it = scene.trap == "damaged_by_distributor"
    state = DISTRIBUTOR_DAMAGED if seller_did_it else CARRIER_DAMAGED
    receipts = (
        Receipt(scene.at(0, HOUR), _SENT - broken, SELLABLE),
        Receipt(scene.at(0, 2 * HOUR), broken, state),
    )
    shipment = _shipment(scene, receipts, partnered=scene.trap != "not_partnered")
    paid = (
        (scene.pay(0, scene.at(24), "Damaged_Inbound", broken),)
        if scene.trap == "paid_in_cash"
        else ()
    )
    fact = scene.fact(_key(scene, shipment), broken)
    return Script(fact, receipts_of(shipment), paid, inbound=(shipment,))


def wrong_fee(scene: Scene) -> Script:
    """A noncompliance with a fee at the anchor, for a shipment that arrived complete."""
    justified = scene.trap == "justified"
    received = _SENT - 2 if justified else _SENT
    receipts = (Receipt(scene.at(-20), received, SELLABLE),)
    shipment = _shipment(scene, receipts, days=-22)
    fee = 0 if scene.trap == "without_fee" else scene.dice("inbound-fee").between(150, 900)
    complaint = Noncompliance(
        at=scene.at(0),
        shipment=shipment,
        product=scene.case.product,
        problem="Shipment quantity mismatch",
        quantity=2,
        expected=_SENT,
        received=received,
        fee_cents=fee,
    )
    paid = (scene.pay(0, scene.at(-4), "Lost_Inbound", 2),) if justified else ()
    fact = scene.fact(
        _key(scene, shipment), 2, amount_cents=fee, basis="fee of the noncompliance report"
    )
    return Script(
        fact, receipts_of(shipment), paid, inbound=(shipment,), noncompliance=(complaint,)
    )


def receipts_of(shipment: InboundShipment) -> tuple[Movement, ...]:
    """The ledger rows of the received units."""
    return tuple(
        Movement(
            one.at, item.product, 0, one.disposition, one.quantity, RECEIPTS,
            shipment.confirmation_id,
        )
        for item in shipment.items
        for one in item.receipts
    )  # fmt: skip


def _key(scene: Scene, shipment: InboundShipment) -> dict[str, str]:
    return {
        "shipmentId": shipment.confirmation_id,
        "sku": scene.product.sku,
        "fnsku": scene.product.fnsku,
    }


def _shipment(
    scene: Scene,
    receipts: tuple[Receipt, ...],
    *,
    days: int = 0,
    cancelled: bool = False,
    stuck: bool = False,
    partnered: bool = True,
) -> InboundShipment:
    """Delivered this many days after the anchor. A stuck one never leaves the seller."""
    never = Instant(2**50)
    return InboundShipment(
        confirmation_id=f"FBA{scene.text('fba', 9)}",
        plan_id=f"wf{scene.text('plan', 36).lower()}",
        shipment_id=f"sh{scene.text('shipment', 36).lower()}",
        created_at=scene.at(days - 14),
        shipped_at=never if stuck else scene.at(days - 10),
        delivered_at=never if stuck else scene.at(days),
        closed_at=never if stuck else scene.at(days + 23),
        cancelled_at=scene.at(days - 9) if cancelled else None,
        center=scene.product.centers[0],
        partnered=partnered,
        items=(InboundItem(scene.case.product, _SENT, receipts),),
    )
