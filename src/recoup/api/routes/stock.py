"""Stock and what happened to it. Each list is JSON by page or, for `Accept: text/csv`, one CSV."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from recoup.api.listings import (
    ANSWERS,
    SaleQuery,
    StockQuery,
    TimeQuery,
    UnitQuery,
    WantsCsv,
    answer,
)
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.api.stock_bodies import (
    INBOUND_PLAN,
    MONTHLY_BALANCE,
    MOVEMENT,
    REIMBURSEMENT,
    REMOVAL,
    REMOVAL_SHIPMENT,
    REPLACEMENT,
    RETURN,
    SHIPMENT,
    STOCK,
    InboundPlanPage,
    LedgerPage,
    MonthlyBalancePage,
    ReimbursementPage,
    RemovalPage,
    RemovalShipmentPage,
    ReplacementPage,
    ReturnPage,
    ShipmentPage,
    StockPage,
)
from recoup.streams.listing.listing_queries import (
    INBOUND_PLANS,
    INVENTORY,
    LEDGER,
    LEDGER_SUMMARY,
    REIMBURSEMENTS,
    REMOVAL_SHIPMENTS,
    REMOVALS,
    REPLACEMENTS,
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


@router.get(
    "/api/ledger-summary",
    response_model=MonthlyBalancePage,
    responses=ANSWERS,
    summary="Monthly balances of the stock",
)
async def list_ledger_summary(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[StockQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By month; a month counts as the midnight of its first day in UTC. `sku` is the MSKU."""
    return await answer(
        services.database,
        workspace_id,
        LEDGER_SUMMARY,
        query,
        as_csv=as_csv,
        document=MONTHLY_BALANCE,
    )


@router.get(
    "/api/removal-shipments",
    response_model=RemovalShipmentPage,
    responses=ANSWERS,
    summary="Parcels of removal orders",
)
async def list_removal_shipments(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[UnitQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By time of shipping; `orderId` is that of the removal."""
    return await answer(
        services.database,
        workspace_id,
        REMOVAL_SHIPMENTS,
        query,
        as_csv=as_csv,
        document=REMOVAL_SHIPMENT,
    )


@router.get(
    "/api/replacements",
    response_model=ReplacementPage,
    responses=ANSWERS,
    summary="Replacements for customers",
)
async def list_replacements(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[SaleQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By time of shipping; `orderId` is that of the replacement or of the order before."""
    return await answer(
        services.database, workspace_id, REPLACEMENTS, query, as_csv=as_csv, document=REPLACEMENT
    )


@router.get(
    "/api/inbound-plans",
    response_model=InboundPlanPage,
    responses=ANSWERS,
    summary="Inbound plans",
)
async def list_inbound_plans(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[TimeQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By time of the last change; the CSV is without the marketplaces."""
    return await answer(
        services.database, workspace_id, INBOUND_PLANS, query, as_csv=as_csv, document=INBOUND_PLAN
    )
