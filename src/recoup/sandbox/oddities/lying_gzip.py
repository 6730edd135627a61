"""compressionAlgorithm is wrong or missing, or the file is packed twice.

In turn, by the report's id. Source: amzn/selling-partner-api-docs issues 664 and 3254,
amzn/selling-partner-api-models issues 1280 and 2618.
"""

from __future__ import annotations

from recoup.sandbox.oddities._oddity import Oddity, Packing, Step
from recoup.sandbox.report_jobs.record import ReportRecord

_WAYS = (
    Packing(told=True, layers=0),
    Packing(told=False, layers=1),
    Packing(told=True, layers=2),
    Packing(told=True, layers=1),
)


def _packing(record: ReportRecord, packing: Packing) -> Packing:  # noqa: ARG001 - whatever it was
    return _WAYS[int(record.report_id) % len(_WAYS)]


ODDITY = Oddity(Step.LAYOUT, packing=_packing)
