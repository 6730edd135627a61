"""Units lost, damaged or destroyed in a fulfillment center.

Sources: docs/claims.md#reason-codes, docs/amazon.md#ledger-events, docs/rules.md#lost_in_warehouse, docs/rules.md#damaged_in_warehouse,
docs/rules.md#disposed_without_permission.
"""

from __future__ import annotations

from recoup.sandbox.world.instants import Instant
from recoup.sandbox.world.plots.scene import Scene
from recoup.sandbox.world.records import (
    DEFECTIVE,
    SELLABLE,
    WAREHOUSE_DAMAGED,
    Movement,
    RemovalOrder,
    Script,
)

LOST_REASON = "Lost_Warehouse"
DAMAGED_REASON = "Damaged_Warehouse"


def lost(scene: Scene) -> Script:
    dice = scene.dice("lost")
    missing = dice.pick((1, 1, 2, 3))
    found = 1 if missing == 3 and scene.trap is None else 0
    code = dice.pick(("M", "M", "M", "5"))
    slot = dice.roll(3)
    owed = missing - found if scene.trap is None else 0
    loss = scene.adjust(scene.at(0), -missing, code, slot=slot, open_units=owed)
    fact = scene.fact(scene.stock_key(), owed or missing)
    found_at = scene.at(dice.between(6, 22))
    if scene.trap == "found_in_other_center":
        back = scene.adjust(found_at, missing, "F", slot=(slot + 1) % 3, ordinal=5)
        return Script(fact, (loss, back), research=((scene.at(0), found_at, missing),))
    if scene.trap == "paid_in_cash":
        return Script(fact, (loss,), (scene.pay(0, found_at, LOST_REASON, missing),))
    if scene.trap == "paid_with_a_unit":
        unit = scene.adjust(found_at, missing, "N", slot=slot, ordinal=5)
        return Script(fact, (loss, unit), (scene.pay(0, found_at, LOST_REASON, 0, stock=missing),))
    if scene.trap == "found_after_payment":
        kept_at = Instant(found_at + 86_400)
        rows = (
            loss,
            scene.adjust(found_at, missing, "F", slot=slot, ordinal=5),
            scene.adjust(kept_at, -missing, "O", slot=slot, ordinal=6),
        )
        return Script(fact, rows, (scene.pay(0, scene.at(4), LOST_REASON, missing),))
    if found:
        back = scene.adjust(scene.at(1), found, "F", slot=(slot + 1) % 3, ordinal=5)
        return Script(fact, (loss, back))
    return Script(fact, (loss,))


def damaged(scene: Scene) -> Script:
    dice = scene.dice("damaged")
    units, slot = dice.pick((1, 1, 1, 2)), dice.roll(3)
    fact = scene.fact(scene.stock_key(), units)
    if scene.trap == "disposition_change":
        return Script(fact, _pair(scene, units, slot, "Q", DEFECTIVE))
    if scene.trap == "sold_again":
        there = _pair(scene, units, slot, "E", WAREHOUSE_DAMAGED, stays=False)
        at = scene.at(6)
        back = (
            scene.adjust(
                at, -units, "Q", slot=slot, disposition=WAREHOUSE_DAMAGED, ordinal=5, stays=False
            ),
            scene.adjust(at, units, "P", slot=slot, ordinal=6),
        )
        return Script(fact, there + back)
    rows = _pair(
        scene, units, slot, "E", WAREHOUSE_DAMAGED, open_units=units if scene.trap is None else 0
    )
    if scene.trap is None:
        return Script(fact, rows)
    paid_at = scene.at(dice.between(2, 20))
    return Script(fact, rows, (scene.pay(0, paid_at, DAMAGED_REASON, units),))


def disposed(scene: Scene) -> Script:
    dice = scene.dice("disposed")
    units, slot = dice.pick((1, 1, 2)), dice.roll(3)
    fact = scene.fact(scene.stock_key(), units)
    if scene.trap in {None, "ordered_by_seller"}:
        gone = scene.adjust(
            scene.at(0), -units, "D", slot=slot, open_units=0 if scene.trap else units
        )
        if scene.trap is None:
            return Script(fact, (gone,))
        order = RemovalOrder(
            removal_id=scene.text("removal", 10),
            requested_at=scene.at(-9),
            completed_at=scene.at(0, 3600),
            order_type="Disposal",
            product=scene.case.product,
            disposition="Sellable",
            requested=units,
            cancelled=0,
            disposed=units,
            in_process=0,
            parcels=(),
        )
        return Script(fact, (gone,), removals=(order,))
    state = DEFECTIVE if scene.trap == "defective_stock" else WAREHOUSE_DAMAGED
    code = "Q" if scene.trap == "defective_stock" else "E"
    rows = _pair(scene, units, slot, code, state, days=-6, stays=False)
    gone = scene.adjust(
        scene.at(0), -units, "D", slot=slot, disposition=state, ordinal=5, stays=False
    )
    paid = (scene.pay(0, scene.at(-3), DAMAGED_REASON, units),) if code == "E" else ()
    return Script(fact, (*rows, gone), paid)


def _pair(
    scene: Scene,
    units: int,
    slot: int,
    code: str,
    disposition: str,
    *,
    days: int = 0,
    open_units: int = 0,
    stays: bool = True,
) -> tuple[Movement, Movement]:
    """Both legs of a change of state: same day, same place, close reference ids."""
    at = scene.at(days)
    return (
        scene.adjust(
            at, -units, code, slot=slot, disposition=SELLABLE, open_units=open_units, ordinal=0
        ),
        scene.adjust(at, units, "P", slot=slot, disposition=disposition, ordinal=1, stays=stays),
    )
