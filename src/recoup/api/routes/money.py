"""What Amazon posted, by month."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from recoup.api.openapi import may_fail
from recoup.api.parameters import Blank, OptionalIdentifier
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.body import CamelModel, Money
from recoup.connections.queries import get_connection
from recoup.errors import NotFoundError
from recoup.ids import ConnectionId
from recoup.streams.listing.money_queries import list_money_by_month

router = APIRouter(tags=["data"])
OptionalDay = Annotated[date | None, Blank]


class MoneyQuery(CamelModel):
    connection_id: OptionalIdentifier = None
    since: OptionalDay = Field(default=None, alias="from", description="A day of the first month.")
    until: OptionalDay = Field(
        default=None, alias="to", description="Only months that begin before this day."
    )


class MonthMoneyBody(CamelModel):
    connection_id: str
    month_on: date = Field(description="First day of the month, UTC.")
    marketplace_id: str | None
    type: str = Field(description="Amazon's kind of transaction, such as Shipment or Refund.")
    status: str | None = Field(
        description="Amazon's state; a DEFERRED transaction is not paid out yet."
    )
    transaction_count: int = Field(description="Number of transactions.")
    amount: Money = Field(description="Their sum; negative is taken from the seller.")


class MoneyBody(CamelModel):
    months: list[MonthMoneyBody] = Field(description="Newest first; currencies are never added.")


@router.get(
    "/api/metrics/money",
    responses=may_fail(NotFoundError),
    summary="What Amazon posted, by month",
)
async def get_money(
    services: ServicesOfApp, workspace_id: CurrentWorkspace, query: Annotated[MoneyQuery, Query()]
) -> MoneyBody:
    """Sums of transactions by month in UTC, currency, kind and state, without any estimate."""
    named = ConnectionId(query.connection_id) if query.connection_id else None
    async with services.database.reading() as conn:
        if named is not None:
            await get_connection(conn, workspace_id, named)
        found = await list_money_by_month(
            conn, workspace_id, named, since=query.since, until=query.until
        )
    return MoneyBody(
        months=[
            MonthMoneyBody(
                connection_id=one.connection_id,
                month_on=one.month_on,
                marketplace_id=one.marketplace_id,
                type=one.type,
                status=one.status,
                transaction_count=one.transaction_count,
                amount=Money(amount=one.amount, currency=one.currency),
            )
            for one in found
        ]
    )
