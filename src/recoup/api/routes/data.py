"""Orders and money. Each list is JSON by page or, for `Accept: text/csv`, one whole CSV."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from recoup.api.data_bodies import (
    FeePage,
    OrderPage,
    TransactionPage,
    fee_body,
    order_body,
    transaction_body,
)
from recoup.api.listings import (
    ANSWERS,
    SaleQuery,
    WantsCsv,
    answer,
    read_page,
    select_rows,
    stream_csv,
)
from recoup.api.services import CurrentUser, ServicesOfApp
from recoup.streams.listing_queries import FEES, ORDERS, TRANSACTIONS, list_order_items

router = APIRouter(tags=["data"])


@router.get("/api/orders", response_model=OrderPage, responses=ANSWERS, summary="Orders")
async def list_orders(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[SaleQuery, Query()],
    as_csv: WantsCsv,
) -> dict[str, Any] | Response:
    """By time of creation, each with its items; the CSV has one line per order."""
    selection = await select_rows(services.database, user_id, query)
    if as_csv:
        return await stream_csv(services.database, ORDERS, selection)
    rows, cursor = await read_page(services.database, ORDERS, selection, query)
    async with services.database.reading() as conn:
        items = await list_order_items(conn, rows)
    orders = [order_body(row, items[row["connection_id"], row["order_id"]]) for row in rows]
    return {"items": orders, "nextCursor": cursor}


@router.get(
    "/api/transactions",
    response_model=TransactionPage,
    responses=ANSWERS,
    summary="Money movements",
)
async def list_transactions(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[SaleQuery, Query()],
    as_csv: WantsCsv,
) -> dict[str, Any] | Response:
    """By time of posting; with a SKU those that have a fee of it."""
    return await answer(
        services.database, user_id, TRANSACTIONS, query, as_csv=as_csv, body=transaction_body
    )


@router.get(
    "/api/fees", response_model=FeePage, responses=ANSWERS, summary="The lines of transactions"
)
async def list_fees(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[SaleQuery, Query()],
    as_csv: WantsCsv,
) -> dict[str, Any] | Response:
    """By time of posting: the leaves of Amazon's breakdown, with its sign."""
    return await answer(services.database, user_id, FEES, query, as_csv=as_csv, body=fee_body)
