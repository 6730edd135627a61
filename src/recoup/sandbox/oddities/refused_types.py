"""createReport answers 429 QuotaExceeded forever for one type, which the account cannot have.

Which one depends on the seed. Source: amzn/selling-partner-api-docs issues 512 and 1033.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup.sandbox.answers import Json, throttled
from recoup.sandbox.oddities._oddity import Oddity, Step
from recoup.sandbox.reports import all_report_types
from recoup.sandbox.reports.report import Cadence
from recoup.sandbox.world.dice import Dice

if TYPE_CHECKING:
    from recoup.sandbox.gateway import Call


def refused_type(key: bytes) -> str:
    """The type that the seller with this key cannot have."""
    rare = {Cadence.AUTOMATIC, Cadence.ORDERS}
    types = [name for name, kind in all_report_types().items() if kind.cadence not in rare]
    return Dice(key, "refused-type").pick(sorted(types))


def _before(call: Call, operation: str) -> Json:
    if operation == "createReport":
        asked = call.body.members.find_text("reportType")
        if asked == refused_type(call.world.key):
            raise throttled()
    return None


ODDITY = Oddity(Step.CONTENT, before=_before, hides_facts=True)
