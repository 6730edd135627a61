"""Orders and money. Each list is JSON by page or, for `Accept: text/csv`, one whole CSV."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from recoup.api.data_bodies import (
    FEE,
    MARKETPLACE,
    ORDER,
    TRANSACTION,
    FeePage,
    OrderPage,
    SellerMarketplacePage,
    TransactionPage,
)
from recoup.api.listings import (
    ANSWERS,
    SaleQuery,
    TimeQuery,
    WantsCsv,
    answer,
)
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.streams.listing.listing_queries import FEES, MARKETPLACES, ORDERS, TRANSACTIONS

router = APIRouter(tags=["data"])


@router.get("/api/orders", response_model=OrderPage, responses=ANSWERS, summary="Orders")
async def list_orders(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[SaleQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By time of creation, each with its items; the CSV has one line per order."""
    return await answer(
        services.database, workspace_id, ORDERS, query, as_csv=as_csv, document=ORDER
    )


@router.get(
    "/api/transactions",
    response_model=TransactionPage,
    responses=ANSWERS,
    summary="Money movements",
)
async def list_transactions(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[SaleQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By time of posting; with a SKU those that have a fee of it."""
    return await answer(
        services.database, workspace_id, TRANSACTIONS, query, as_csv=as_csv, document=TRANSACTION
    )


@router.get(
    "/api/fees", response_model=FeePage, responses=ANSWERS, summary="The lines of transactions"
)
async def list_fees(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[SaleQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By time of posting: the leaves of Amazon's breakdown, with its sign."""
    return await answer(services.database, workspace_id, FEES, query, as_csv=as_csv, document=FEE)


@router.get(
    "/api/marketplaces",
    response_model=SellerMarketplacePage,
    responses=ANSWERS,
    summary="Marketplaces of the sellers",
)
async def list_marketplaces(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[TimeQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By the time when they were read."""
    return await answer(
        services.database, workspace_id, MARKETPLACES, query, as_csv=as_csv, document=MARKETPLACE
    )
