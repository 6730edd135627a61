"""What Amazon charges and pays out. Each list is JSON by page or, for `Accept: text/csv`, one CSV."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from recoup.api.charge_bodies import (
    FEE_PREVIEW,
    INBOUND_NONCOMPLIANCE,
    LONG_TERM_STORAGE_FEE,
    SETTLEMENT,
    STORAGE_FEE,
    FeePreviewPage,
    InboundNoncompliancePage,
    LongTermStorageFeePage,
    SettlementPage,
    StorageFeePage,
)
from recoup.api.listings import ANSWERS, LabelQuery, StockQuery, TimeQuery, WantsCsv, answer
from recoup.api.services import CurrentWorkspace, ServicesOfApp
from recoup.streams.listing import listing_queries as lists

router = APIRouter(tags=["data"])


@router.get(
    "/api/fee-preview",
    response_model=FeePreviewPage,
    responses=ANSWERS,
    summary="Fees that Amazon expects per product",
)
async def list_fee_preview(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[StockQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By the time when it was read, the newest first."""
    return await answer(
        services.database,
        workspace_id,
        lists.FEE_PREVIEW,
        query,
        as_csv=as_csv,
        document=FEE_PREVIEW,
    )


@router.get(
    "/api/storage-fees",
    response_model=StorageFeePage,
    responses=ANSWERS,
    summary="Monthly storage fees",
)
async def list_storage_fees(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[LabelQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By month; a month counts as the midnight of its first day in UTC."""
    return await answer(
        services.database,
        workspace_id,
        lists.STORAGE_FEES,
        query,
        as_csv=as_csv,
        document=STORAGE_FEE,
    )


@router.get(
    "/api/long-term-storage-fees",
    response_model=LongTermStorageFeePage,
    responses=ANSWERS,
    summary="Surcharges for aged stock",
)
async def list_long_term_storage_fees(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[StockQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By day of the charge; a day counts as its midnight in UTC."""
    return await answer(
        services.database,
        workspace_id,
        lists.LONG_TERM_STORAGE_FEES,
        query,
        as_csv=as_csv,
        document=LONG_TERM_STORAGE_FEE,
    )


@router.get(
    "/api/inbound-noncompliance",
    response_model=InboundNoncompliancePage,
    responses=ANSWERS,
    summary="Problems of inbound shipments and their fees",
)
async def list_inbound_noncompliance(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[StockQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By time of the report."""
    return await answer(
        services.database,
        workspace_id,
        lists.INBOUND_NONCOMPLIANCE,
        query,
        as_csv=as_csv,
        document=INBOUND_NONCOMPLIANCE,
    )


@router.get(
    "/api/settlements",
    response_model=SettlementPage,
    responses=ANSWERS,
    summary="Settlements",
)
async def list_settlements(
    services: ServicesOfApp,
    workspace_id: CurrentWorkspace,
    query: Annotated[TimeQuery, Query()],
    as_csv: WantsCsv,
) -> Response:
    """By the end of the time that they cover; those without an end come last."""
    return await answer(
        services.database,
        workspace_id,
        lists.SETTLEMENTS,
        query,
        as_csv=as_csv,
        document=SETTLEMENT,
    )
