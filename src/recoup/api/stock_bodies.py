"""Stock and its movements as JSON. Fields are named as in the tables; money is one object."""

from __future__ import annotations

from datetime import date

from recoup.api.data_bodies import LoadedRow, Page
from recoup.body import CamelModel, Money, Timestamp
from recoup.streams.listing.document_queries import Document, Parts
from recoup.streams.shipment_items import TABLE as SHIPMENT_ITEMS


class Stock(LoadedRow):
    marketplace_id: str
    sku: str
    fnsku: str
    condition: str
    asin: str | None
    product_name: str | None
    total_quantity: int | None
    fulfillable_quantity: int | None
    inbound_working_quantity: int | None
    inbound_shipped_quantity: int | None
    inbound_receiving_quantity: int | None
    reserved_quantity: int | None
    researching_quantity: int | None
    unfulfillable_quantity: int | None
    customer_damaged_quantity: int | None
    warehouse_damaged_quantity: int | None
    distributor_damaged_quantity: int | None
    carrier_damaged_quantity: int | None
    defective_quantity: int | None
    expired_quantity: int | None
    last_updated_at: Timestamp | None


class StockPage(Page):
    items: list[Stock]


class Movement(LoadedRow):
    event_on: date
    fnsku: str | None
    asin: str | None
    msku: str | None
    product_name: str | None
    event_type: str | None
    reference_id: str | None
    quantity: int
    fulfillment_center: str | None
    disposition: str | None
    reason: str | None
    country: str | None
    reconciled_quantity: int | None
    unreconciled_quantity: int | None
    store: str | None


class LedgerPage(Page):
    items: list[Movement]


class Reimbursement(LoadedRow):
    reimbursement_id: str
    fnsku: str
    sku: str
    reason: str
    order_id: str
    case_id: str
    occurrence: int
    approved_at: Timestamp
    asin: str | None
    product_name: str | None
    condition: str | None
    amount_per_unit: Money | None
    amount_total: Money | None
    quantity_cash: int | None
    quantity_inventory: int | None
    quantity_total: int | None
    original_reimbursement_id: str | None
    original_reimbursement_type: str | None


class ReimbursementPage(Page):
    items: list[Reimbursement]


class Return(LoadedRow):
    order_id: str
    sku: str
    fnsku: str
    returned_at: Timestamp
    license_plate_number: str
    occurrence: int
    asin: str | None
    product_name: str | None
    quantity: int | None
    fulfillment_center: str | None
    detailed_disposition: str | None
    reason: str | None
    status: str | None


class ReturnPage(Page):
    items: list[Return]


class Removal(LoadedRow):
    order_id: str
    sku: str
    fnsku: str
    disposition: str
    requested_at: Timestamp
    last_updated_at: Timestamp
    order_source: str | None
    order_type: str | None
    service_speed: str | None
    status: str | None
    requested_quantity: int | None
    cancelled_quantity: int | None
    disposed_quantity: int | None
    shipped_quantity: int | None
    in_process_quantity: int | None
    removal_fee: Money | None


class RemovalPage(Page):
    items: list[Removal]


class ShipmentItem(CamelModel):
    sku: str
    fnsku: str
    quantity_shipped: int
    quantity_received: int | None
    quantity_in_case: int | None


class Shipment(LoadedRow):
    shipment_id: str
    marketplace_id: str
    name: str | None
    destination_fulfillment_center: str | None
    status: str | None
    label_prep_type: str | None
    are_cases_required: bool | None
    created_on: date | None
    box_contents_source: str | None
    items: list[ShipmentItem]


class ShipmentPage(Page):
    items: list[Shipment]


class MonthlyBalance(LoadedRow):
    month_on: date
    fnsku: str
    msku: str
    disposition: str
    location: str
    store: str
    supplier: str
    asin: str | None
    product_name: str | None
    starting_balance: int | None
    in_transit: int | None
    receipts: int | None
    customer_shipments: int | None
    customer_returns: int | None
    vendor_returns: int | None
    warehouse_transfers: int | None
    found: int | None
    lost: int | None
    damaged: int | None
    disposed: int | None
    other_events: int | None
    unknown_events: int | None
    ending_balance: int | None


class MonthlyBalancePage(Page):
    items: list[MonthlyBalance]


class RemovalShipment(LoadedRow):
    order_id: str
    shipped_at: Timestamp
    sku: str
    fnsku: str
    disposition: str
    tracking_number: str
    occurrence: int
    requested_at: Timestamp | None
    shipped_quantity: int | None
    carrier: str | None
    removal_order_type: str | None


class RemovalShipmentPage(Page):
    items: list[RemovalShipment]


class Replacement(LoadedRow):
    replacement_order_id: str
    sku: str
    shipped_at: Timestamp
    occurrence: int
    original_order_id: str | None
    asin: str | None
    fulfillment_center: str | None
    original_fulfillment_center: str | None
    quantity: int | None
    reason_code: str | None


class ReplacementPage(Page):
    items: list[Replacement]


class InboundPlan(LoadedRow):
    inbound_plan_id: str
    name: str | None
    status: str | None
    created_at: Timestamp | None
    last_updated_at: Timestamp
    marketplace_ids: list[str]


class InboundPlanPage(Page):
    items: list[InboundPlan]


STOCK = Document(Stock)
MOVEMENT = Document(Movement)
REIMBURSEMENT = Document(Reimbursement)
RETURN = Document(Return)
REMOVAL = Document(Removal)
SHIPMENT = Document(
    Shipment,
    parts=Parts("items", Document(ShipmentItem), SHIPMENT_ITEMS, ("connection_id", "shipment_id")),
)
MONTHLY_BALANCE = Document(MonthlyBalance)
REMOVAL_SHIPMENT = Document(RemovalShipment)
REPLACEMENT = Document(Replacement)
INBOUND_PLAN = Document(InboundPlan)
