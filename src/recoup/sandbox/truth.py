"""The planted cases: every claim and every innocent look-alike, for tests of a detector.

Nothing outside the sandbox may look here: a detector that knows the truth proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from recoup.sandbox.answers import Json
from recoup.sandbox.world.cases import KINDS, Case
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.profile import decimal_text
from recoup.sandbox.world.records import Fact
from recoup.sandbox.world.seller import SPAN_DAYS, SellerWorld

_NOT_SEEN = {"removal_lost": "whether the parcel arrived is told by no API: a person must say so"}


def truth(world: SellerWorld, edge: Instant | None = None) -> dict[str, Json]:
    """The planted cases that happened before the edge (None: that of the world's first day).

    `claims` and `innocents` by type; `sourcingCosts` is what a unit of each product costs the
    seller, which no API contains and `reimbursement_underpaid` needs.
    """
    edge = world.first_edge if edge is None else edge
    today = world.profile.local_date(edge)
    claims: list[Json] = []
    innocents: list[Json] = []
    periods = max(0, (edge - world.start) // (SPAN_DAYS * DAY)) + 1
    for period in range(periods):
        for case in world.cast.cases(period):
            fact = world.scripts.of(case).fact
            if case.anchor >= edge or fact.event_date > today:
                continue
            found = claims if case.trap is None else innocents
            found.append(_entry(world, case, fact, today))
    costs: list[Json] = [
        {
            "sku": product.sku,
            "fnsku": product.fnsku,
            "cost": decimal_text(product.cost_cents),
            "currency": world.home.currency,
        }
        for product in world.products
    ]
    return {
        "asOf": today.isoformat(),
        "profile": world.profile.name,
        "claims": claims,
        "innocents": innocents,
        "sourcingCosts": costs,
    }


def _entry(world: SellerWorld, case: Case, fact: Fact, today: date) -> Json:
    name = case.claim_type.value
    amount = fact.amount_cents
    answer: dict[str, Json] = {
        "type": name,
        "key": dict(fact.key),
        "quantity": fact.quantity,
        "eventDate": fact.event_date.isoformat(),
    }
    if case.trap is not None:
        return answer | {"trap": case.trap}
    if fact.basis == "sourcing cost":
        amount = world.products[case.product].cost_cents * fact.quantity
    assert fact.fileable_from is not None
    assert fact.deadline is not None
    return answer | {
        "fileableFrom": fact.fileable_from.isoformat(),
        "deadline": fact.deadline.isoformat(),
        "windowState": _state(fact.fileable_from, fact.deadline, today),
        "amount": None if amount is None else decimal_text(amount),
        "currency": world.home.currency,
        "amountBasis": fact.basis,
        "note": _NOT_SEEN.get(name, ""),
    }


def _state(opens: date, deadline: date, today: date) -> str:
    if today < opens:
        return "wait"
    return "open" if today <= deadline else "expired"


def traps() -> Mapping[str, tuple[str, ...]]:
    """The look-alikes of each type."""
    return {kind.value: KINDS[kind].traps for kind in KINDS}
