"""What Amazon charges and pays out, as JSON. Fields are named as in the tables; money is one object."""

from __future__ import annotations

from datetime import date

from recoup.api.data_bodies import LoadedRow, Page
from recoup.body import Money, Timestamp
from recoup.streams.listing.document_queries import Document


class FeePreview(LoadedRow):
    sku: str
    store: str
    occurrence: int
    fnsku: str | None
    asin: str | None
    product_group: str | None
    price: Money | None
    sales_price: Money | None
    longest_side: float | None
    median_side: float | None
    shortest_side: float | None
    length_and_girth: float | None
    unit_of_dimension: str | None
    item_weight: float | None
    unit_of_weight: str | None
    size_tier: str | None
    fee_total: Money | None
    referral_fee: Money | None
    fulfillment_fee: Money | None


class FeePreviewPage(Page):
    items: list[FeePreview]


class StorageFee(LoadedRow):
    month_on: date
    fnsku: str
    fulfillment_center: str
    country: str
    occurrence: int
    asin: str | None
    product_name: str | None
    longest_side: float | None
    median_side: float | None
    shortest_side: float | None
    measurement_units: str | None
    weight: float | None
    weight_units: str | None
    item_volume: float | None
    volume_units: str | None
    size_tier: str | None
    average_quantity_on_hand: float | None
    average_quantity_pending_removal: float | None
    total_volume: float | None
    storage_rate: Money | None
    monthly_storage_fee: Money | None


class StorageFeePage(Page):
    items: list[StorageFee]


class LongTermStorageFee(LoadedRow):
    snapshot_on: date
    sku: str
    fnsku: str
    country: str
    surcharge_age_tier: str
    occurrence: int
    asin: str | None
    product_name: str | None
    condition: str | None
    per_unit_volume: float | None
    volume_unit: str | None
    quantity_charged: int | None
    amount_charged: Money | None
    surcharge_rate: Money | None


class LongTermStorageFeePage(Page):
    items: list[LongTermStorageFee]


class InboundNoncompliance(LoadedRow):
    shipment_id: str
    sku: str
    fnsku: str
    problem_type: str
    reported_at: Timestamp
    occurrence: int
    carton_id: str | None
    fulfillment_center: str | None
    asin: str | None
    problem_quantity: int | None
    expected_quantity: int | None
    received_quantity: int | None
    fee_type: str | None
    fee_total: Money | None
    problem_level: str | None
    alert_status: str | None
    shipment_created_at: Timestamp | None


class InboundNoncompliancePage(Page):
    items: list[InboundNoncompliance]


class Settlement(LoadedRow):
    settlement_id: str
    started_at: Timestamp | None
    ended_at: Timestamp | None
    deposited_at: Timestamp | None
    total: Money | None
    lines_total: Money | None
    line_count: int
    is_balanced: bool | None


class SettlementPage(Page):
    items: list[Settlement]


FEE_PREVIEW = Document(FeePreview)
STORAGE_FEE = Document(StorageFee)
LONG_TERM_STORAGE_FEE = Document(LongTermStorageFee)
INBOUND_NONCOMPLIANCE = Document(InboundNoncompliance)
SETTLEMENT = Document(Settlement, {"total": "total_amount"})
