"""What the streams brought. Each list is JSON by page or, for `Accept: text/csv`, one whole CSV."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from recoup.api.csv_text import MEDIA_TYPE
from recoup.api.data_bodies import (
    FeePage,
    OrderPage,
    StockPage,
    TransactionPage,
    fee_body,
    order_body,
    transaction_body,
)
from recoup.api.listings import (
    MovementQuery,
    StockQuery,
    WantsCsv,
    read_page,
    select_rows,
    stream_csv,
)
from recoup.api.openapi import Responses, may_fail
from recoup.api.services import CurrentUser, ServicesOfApp
from recoup.errors import InvalidRequestError, NotFoundError
from recoup.streams.queries import FEES, INVENTORY, ORDERS, TRANSACTIONS, list_order_items

router = APIRouter(tags=["data"])

_ANSWERS: Responses = {
    200: {"description": "A page of rows, newest first", "content": {MEDIA_TYPE: {}}},
    **may_fail(InvalidRequestError, NotFoundError),
}


@router.get("/api/orders", response_model=OrderPage, responses=_ANSWERS, summary="Orders")
async def list_orders(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[MovementQuery, Query()],
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


@router.get("/api/inventory", response_model=StockPage, responses=_ANSWERS, summary="FBA stock")
async def list_inventory(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[StockQuery, Query()],
    as_csv: WantsCsv,
) -> dict[str, Any] | Response:
    """By time of the last change; stock that never changed comes last."""
    selection = await select_rows(services.database, user_id, query)
    if as_csv:
        return await stream_csv(services.database, INVENTORY, selection)
    rows, cursor = await read_page(services.database, INVENTORY, selection, query)
    return {"items": rows, "nextCursor": cursor}


@router.get(
    "/api/transactions",
    response_model=TransactionPage,
    responses=_ANSWERS,
    summary="Money movements",
)
async def list_transactions(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[MovementQuery, Query()],
    as_csv: WantsCsv,
) -> dict[str, Any] | Response:
    """By time of posting; with a SKU those that have a fee of it."""
    selection = await select_rows(services.database, user_id, query)
    if as_csv:
        return await stream_csv(services.database, TRANSACTIONS, selection)
    rows, cursor = await read_page(services.database, TRANSACTIONS, selection, query)
    return {"items": [transaction_body(row) for row in rows], "nextCursor": cursor}


@router.get(
    "/api/fees", response_model=FeePage, responses=_ANSWERS, summary="The lines of transactions"
)
async def list_fees(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[MovementQuery, Query()],
    as_csv: WantsCsv,
) -> dict[str, Any] | Response:
    """By time of posting: the leaves of Amazon's breakdown, with its sign."""
    selection = await select_rows(services.database, user_id, query)
    if as_csv:
        return await stream_csv(services.database, FEES, selection)
    rows, cursor = await read_page(services.database, FEES, selection, query)
    return {"items": [fee_body(row) for row in rows], "nextCursor": cursor}
