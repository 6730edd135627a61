"""Items of transactions have no breakdowns: only the whole transaction has them.

Source: amzn/selling-partner-api-models issue 4993 (2025-10).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup.sandbox.answers import Json
from recoup.sandbox.oddities._bodies import each, within
from recoup.sandbox.oddities._oddity import Oddity, Step

if TYPE_CHECKING:
    from recoup.sandbox.gateway import Call


def _answer(call: Call, operation: str, body: Json) -> Json:  # noqa: ARG001 - the same for all
    if operation != "listTransactions":
        return body
    path = ("payload", "transactions")
    return within(body, path, lambda found: each(found, _without))


def _without(transaction: dict[str, Json]) -> Json:
    def bare(item: dict[str, Json]) -> Json:
        return {**item, "breakdowns": None}

    return within(transaction, ("items",), lambda items: each(items, bare))


ODDITY = Oddity(Step.CONTENT, answer=_answer)
