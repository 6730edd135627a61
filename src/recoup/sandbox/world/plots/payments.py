"""Reimbursements that are reversed or too small.

Sources: docs/rules.md#reimbursement_reversed, docs/rules.md#reimbursement_underpaid.
"""

from __future__ import annotations

from recoup.sandbox.world.plots.scene import Scene
from recoup.sandbox.world.plots.warehouse import LOST_REASON
from recoup.sandbox.world.records import Movement, Payment, Script

REVERSAL_REASON = "Reimbursement_Reversal"
REIMBURSEMENT_IDS = 10**11


def reimbursement_id(number: int) -> str:
    """11 digits (docs/amazon.md#reimbursements), different for every number. The factor shares no divisor with 10**11."""
    return f"{(number * 73_000_000_331 + 40_404_040_404) % REIMBURSEMENT_IDS:011d}"


def taken_back(scene: Scene) -> Script:
    """Lost, paid, and the payment reversed at the anchor."""
    loss = scene.adjust(scene.at(-52), -1, "M", ordinal=0)
    paid = scene.pay(0, scene.at(-44), LOST_REASON, 1)
    back = scene.trap == "unit_given_back"
    original = paid
    payments: tuple[Payment, ...] = (paid,)
    rows: tuple[Movement, ...] = (loss,)
    if scene.trap == "paid_twice":
        original = scene.pay(1, scene.at(-40), LOST_REASON, 1)
        payments = (paid, original)
    if scene.trap in {"unit_given_back", "found_in_ledger"}:
        rows = (loss, scene.adjust(scene.at(-4), 1, "F", slot=2, ordinal=5))
    reversal = scene.pay(
        2,
        scene.at(0),
        REVERSAL_REASON,
        -1,
        stock=1 if back else 0,
        unit_cents=original.unit_cents,
        original=original,
    )
    key = {
        "reimbursementId": reimbursement_id(reversal.number),
        "originalReimbursementId": reimbursement_id(original.number),
        "sku": scene.product.sku,
        "fnsku": scene.product.fnsku,
    }
    fact = scene.fact(key, 1, amount_cents=original.unit_cents, basis="reversed amount")
    return Script(fact, rows, (*payments, reversal))


def too_small(scene: Scene) -> Script:
    """Lost, and paid at the anchor: below the sourcing cost in a real case."""
    units = scene.dice("underpaid").pick((1, 1, 2))
    percent = {None: 50, "within_tolerance": 97, "paid_above_cost": 120}.get(scene.trap, 100)
    loss = scene.adjust(scene.at(-8), -units, "M", ordinal=0)
    if scene.trap == "paid_in_two_rows":
        loss = scene.adjust(scene.at(-8), -2, "M", ordinal=0)
        rows: tuple[Payment, ...] = (
            scene.pay(0, scene.at(0), LOST_REASON, 1),
            scene.pay(1, scene.at(1), LOST_REASON, 1),
        )
    else:
        rows = (scene.pay(0, scene.at(0), LOST_REASON, units, percent=percent),)
    paid = rows[0]
    key = {
        "reimbursementId": reimbursement_id(paid.number),
        "sku": scene.product.sku,
        "fnsku": scene.product.fnsku,
    }
    gap = (scene.product.cost_cents - paid.unit_cents) * units
    fact = scene.fact(key, units, amount_cents=gap, basis="sourcing cost less what was paid")
    return Script(fact, (loss,), rows)
