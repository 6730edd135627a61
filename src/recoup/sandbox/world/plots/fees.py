"""Fees computed from wrong measurements.

Sources: docs/rules.md#fulfillment_fee_overcharge, docs/rules.md#storage_fee_overcharge.
"""

from __future__ import annotations

from recoup.sandbox.world.cases import Case
from recoup.sandbox.world.instants import DAY, Instant, date_to_day
from recoup.sandbox.world.orders import OrderRole
from recoup.sandbox.world.plots.scene import Scene, add_months
from recoup.sandbox.world.records import Script, StorageError

_PUBLISHED_ON = 10
"""The day of the following month on which a month's storage fees are published."""


def heavy_role(case: Case) -> OrderRole:
    """An order with an excessive fulfillment fee."""
    if case.trap == "several_units":
        return OrderRole(3, case.product, ())
    extra = 1 if case.trap == "within_tolerance" else 90 + case.uid % 160
    return OrderRole(1, case.product, (), extra, fee_given_back=case.trap == "given_back")


def heavy(scene: Scene) -> Script:
    role = heavy_role(scene.case)
    charged_at = scene.stage.charge_time(scene.order.number)
    key = {"sku": scene.product.sku, "fnsku": scene.product.fnsku}
    key["orderId"] = scene.stage.orders.order_id(scene.order.number)
    fact = scene.fact(
        key,
        role.quantity,
        event=charged_at,
        amount_cents=role.extra_fee_cents,
        basis="charged less the fee preview",
    )
    if not role.fee_given_back:
        return Script(fact)
    back = scene.pay(
        0, Instant(charged_at + 9 * DAY), "Fee_Correction", 1, unit_cents=role.extra_fee_cents
    )
    return Script(fact, payments=(back,))


def roomy(scene: Scene) -> Script:
    """A month's storage fee from a quantity or a volume that is too large."""
    profile = scene.stage.profile
    # The month whose fees are the last ones published before the anchor.
    day = profile.local_date(scene.case.anchor)
    published = day.replace(day=_PUBLISHED_ON)
    if published > day:
        published = add_months(published, -1)
    # No report shows the day of the charge: the truth takes the first of the month.
    charged = published.replace(day=1)
    month = add_months(charged, -1)
    percents = {
        None: (160, 100) if scene.case.uid % 2 else (100, 135),
        "volume_within_tolerance": (100, 105),
        "quantity_within_tolerance": (108, 100),
    }[scene.trap]
    error = StorageError(scene.case.product, month.year, month.month, *percents)
    key = {"fnsku": scene.product.fnsku, "sku": scene.product.sku, "month": f"{month:%Y-%m}"}
    event = Instant(profile.midnight(date_to_day(charged)) + DAY // 2)
    return Script(
        scene.fact(key, 1, event=event, basis="difference of the storage fee"), storage=(error,)
    )
