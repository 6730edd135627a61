"""An inbound shipment that is being received has no status, and is returned only by its id.

Source: amzn/selling-partner-api-docs issues 1702 and 3152.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup.sandbox.answers import Json
from recoup.sandbox.oddities._bodies import objects, within
from recoup.sandbox.oddities._oddity import Oddity, Step

if TYPE_CHECKING:
    from recoup.sandbox.gateway import Call

_STATUS = "ShipmentStatus"


def _answer(call: Call, operation: str, body: Json) -> Json:
    if operation != "getShipments":
        return body
    by_id = "ShipmentIdList" in call.query

    def told(found: Json) -> Json:
        shown: list[Json] = []
        for shipment in objects(found):
            if shipment[_STATUS] != "RECEIVING":
                shown.append(shipment)
            elif by_id:
                shown.append({name: one for name, one in shipment.items() if name != _STATUS})
        return shown

    return within(body, ("payload", "ShipmentData"), told)


ODDITY = Oddity(Step.CONTENT, answer=_answer)
