"""Stock and what happened to it. Each list is JSON by page or, for `Accept: text/csv`, one CSV."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from recoup.api.listings import (
    ANSWERS,
    StockQuery,
    UnitQuery,
    WantsCsv,
    answer,
    read_page,
    select_rows,
    stream_csv,
)
from recoup.api.services import CurrentUser, ServicesOfApp
from recoup.api.stock_bodies import (
    LedgerPage,
    ReimbursementPage,
    RemovalPage,
    ReturnPage,
    ShipmentPage,
    StockPage,
    reimbursement_body,
    removal_body,
    shipment_body,
)
from recoup.streams.listing_queries import (
    INVENTORY,
    LEDGER,
    REIMBURSEMENTS,
    REMOVALS,
    RETURNS,
    SHIPMENTS,
    list_shipment_items,
)

router = APIRouter(tags=["data"])


@router.get("/api/inventory", response_model=StockPage, responses=ANSWERS, summary="FBA stock")
async def list_inventory(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[StockQuery, Query()],
    as_csv: WantsCsv,
) -> dict[str, Any] | Response:
    """By time of the last change; stock without such a time comes last."""
    return await answer(services.database, user_id, INVENTORY, query, as_csv=as_csv)


@router.get("/api/ledger", response_model=LedgerPage, responses=ANSWERS, summary="Stock movements")
async def list_ledger(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[StockQuery, Query()],
    as_csv: WantsCsv,
) -> dict[str, Any] | Response:
    """By day of the movement; a day counts as its midnight in UTC. `sku` is the MSKU."""
    return await answer(services.database, user_id, LEDGER, query, as_csv=as_csv)


@router.get(
    "/api/reimbursements",
    response_model=ReimbursementPage,
    responses=ANSWERS,
    summary="What Amazon paid back",
)
async def list_reimbursements(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[UnitQuery, Query()],
    as_csv: WantsCsv,
) -> dict[str, Any] | Response:
    """By time of approval; what Amazon took back is negative."""
    return await answer(
        services.database, user_id, REIMBURSEMENTS, query, as_csv=as_csv, body=reimbursement_body
    )


@router.get(
    "/api/returns", response_model=ReturnPage, responses=ANSWERS, summary="Customer returns"
)
async def list_returns(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[UnitQuery, Query()],
    as_csv: WantsCsv,
) -> dict[str, Any] | Response:
    """By time of arrival in the fulfillment center."""
    return await answer(services.database, user_id, RETURNS, query, as_csv=as_csv)


@router.get(
    "/api/removals", response_model=RemovalPage, responses=ANSWERS, summary="Removal orders"
)
async def list_removals(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[UnitQuery, Query()],
    as_csv: WantsCsv,
) -> dict[str, Any] | Response:
    """By time of request, one row per SKU and disposition; `orderId` is that of the removal."""
    return await answer(
        services.database, user_id, REMOVALS, query, as_csv=as_csv, body=removal_body
    )


@router.get(
    "/api/shipments", response_model=ShipmentPage, responses=ANSWERS, summary="Inbound shipments"
)
async def list_shipments(
    services: ServicesOfApp,
    user_id: CurrentUser,
    query: Annotated[StockQuery, Query()],
    as_csv: WantsCsv,
) -> dict[str, Any] | Response:
    """By day of creation where the name tells it, each with its items; the CSV is without them."""
    selection = await select_rows(services.database, user_id, query)
    if as_csv:
        return await stream_csv(services.database, SHIPMENTS, selection)
    rows, cursor = await read_page(services.database, SHIPMENTS, selection, query)
    async with services.database.reading() as conn:
        items = await list_shipment_items(conn, rows)
    shipments = [
        shipment_body(row, items[row["connection_id"], row["shipment_id"]]) for row in rows
    ]
    return {"items": shipments, "nextCursor": cursor}
