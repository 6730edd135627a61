"""Breakdowns stop at the names of groups: ProductCharges, AmazonFees, FBAFees.

Source: amzn/selling-partner-api-models issue 4244 (2024).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from recoup.sandbox.answers import Json
from recoup.sandbox.oddities._bodies import each, members, objects, text, within
from recoup.sandbox.oddities._oddity import Oddity, Step

if TYPE_CHECKING:
    from recoup.sandbox.gateway import Call

_OWN = frozenset({"FBAFees"})
"""Groups inside a group that are shown next to it."""


def _answer(call: Call, operation: str, body: Json) -> Json:  # noqa: ARG001 - the same for all
    if operation != "listTransactions":
        return body
    path = ("payload", "transactions")
    return within(body, path, lambda found: each(found, _transaction))


def _transaction(transaction: dict[str, Json]) -> Json:
    if transaction["transactionType"] not in {"Shipment", "Refund"}:
        return transaction

    def item(one: dict[str, Json]) -> Json:
        return within(one, ("breakdowns",), lambda trees: each(trees, _tree))

    changed = within(transaction, ("items",), lambda items: each(items, item))
    return within(changed, ("breakdowns",), lambda trees: each(trees, _tree))


def _tree(tree: dict[str, Json]) -> Json:
    groups = [group for one in objects(tree.get("breakdowns")) for group in _groups(one)]
    return {**tree, "breakdowns": groups} if groups else tree


def _groups(group: dict[str, Json]) -> Iterator[Json]:
    """The group without its parts, and the groups in it that are shown next to it."""
    beside = [one for one in objects(group.get("breakdowns")) if text(one["breakdownType"]) in _OWN]
    money = members(group["breakdownAmount"])
    amount = money["currencyAmount"]
    assert isinstance(amount, Decimal)
    for one in beside:
        part = members(one["breakdownAmount"])["currencyAmount"]
        assert isinstance(part, Decimal)
        amount -= part
        yield {name: value for name, value in one.items() if name != "breakdowns"}
    if amount or not beside:
        told: Json = {**money, "currencyAmount": amount}
        yield {"breakdownType": group["breakdownType"], "breakdownAmount": told}


ODDITY = Oddity(Step.CONTENT, answer=_answer, hides_facts=True)
