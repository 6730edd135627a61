"""getInventorySummaries answers each time with the same token, forever.

The token is an error text in base64, and what it leads to is empty. Source:
amzn/selling-partner-api-models issue 2947, amzn/selling-partner-api-docs issue 2449.
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from recoup.sandbox.answers import Json
from recoup.sandbox.oddities._bodies import members
from recoup.sandbox.oddities._oddity import Oddity, Step

if TYPE_CHECKING:
    from recoup.sandbox.gateway import Call

TOKEN = b64encode(b"Got get active fnSku map InvalidInputException").decode()


def _before(call: Call, operation: str) -> Json:
    if operation != "getInventorySummaries" or call.query.text("nextToken") != TOKEN:
        return None
    granularity: Json = {
        "granularityType": "Marketplace",
        "granularityId": call.query.text("granularityId"),
    }
    return {"payload": {"granularity": granularity, "inventorySummaries": []}}


def _answer(call: Call, operation: str, body: Json) -> Json:  # noqa: ARG001 - the same for all
    if operation != "getInventorySummaries":
        return body
    return {**members(body), "pagination": {"nextToken": TOKEN}}


ODDITY = Oddity(Step.CONTENT, before=_before, answer=_answer)
