"""The tables that can be listed, and the child rows of their rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Date,
    func,
    literal_column,
    or_,
    select,
)

from recoup.streams._table import TIME
from recoup.streams.fee_preview import TABLE as _FEE_PREVIEW
from recoup.streams.inbound_noncompliance import TABLE as _NONCOMPLIANCE
from recoup.streams.inbound_plans import TABLE as _PLANS
from recoup.streams.inventory import TABLE as _INVENTORY
from recoup.streams.ledger import TABLE as _LEDGER
from recoup.streams.ledger_summary import TABLE as _LEDGER_SUMMARY
from recoup.streams.listing.queries import Condition, Listing
from recoup.streams.long_term_storage_fees import TABLE as _LONG_TERM
from recoup.streams.marketplaces import TABLE as _MARKETPLACES
from recoup.streams.orders import ITEMS as _ITEMS, TABLE as _ORDERS
from recoup.streams.reimbursements import TABLE as _REIMBURSEMENTS
from recoup.streams.removal_shipments import TABLE as _REMOVAL_SHIPMENTS
from recoup.streams.removals import TABLE as _REMOVALS
from recoup.streams.replacements import TABLE as _REPLACEMENTS
from recoup.streams.returns import TABLE as _RETURNS
from recoup.streams.settlements import TABLE as _SETTLEMENTS
from recoup.streams.shipment_items import TABLE as _SHIPMENT_ITEMS
from recoup.streams.shipments import TABLE as _SHIPMENTS
from recoup.streams.storage_fees import TABLE as _STORAGE_FEES
from recoup.streams.transactions import FEES as _FEES, TABLE as _TRANSACTIONS


def _is(column: Column[Any]) -> Condition:
    return lambda value: column == value


def _order_has_sku(sku: BindParameter[str]) -> ColumnElement[bool]:
    i = _ITEMS.c
    return (
        select(i.order_id)
        .where(
            i.connection_id == _ORDERS.c.connection_id,
            i.order_id == _ORDERS.c.order_id,
            i.sku == sku,
        )
        .exists()
    )


def _transaction_has_sku(sku: BindParameter[str]) -> ColumnElement[bool]:
    f, t = _FEES.c, _TRANSACTIONS.c
    return (
        select(f.line)
        .where(
            f.connection_id == t.connection_id,
            f.transaction_id == t.transaction_id,
            f.sku == sku,
        )
        .exists()
    )


def _shipment_has(column: Column[Any]) -> Condition:
    i = _SHIPMENT_ITEMS.c
    return lambda value: (
        select(i.shipment_id)
        .where(
            i.connection_id == _SHIPMENTS.c.connection_id,
            i.shipment_id == _SHIPMENTS.c.shipment_id,
            column == value,
        )
        .exists()
    )


ORDERS = Listing(
    table=_ORDERS,
    at=_ORDERS.c.created_at,
    key=(_ORDERS.c.order_id,),
    sku=_order_has_sku,
    order_id=_is(_ORDERS.c.order_id),
)
INVENTORY = Listing(
    table=_INVENTORY,
    # Stock without a time comes last. Spelt as in the index inventory_changed_at_idx.
    at=func.coalesce(
        _INVENTORY.c.last_updated_at,
        literal_column("'1970-01-01 00:00:00+00'::timestamptz", TIME),
        type_=TIME,
    ),
    key=(_INVENTORY.c.marketplace_id, _INVENTORY.c.sku, _INVENTORY.c.fnsku, _INVENTORY.c.condition),
    sku=_is(_INVENTORY.c.sku),
    fnsku=_is(_INVENTORY.c.fnsku),
)
TRANSACTIONS = Listing(
    table=_TRANSACTIONS,
    at=_TRANSACTIONS.c.posted_at,
    key=(_TRANSACTIONS.c.transaction_id,),
    sku=_transaction_has_sku,
    order_id=_is(_TRANSACTIONS.c.order_id),
)
FEES = Listing(
    table=_FEES,
    at=_FEES.c.posted_at,
    key=(_FEES.c.transaction_id, _FEES.c.line),
    sku=_is(_FEES.c.sku),
    order_id=_is(_FEES.c.order_id),
)
REIMBURSEMENTS = Listing(
    table=_REIMBURSEMENTS,
    at=_REIMBURSEMENTS.c.approved_at,
    key=(
        _REIMBURSEMENTS.c.reimbursement_id,
        _REIMBURSEMENTS.c.fnsku,
        _REIMBURSEMENTS.c.sku,
        _REIMBURSEMENTS.c.reason,
        _REIMBURSEMENTS.c.order_id,
        _REIMBURSEMENTS.c.case_id,
        _REIMBURSEMENTS.c.occurrence,
    ),
    sku=_is(_REIMBURSEMENTS.c.sku),
    order_id=_is(_REIMBURSEMENTS.c.order_id),
    fnsku=_is(_REIMBURSEMENTS.c.fnsku),
)
RETURNS = Listing(
    table=_RETURNS,
    at=_RETURNS.c.returned_at,
    key=(
        _RETURNS.c.order_id,
        _RETURNS.c.sku,
        _RETURNS.c.fnsku,
        _RETURNS.c.license_plate_number,
        _RETURNS.c.occurrence,
    ),
    sku=_is(_RETURNS.c.sku),
    order_id=_is(_RETURNS.c.order_id),
    fnsku=_is(_RETURNS.c.fnsku),
)
LEDGER = Listing(
    table=_LEDGER,
    at=_LEDGER.c.event_on,
    key=(_LEDGER.c.source_line,),
    sku=_is(_LEDGER.c.msku),
    fnsku=_is(_LEDGER.c.fnsku),
)
REMOVALS = Listing(
    table=_REMOVALS,
    at=_REMOVALS.c.requested_at,
    key=(_REMOVALS.c.order_id, _REMOVALS.c.sku, _REMOVALS.c.fnsku, _REMOVALS.c.disposition),
    sku=_is(_REMOVALS.c.sku),
    order_id=_is(_REMOVALS.c.order_id),
    fnsku=_is(_REMOVALS.c.fnsku),
)
SHIPMENTS = Listing(
    table=_SHIPMENTS,
    # Amazon reports no date; those without one in their name come last. As in the index
    # shipments_created_on_idx.
    at=func.coalesce(
        _SHIPMENTS.c.created_on, literal_column("'1970-01-01'::date", Date()), type_=Date()
    ),
    key=(_SHIPMENTS.c.shipment_id,),
    sku=_shipment_has(_SHIPMENT_ITEMS.c.sku),
    fnsku=_shipment_has(_SHIPMENT_ITEMS.c.fnsku),
)
LEDGER_SUMMARY = Listing(
    table=_LEDGER_SUMMARY,
    at=_LEDGER_SUMMARY.c.month_on,
    key=(
        _LEDGER_SUMMARY.c.fnsku,
        _LEDGER_SUMMARY.c.msku,
        _LEDGER_SUMMARY.c.disposition,
        _LEDGER_SUMMARY.c.location,
        _LEDGER_SUMMARY.c.store,
        _LEDGER_SUMMARY.c.supplier,
    ),
    sku=_is(_LEDGER_SUMMARY.c.msku),
    fnsku=_is(_LEDGER_SUMMARY.c.fnsku),
)
REMOVAL_SHIPMENTS = Listing(
    table=_REMOVAL_SHIPMENTS,
    at=_REMOVAL_SHIPMENTS.c.shipped_at,
    key=(
        _REMOVAL_SHIPMENTS.c.order_id,
        _REMOVAL_SHIPMENTS.c.sku,
        _REMOVAL_SHIPMENTS.c.fnsku,
        _REMOVAL_SHIPMENTS.c.disposition,
        _REMOVAL_SHIPMENTS.c.tracking_number,
        _REMOVAL_SHIPMENTS.c.occurrence,
    ),
    sku=_is(_REMOVAL_SHIPMENTS.c.sku),
    order_id=_is(_REMOVAL_SHIPMENTS.c.order_id),
    fnsku=_is(_REMOVAL_SHIPMENTS.c.fnsku),
)
REPLACEMENTS = Listing(
    table=_REPLACEMENTS,
    at=_REPLACEMENTS.c.shipped_at,
    key=(
        _REPLACEMENTS.c.replacement_order_id,
        _REPLACEMENTS.c.sku,
        _REPLACEMENTS.c.occurrence,
    ),
    sku=_is(_REPLACEMENTS.c.sku),
    order_id=lambda value: or_(
        _REPLACEMENTS.c.replacement_order_id == value, _REPLACEMENTS.c.original_order_id == value
    ),
)
INBOUND_PLANS = Listing(table=_PLANS, at=_PLANS.c.last_updated_at, key=(_PLANS.c.inbound_plan_id,))
INBOUND_NONCOMPLIANCE = Listing(
    table=_NONCOMPLIANCE,
    at=_NONCOMPLIANCE.c.reported_at,
    key=(
        _NONCOMPLIANCE.c.shipment_id,
        _NONCOMPLIANCE.c.sku,
        _NONCOMPLIANCE.c.fnsku,
        _NONCOMPLIANCE.c.problem_type,
        _NONCOMPLIANCE.c.occurrence,
    ),
    sku=_is(_NONCOMPLIANCE.c.sku),
    fnsku=_is(_NONCOMPLIANCE.c.fnsku),
)
FEE_PREVIEW = Listing(
    table=_FEE_PREVIEW,
    # A preview is of the moment in which it was read.
    at=_FEE_PREVIEW.c.loaded_at,
    key=(
        _FEE_PREVIEW.c.sku,
        _FEE_PREVIEW.c.store,
        _FEE_PREVIEW.c.currency,
        _FEE_PREVIEW.c.occurrence,
    ),
    sku=_is(_FEE_PREVIEW.c.sku),
    fnsku=_is(_FEE_PREVIEW.c.fnsku),
)
STORAGE_FEES = Listing(
    table=_STORAGE_FEES,
    at=_STORAGE_FEES.c.month_on,
    key=(
        _STORAGE_FEES.c.fnsku,
        _STORAGE_FEES.c.fulfillment_center,
        _STORAGE_FEES.c.country,
        _STORAGE_FEES.c.occurrence,
    ),
    fnsku=_is(_STORAGE_FEES.c.fnsku),
)
LONG_TERM_STORAGE_FEES = Listing(
    table=_LONG_TERM,
    at=_LONG_TERM.c.snapshot_on,
    key=(
        _LONG_TERM.c.sku,
        _LONG_TERM.c.fnsku,
        _LONG_TERM.c.country,
        _LONG_TERM.c.surcharge_age_tier,
        _LONG_TERM.c.occurrence,
    ),
    sku=_is(_LONG_TERM.c.sku),
    fnsku=_is(_LONG_TERM.c.fnsku),
)
SETTLEMENTS = Listing(
    table=_SETTLEMENTS,
    # Those of which Amazon tells no end come last.
    at=func.coalesce(
        _SETTLEMENTS.c.ended_at,
        literal_column("'1970-01-01 00:00:00+00'::timestamptz", TIME),
        type_=TIME,
    ),
    key=(_SETTLEMENTS.c.settlement_id,),
)
MARKETPLACES = Listing(
    table=_MARKETPLACES,
    at=_MARKETPLACES.c.loaded_at,
    key=(_MARKETPLACES.c.marketplace_id,),
)
