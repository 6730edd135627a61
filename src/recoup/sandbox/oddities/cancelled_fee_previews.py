"""The fee preview always ends CANCELLED, although there is data.

In Europe since October 2025. Source: amzn/selling-partner-api-models issue 5031.
"""

from __future__ import annotations

from dataclasses import replace

from recoup.sandbox.oddities._oddity import Oddity, Step
from recoup.sandbox.report_jobs.record import Outcome, ReportRecord

_TYPE = "GET_FBA_ESTIMATED_FBA_FEES_TXT_DATA"


def _verdict(record: ReportRecord) -> ReportRecord:
    if record.report_type != _TYPE or record.outcome is not Outcome.DONE:
        return record
    return replace(record, outcome=Outcome.CANCELLED)


ODDITY = Oddity(Step.CONTENT, verdict=_verdict, hides_facts=True)
