"""Reimbursements are transactions of type Adjustment, their items without breakdowns.

The description is FBAInventoryReimbursement. Source: amzn/selling-partner-api-models issue 4993.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup.sandbox.answers import Json
from recoup.sandbox.oddities._bodies import each, within
from recoup.sandbox.oddities._oddity import Oddity, Step

if TYPE_CHECKING:
    from recoup.sandbox.gateway import Call

_TYPE = "FBAInventoryReimbursement"


def _answer(call: Call, operation: str, body: Json) -> Json:  # noqa: ARG001 - the same for all
    if operation != "listTransactions":
        return body
    path = ("payload", "transactions")
    return within(body, path, lambda found: each(found, _told))


def _told(transaction: dict[str, Json]) -> Json:
    if transaction["transactionType"] != _TYPE:
        return transaction

    def bare(item: dict[str, Json]) -> Json:
        return {**item, "breakdowns": None, "relatedIdentifiers": None}

    told = {**transaction, "transactionType": "Adjustment", "description": _TYPE}
    return within(told, ("items",), lambda items: each(items, bare))


ODDITY = Oddity(Step.CONTENT, answer=_answer)
