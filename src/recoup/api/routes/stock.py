"""Stock and what happened to it. Each list is JSON by page or, for `Accept: text/csv`, one CSV."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from recoup.api.listings import (
    ANSWERS,
    StockQuery,
    UnitQuery,
    WantsCsv,
    answer,
)
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.api.stock_bodies import (
    MOVEMENT,
    REIMBURSEMENT,
    REMOVAL,
    RETURN,
    SHIPMENT,
    STOCK,
    LedgerPage,
    ReimbursementPage,
    RemovalPage,
    ReturnPage,
    ShipmentPage,
    StockPage,
)
from recoup.streams.listing.listing_queries import (
    INVENTORY,
    LEDGER,
    REIMBURSEMENTS,
    REMOVALS,
    RETURNS,
    SHIPMENTS,
)

router = APIRouter(tags=["data"])


@router.get("/api/inventory", response_model=StockPage, responses=ANSWERS, summary="FBA stock")
async def list_inventory(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[StockQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By time of the last change; stock without such a time comes last."""
    return await answer(
        services.database, workspace_id, INVENTORY, query, as_csv=as_csv, document=STOCK
    )


@router.get("/api/ledger", response_model=LedgerPage, responses=ANSWERS, summary="Stock movements")
async def list_ledger(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[StockQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By day of the movement; a day counts as its midnight in UTC. `sku` is the MSKU."""
    return await answer(
        services.database, workspace_id, LEDGER, query, as_csv=as_csv, document=MOVEMENT
    )


@router.get(
    "/api/reimbursements",
    response_model=ReimbursementPage,
    responses=ANSWERS,
    summary="Reimbursements",
)
async def list_reimbursements(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[UnitQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By time of approval; what Amazon took back is negative."""
    return await answer(
        services.database,
        workspace_id,
        REIMBURSEMENTS,
        query,
        as_csv=as_csv,
        document=REIMBURSEMENT,
    )


@router.get(
    "/api/returns", response_model=ReturnPage, responses=ANSWERS, summary="Customer returns"
)
async def list_returns(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[UnitQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By time of arrival in the fulfillment center."""
    return await answer(
        services.database, workspace_id, RETURNS, query, as_csv=as_csv, document=RETURN
    )


@router.get(
    "/api/removals", response_model=RemovalPage, responses=ANSWERS, summary="Removal orders"
)
async def list_removals(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[UnitQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By time of request, one row per SKU and disposition; `orderId` is that of the removal."""
    return await answer(
        services.database, workspace_id, REMOVALS, query, as_csv=as_csv, document=REMOVAL
    )


@router.get(
    "/api/shipments", response_model=ShipmentPage, responses=ANSWERS, summary="Inbound shipments"
)
async def list_shipments(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[StockQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By day of creation if the name contains it, each with its items; the CSV is without them."""
    return await answer(
        services.database, workspace_id, SHIPMENTS, query, as_csv=as_csv, document=SHIPMENT
    )
