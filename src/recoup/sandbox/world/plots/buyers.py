"""Refunds, returns and the fees around them.

Sources: docs/rules.md#customer_return_missing and the headings after it, to docs/rules.md#refund_fee_not_credited.
"""

from __future__ import annotations

from recoup.sandbox.world.cases import Case
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.orders import OrderRole, RefundPlan
from recoup.sandbox.world.plots.scene import Scene
from recoup.sandbox.world.records import (
    CARRIER_DAMAGED,
    CUSTOMER_DAMAGED,
    DEFECTIVE,
    SELLABLE,
    WAREHOUSE_DAMAGED,
    Fact,
    Payment,
    Replacement,
    ReturnedUnit,
    Script,
)

RETURN_REASON = "CustomerReturn"
SERVICE_REASON = "CustomerServiceIssue"


def whole_refund(case: Case) -> OrderRole:
    """One unit, refunded in full at the anchor."""
    return OrderRole(1, None, (RefundPlan(case.anchor, 0, 1),))


def missing_role(case: Case) -> OrderRole:
    refund = RefundPlan(case.anchor, 0, 1)
    if case.trap == "partial_refund":
        refund = RefundPlan(case.anchor, 0, 1, per_mille=300)
    units = 2 if case.trap == "one_of_several_units" else 1
    return OrderRole(units, None, (refund,), by_amazon=case.trap != "merchant_fulfilled")


def missing(scene: Scene) -> Script:
    """Refunded, and the unit never came back."""
    returned: tuple[ReturnedUnit, ...] = ()
    paid: tuple[Payment, ...] = ()
    when = scene.at(scene.stage.profile.returns_open + 1)
    if scene.trap == "returned_late":
        days = scene.stage.profile.returns_open - scene.dice("late").between(3, 12)
        returned = (scene.returned(days, SELLABLE),)
    elif scene.trap == "one_of_several_units":
        returned = (scene.returned(9, SELLABLE),)
    elif scene.trap == "returned_as_other_sku":
        other = (scene.product_index + 1) % len(scene.stage.products)
        returned = (scene.returned(14, SELLABLE, product=other),)
    elif scene.trap == "paid_with_a_unit":
        paid = (scene.pay(0, when, RETURN_REASON, 0, stock=1, unit_cents=scene.unit_value()),)
    elif scene.trap == "paid_in_cash":
        paid = (scene.pay(0, when, RETURN_REASON, 1, unit_cents=scene.unit_value()),)
    elif scene.trap == "paid_as_service_issue":
        paid = (scene.pay(0, scene.at(3), SERVICE_REASON, 1, unit_cents=scene.unit_value()),)
    return Script(_order_fact(scene), payments=paid, returned=returned)


def not_restocked(scene: Scene) -> Script:
    """The return is recorded, but the ledger never counts it."""
    after = {
        None: None,
        "restocked_days_later": 2,
        "restocked_days_before": -2,
        "restocked_within_two_weeks": 11,
    }[scene.trap]
    returned = scene.returned(12, SELLABLE, restocked_after=after)
    return Script(_order_fact(scene), returned=(returned,))


def came_back_damaged(scene: Scene) -> Script:
    """The unit came back broken by Amazon or its carrier."""
    state = scene.dice("broken").pick((CARRIER_DAMAGED, WAREHOUSE_DAMAGED))
    status = "Unit returned to inventory"
    paid: tuple[Payment, ...] = ()
    if scene.trap == "damaged_by_customer":
        state = CUSTOMER_DAMAGED
    elif scene.trap == "defective":
        state = DEFECTIVE
    elif scene.trap is not None:
        paid = (scene.pay(0, scene.at(15), RETURN_REASON, 1, unit_cents=scene.unit_value()),)
        if scene.trap == "status_reimbursed":
            status = "Reimbursed"
    returned = scene.returned(10, state, status=status, reason="DEFECTIVE")
    return Script(_order_fact(scene), payments=paid, returned=(returned,))


def overpaid_role(case: Case) -> OrderRole:
    once = RefundPlan(case.anchor, 0, 1)
    again = RefundPlan(Instant(case.anchor + 3 * DAY), 0, 1)
    if case.trap == "replaced_only":
        return OrderRole(1, None, ())
    if case.trap == "refunded_in_two_parts":
        halves = (
            RefundPlan(case.anchor, 0, 1, per_mille=500),
            RefundPlan(Instant(case.anchor + 3 * DAY), 0, 1, per_mille=500),
        )
        return OrderRole(1, None, halves)
    if case.trap is None and case.uid % 2:
        return OrderRole(1, None, (RefundPlan(case.anchor, 0, 1, per_mille=1300),))
    return OrderRole(1, None, (once, again))


def overpaid(scene: Scene) -> Script:
    """More refunded than charged: twice, or a third too much. The unit came back once."""
    role = overpaid_role(scene.case)
    charged = scene.line.unit + scene.line.tax
    returned = (scene.returned(8, SELLABLE),) if role.refunds else ()
    paid: tuple[Payment, ...] = ()
    replaced: tuple[Replacement, ...] = ()
    if scene.trap == "made_good_by_amazon":
        paid = (scene.pay(0, scene.at(9), SERVICE_REASON, 1, unit_cents=charged),)
    if scene.trap == "replaced_only":
        assert scene.case.order is not None
        replaced = (
            Replacement(
                scene.at(0), scene.case.order, scene.product_index, 0, 1, "DAMAGED_BY_CARRIER"
            ),
        )
        returned = (scene.returned(11, CUSTOMER_DAMAGED),)
    refunded = sum(charged * plan.per_mille // 1000 for plan in role.refunds)
    going_over = role.refunds[-1].posted if role.refunds else None
    fact = scene.fact(
        scene.order_key(),
        1,
        event=going_over,
        amount_cents=refunded - charged,
        basis="refunded less charged",
    )
    return Script(fact, payments=paid, returned=returned, replacements=replaced)


def kept_fee_role(case: Case) -> OrderRole:
    """Refunded in full, but Amazon keeps its commission, in a real case."""
    share = 400 if case.trap == "partial_refund" else 1000
    refund = RefundPlan(case.anchor, 0, 1, per_mille=share, commission_back=case.trap is not None)
    return OrderRole(1, None, (refund,))


def kept_fee(scene: Scene) -> Script:
    commission = scene.product.commission_cents(scene.line.unit)
    fact = scene.fact(
        scene.order_key(),
        1,
        # Rounded as in the refunds of this world.
        amount_cents=commission - min((commission + 2) // 5, 500),
        basis="commission less the refund administration fee",
    )
    returned = () if scene.trap == "partial_refund" else (scene.returned(7, SELLABLE),)
    return Script(fact, returned=returned)


def _order_fact(scene: Scene) -> Fact:
    return scene.fact(
        scene.order_key(),
        1,
        amount_cents=scene.unit_value(),
        basis="price without tax less Amazon's fees",
    )
