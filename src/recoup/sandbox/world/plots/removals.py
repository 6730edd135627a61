"""Units on the way back to the seller.

Sources: docs/amazon.md#removals, docs/rules.md#removal_lost, docs/rules.md#removal_discrepancy.
"""

from __future__ import annotations

from recoup.sandbox.world.instants import Instant
from recoup.sandbox.world.plots.scene import Scene
from recoup.sandbox.world.records import (
    SELLABLE,
    VENDOR_RETURNS,
    Movement,
    Parcel,
    RemovalOrder,
    Script,
)

_LATEST_REQUEST = 36
"""So many days lie at most between the request and the last parcel."""


def lost_parcel(scene: Scene) -> Script:
    """A parcel leaves at the anchor. No API shows whether it arrives: a person must know."""
    units = scene.dice("removal").pick((1, 2, 4))
    order = _order(
        scene,
        requested=units,
        sent=(units,),
        disposal=scene.trap == "disposal_order",
        completed_days=1,
    )
    paid = (
        (scene.pay(0, scene.at(12), "Removal_Order_Lost", units),)
        if scene.trap == "paid_in_cash"
        else ()
    )
    fact = scene.fact(scene.removal_key(order), units)
    return Script(fact, _movements(order), paid, removals=(order,))


def short(scene: Scene) -> Script:
    """An order completed at the anchor whose quantities do not add up, in a real case."""
    missing = scene.dice("removal").pick((1, 2))
    order = _order(
        scene,
        requested=3 + missing,
        sent=(2, 1 + missing) if scene.trap == "two_parcels" else (2, 1),
        cancelled=missing if scene.trap == "rest_cancelled" else 0,
        in_process=missing if scene.trap == "still_processing" else 0,
    )
    fact = scene.fact(scene.removal_key(order), missing)
    return Script(fact, _movements(order), removals=(order,))


def _order(
    scene: Scene,
    *,
    requested: int,
    sent: tuple[int, ...],
    cancelled: int = 0,
    in_process: int = 0,
    disposal: bool = False,
    completed_days: int = 0,
) -> RemovalOrder:
    parcels = tuple(
        Parcel(
            # The last parcel leaves at the anchor, an earlier one two days before.
            at=scene.at(-2 * (len(sent) - 1 - number)),
            quantity=quantity,
            carrier="UPS_GR_COL",
            tracking=f"1Z{scene.text(f'tracking-{number}', 16)}",
        )
        for number, quantity in enumerate(sent)
    )
    return RemovalOrder(
        removal_id=scene.text("removal", 10),
        # Weeks pass before the units leave: reports that go by the request must be read again.
        requested_at=scene.at(-scene.dice("requested").between(12, _LATEST_REQUEST)),
        completed_at=scene.at(completed_days, 3600),
        order_type="Disposal" if disposal else "Return",
        product=scene.case.product,
        disposition="Sellable",
        requested=requested,
        cancelled=cancelled,
        disposed=sum(sent) if disposal else 0,
        in_process=in_process,
        parcels=() if disposal else parcels,
        finished=not in_process,
    )


def _movements(order: RemovalOrder) -> tuple[Movement, ...]:
    """The ledger's side: units leave with their parcel, or when they are destroyed."""
    gone = [(parcel.at, parcel.quantity) for parcel in order.parcels]
    if order.disposed:
        gone.append((Instant(order.completed_at - 3600), order.disposed))
    return tuple(
        Movement(at, order.product, 0, SELLABLE, -units, VENDOR_RETURNS, order.removal_id)
        for at, units in gone
    )
