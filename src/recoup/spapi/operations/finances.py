"""Finances API 2024-06-19.

Source: model finances_2024-06-19.json. A window of more than 180 days is answered as empty without
an error; empty pages with a token occur; amounts are JSON numbers.
"""

from __future__ import annotations

from datetime import datetime

from recoup.clock import to_rfc3339
from recoup.spapi.client import Answer, SpApi
from recoup.spapi.operation import Operation, UsagePlan
from recoup.spapi.paging import OperationPage, PageReader

LIST_TRANSACTIONS = Operation(
    name="listTransactions",
    method="GET",
    path="/finances/2024-06-19/transactions",
    plan=UsagePlan(rate=0.5, burst=10),
    role="Finance and Accounting",
    items=("payload", "transactions"),
)


async def list_transactions(
    api: SpApi,
    *,
    posted_after: datetime,
    posted_before: datetime | None = None,
    page_token: str | None = None,
) -> OperationPage:
    """Transactions posted in a window, of all marketplaces, about 500 per page.

    No marketplaceId is sent: with one, merchant-fulfilled orders of the US store are left out.
    Raises what SpApi.call raises, MalformedAnswerError when the page lacks its transactions.
    """
    answer = await api.call(
        LIST_TRANSACTIONS,
        query={
            "postedAfter": to_rfc3339(posted_after),
            "postedBefore": to_rfc3339(posted_before) if posted_before else None,
            "nextToken": page_token,
        },
    )
    return read_transactions_page(answer)


def read_transactions_page(answer: Answer) -> OperationPage:
    """The answer of listTransactions. Raises MalformedAnswerError."""
    page = PageReader(LIST_TRANSACTIONS, answer)
    payload = page.section(page.body.get("payload"), "payload")
    return OperationPage(
        items=page.items(payload, "transactions"),
        next_token=page.next_token(payload.get("nextToken")),
        until=None,
        answered_at=answer.answered_at,
        request_id=answer.request_id,
    )
