"""The streams that come from reports, their histories, and what reports tell of order items."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "fee_preview",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=True),
        sa.Column("asin", sa.Text(), nullable=True),
        sa.Column("product_group", sa.Text(), nullable=True),
        sa.Column("price", sa.Numeric(), nullable=True),
        sa.Column("sales_price", sa.Numeric(), nullable=True),
        sa.Column("longest_side", sa.Numeric(), nullable=True),
        sa.Column("median_side", sa.Numeric(), nullable=True),
        sa.Column("shortest_side", sa.Numeric(), nullable=True),
        sa.Column("length_and_girth", sa.Numeric(), nullable=True),
        sa.Column("unit_of_dimension", sa.Text(), nullable=True),
        sa.Column("item_weight", sa.Numeric(), nullable=True),
        sa.Column("unit_of_weight", sa.Text(), nullable=True),
        sa.Column("size_tier", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("fee_total", sa.Numeric(), nullable=True),
        sa.Column("referral_fee", sa.Numeric(), nullable=True),
        sa.Column("fulfillment_fee", sa.Numeric(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column(
            "loaded_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("fee_preview_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "sku", "store", name=op.f("fee_preview_pkey")),
    )
    op.create_index(
        "fee_preview_fnsku_idx", "fee_preview", ["connection_id", "fnsku"], unique=False
    )
    op.create_table(
        "fee_preview_history",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("seen_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=True),
        sa.Column("longest_side", sa.Numeric(), nullable=True),
        sa.Column("median_side", sa.Numeric(), nullable=True),
        sa.Column("shortest_side", sa.Numeric(), nullable=True),
        sa.Column("unit_of_dimension", sa.Text(), nullable=True),
        sa.Column("item_weight", sa.Numeric(), nullable=True),
        sa.Column("unit_of_weight", sa.Text(), nullable=True),
        sa.Column("size_tier", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("fulfillment_fee", sa.Numeric(), nullable=True),
        sa.Column("referral_fee", sa.Numeric(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("fee_preview_history_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "sku", "store", "seen_at", name=op.f("fee_preview_history_pkey")
        ),
    )
    op.create_table(
        "inbound_noncompliance",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=False),
        sa.Column("problem_type", sa.Text(), nullable=False),
        sa.Column("reported_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("carton_id", sa.Text(), nullable=True),
        sa.Column("fulfillment_center", sa.Text(), nullable=True),
        sa.Column("asin", sa.Text(), nullable=True),
        sa.Column("problem_quantity", sa.Integer(), nullable=True),
        sa.Column("expected_quantity", sa.Integer(), nullable=True),
        sa.Column("received_quantity", sa.Integer(), nullable=True),
        sa.Column("fee_type", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("fee_total", sa.Numeric(), nullable=True),
        sa.Column("problem_level", sa.Text(), nullable=True),
        sa.Column("alert_status", sa.Text(), nullable=True),
        sa.Column("shipment_created_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column(
            "loaded_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("inbound_noncompliance_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "shipment_id",
            "sku",
            "fnsku",
            "problem_type",
            "reported_at",
            "occurrence",
            name=op.f("inbound_noncompliance_pkey"),
        ),
    )
    op.create_index(
        "inbound_noncompliance_reported_at_idx",
        "inbound_noncompliance",
        ["connection_id", "reported_at"],
        unique=False,
    )
    op.create_table(
        "inventory_history",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("seen_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("total_quantity", sa.Integer(), nullable=True),
        sa.Column("fulfillable_quantity", sa.Integer(), nullable=True),
        sa.Column("inbound_working_quantity", sa.Integer(), nullable=True),
        sa.Column("inbound_shipped_quantity", sa.Integer(), nullable=True),
        sa.Column("inbound_receiving_quantity", sa.Integer(), nullable=True),
        sa.Column("reserved_quantity", sa.Integer(), nullable=True),
        sa.Column("researching_quantity", sa.Integer(), nullable=True),
        sa.Column("unfulfillable_quantity", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("inventory_history_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "marketplace_id",
            "sku",
            "fnsku",
            "condition",
            "seen_at",
            name=op.f("inventory_history_pkey"),
        ),
    )
    op.create_table(
        "ledger",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=True),
        sa.Column("asin", sa.Text(), nullable=True),
        sa.Column("msku", sa.Text(), nullable=True),
        sa.Column("product_name", sa.Text(), nullable=True),
        sa.Column("event_type", sa.Text(), nullable=True),
        sa.Column("reference_id", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("fulfillment_center", sa.Text(), nullable=True),
        sa.Column("disposition", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("reconciled_quantity", sa.Integer(), nullable=True),
        sa.Column("unreconciled_quantity", sa.Integer(), nullable=True),
        sa.Column("store", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "loaded_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("ledger_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "event_on", "source_line", name=op.f("ledger_pkey")
        ),
    )
    op.create_index(
        "ledger_adjustments_idx",
        "ledger",
        ["connection_id", "fnsku", "event_on"],
        unique=False,
        postgresql_where=sa.text("event_type = 'Adjustments'"),
    )
    op.create_index(
        "ledger_fnsku_event_on_idx", "ledger", ["connection_id", "fnsku", "event_on"], unique=False
    )
    op.create_index(
        "ledger_msku_event_on_idx", "ledger", ["connection_id", "msku", "event_on"], unique=False
    )
    op.create_index(
        "ledger_receipts_idx",
        "ledger",
        ["connection_id", "reference_id"],
        unique=False,
        postgresql_where=sa.text("event_type = 'Receipts'"),
    )
    op.create_table(
        "ledger_summary",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=False),
        sa.Column("msku", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("store", sa.Text(), nullable=False),
        sa.Column("asin", sa.Text(), nullable=True),
        sa.Column("product_name", sa.Text(), nullable=True),
        sa.Column("starting_balance", sa.Integer(), nullable=True),
        sa.Column("in_transit", sa.Integer(), nullable=True),
        sa.Column("receipts", sa.Integer(), nullable=True),
        sa.Column("customer_shipments", sa.Integer(), nullable=True),
        sa.Column("customer_returns", sa.Integer(), nullable=True),
        sa.Column("vendor_returns", sa.Integer(), nullable=True),
        sa.Column("warehouse_transfers", sa.Integer(), nullable=True),
        sa.Column("found", sa.Integer(), nullable=True),
        sa.Column("lost", sa.Integer(), nullable=True),
        sa.Column("damaged", sa.Integer(), nullable=True),
        sa.Column("disposed", sa.Integer(), nullable=True),
        sa.Column("other_events", sa.Integer(), nullable=True),
        sa.Column("ending_balance", sa.Integer(), nullable=True),
        sa.Column("unknown_events", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column(
            "loaded_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("ledger_summary_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "month_on",
            "fnsku",
            "msku",
            "disposition",
            "location",
            "store",
            name=op.f("ledger_summary_pkey"),
        ),
    )
    op.create_table(
        "long_term_storage_fees",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("snapshot_on", sa.Date(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("surcharge_age_tier", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("asin", sa.Text(), nullable=True),
        sa.Column("product_name", sa.Text(), nullable=True),
        sa.Column("condition", sa.Text(), nullable=True),
        sa.Column("per_unit_volume", sa.Numeric(), nullable=True),
        sa.Column("volume_unit", sa.Text(), nullable=True),
        sa.Column("quantity_charged", sa.Integer(), nullable=True),
        sa.Column("amount_charged", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("surcharge_rate", sa.Numeric(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column(
            "loaded_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("long_term_storage_fees_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "snapshot_on",
            "sku",
            "fnsku",
            "country",
            "surcharge_age_tier",
            "occurrence",
            name=op.f("long_term_storage_fees_pkey"),
        ),
    )
    op.create_index(
        "long_term_storage_fees_fnsku_idx",
        "long_term_storage_fees",
        ["connection_id", "fnsku", "snapshot_on"],
        unique=False,
    )
    op.create_table(
        "reimbursements",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("reimbursement_id", sa.Text(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("approved_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("asin", sa.Text(), nullable=True),
        sa.Column("product_name", sa.Text(), nullable=True),
        sa.Column("condition", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("amount_per_unit", sa.Numeric(), nullable=True),
        sa.Column("amount_total", sa.Numeric(), nullable=True),
        sa.Column("quantity_cash", sa.Integer(), nullable=True),
        sa.Column("quantity_inventory", sa.Integer(), nullable=True),
        sa.Column("quantity_total", sa.Integer(), nullable=True),
        sa.Column("original_reimbursement_id", sa.Text(), nullable=True),
        sa.Column("original_reimbursement_type", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column(
            "loaded_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("reimbursements_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "reimbursement_id",
            "fnsku",
            "sku",
            "reason",
            "order_id",
            "case_id",
            "occurrence",
            name=op.f("reimbursements_pkey"),
        ),
    )
    op.create_index(
        "reimbursements_approved_at_idx",
        "reimbursements",
        ["connection_id", "approved_at", "reimbursement_id"],
        unique=False,
    )
    op.create_index(
        "reimbursements_fnsku_idx",
        "reimbursements",
        ["connection_id", "fnsku", "approved_at"],
        unique=False,
    )
    op.create_index(
        "reimbursements_order_id_idx",
        "reimbursements",
        ["connection_id", "order_id"],
        unique=False,
        postgresql_where=sa.text("order_id <> ''"),
    )
    op.create_index(
        "reimbursements_original_idx",
        "reimbursements",
        ["connection_id", "original_reimbursement_id"],
        unique=False,
        postgresql_where=sa.text("original_reimbursement_id is not null"),
    )
    op.create_index(
        "reimbursements_sku_idx",
        "reimbursements",
        ["connection_id", "sku", "approved_at"],
        unique=False,
    )
    op.create_table(
        "removal_shipments",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("shipped_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("tracking_number", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("requested_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("shipped_quantity", sa.Integer(), nullable=True),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("removal_order_type", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column(
            "loaded_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("removal_shipments_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "order_id",
            "shipped_at",
            "sku",
            "fnsku",
            "disposition",
            "tracking_number",
            "occurrence",
            name=op.f("removal_shipments_pkey"),
        ),
    )
    op.create_index(
        "removal_shipments_shipped_at_idx",
        "removal_shipments",
        ["connection_id", "shipped_at"],
        unique=False,
    )
    op.create_table(
        "removals",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("requested_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("order_source", sa.Text(), nullable=True),
        sa.Column("order_type", sa.Text(), nullable=True),
        sa.Column("service_speed", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("requested_quantity", sa.Integer(), nullable=True),
        sa.Column("cancelled_quantity", sa.Integer(), nullable=True),
        sa.Column("disposed_quantity", sa.Integer(), nullable=True),
        sa.Column("shipped_quantity", sa.Integer(), nullable=True),
        sa.Column("in_process_quantity", sa.Integer(), nullable=True),
        sa.Column("removal_fee", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column(
            "loaded_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("removals_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "order_id", "sku", "fnsku", "disposition", name=op.f("removals_pkey")
        ),
    )
    op.create_index(
        "removals_fnsku_idx", "removals", ["connection_id", "fnsku", "requested_at"], unique=False
    )
    op.create_index(
        "removals_requested_at_idx",
        "removals",
        ["connection_id", "requested_at", "order_id"],
        unique=False,
    )
    op.create_index(
        "removals_sku_idx", "removals", ["connection_id", "sku", "requested_at"], unique=False
    )
    op.create_table(
        "replacements",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("replacement_order_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("shipped_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("original_order_id", sa.Text(), nullable=True),
        sa.Column("asin", sa.Text(), nullable=True),
        sa.Column("fulfillment_center", sa.Text(), nullable=True),
        sa.Column("original_fulfillment_center", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column(
            "loaded_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("replacements_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "replacement_order_id",
            "sku",
            "shipped_at",
            "occurrence",
            name=op.f("replacements_pkey"),
        ),
    )
    op.create_index(
        "replacements_original_order_id_idx",
        "replacements",
        ["connection_id", "original_order_id"],
        unique=False,
    )
    op.create_table(
        "returns",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=False),
        sa.Column("returned_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("license_plate_number", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("asin", sa.Text(), nullable=True),
        sa.Column("product_name", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("fulfillment_center", sa.Text(), nullable=True),
        sa.Column("detailed_disposition", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column(
            "loaded_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("returns_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "order_id",
            "sku",
            "fnsku",
            "returned_at",
            "license_plate_number",
            "occurrence",
            name=op.f("returns_pkey"),
        ),
    )
    op.create_index(
        "returns_fnsku_idx", "returns", ["connection_id", "fnsku", "returned_at"], unique=False
    )
    op.create_index(
        "returns_returned_at_idx",
        "returns",
        ["connection_id", "returned_at", "order_id"],
        unique=False,
    )
    op.create_index(
        "returns_sku_idx", "returns", ["connection_id", "sku", "returned_at"], unique=False
    )
    op.create_table(
        "settlement_lines",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("settlement_id", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("transaction_type", sa.Text(), nullable=True),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("merchant_order_id", sa.Text(), nullable=True),
        sa.Column("adjustment_id", sa.Text(), nullable=True),
        sa.Column("shipment_id", sa.Text(), nullable=True),
        sa.Column("marketplace_name", sa.Text(), nullable=True),
        sa.Column("amount_type", sa.Text(), nullable=True),
        sa.Column("amount_description", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("fulfillment_id", sa.Text(), nullable=True),
        sa.Column("posted_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("order_item_code", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("quantity_purchased", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "loaded_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("settlement_lines_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "settlement_id", "line", name=op.f("settlement_lines_pkey")
        ),
    )
    op.create_index(
        "settlement_lines_order_id_idx",
        "settlement_lines",
        ["connection_id", "order_id"],
        unique=False,
    )
    op.create_table(
        "settlements",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("settlement_id", sa.Text(), nullable=False),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("ended_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("deposited_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("total_amount", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("lines_total", sa.Numeric(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("is_balanced", sa.Boolean(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column(
            "loaded_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("settlements_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "settlement_id", name=op.f("settlements_pkey")),
    )
    op.create_table(
        "storage_fees",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=False),
        sa.Column("fulfillment_center", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("asin", sa.Text(), nullable=True),
        sa.Column("product_name", sa.Text(), nullable=True),
        sa.Column("longest_side", sa.Numeric(), nullable=True),
        sa.Column("median_side", sa.Numeric(), nullable=True),
        sa.Column("shortest_side", sa.Numeric(), nullable=True),
        sa.Column("measurement_units", sa.Text(), nullable=True),
        sa.Column("weight", sa.Numeric(), nullable=True),
        sa.Column("weight_units", sa.Text(), nullable=True),
        sa.Column("item_volume", sa.Numeric(), nullable=True),
        sa.Column("volume_units", sa.Text(), nullable=True),
        sa.Column("size_tier", sa.Text(), nullable=True),
        sa.Column("average_quantity_on_hand", sa.Numeric(), nullable=True),
        sa.Column("average_quantity_pending_removal", sa.Numeric(), nullable=True),
        sa.Column("total_volume", sa.Numeric(), nullable=True),
        sa.Column("storage_rate", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("monthly_storage_fee", sa.Numeric(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column(
            "loaded_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("storage_fees_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "month_on",
            "fnsku",
            "fulfillment_center",
            "country",
            "occurrence",
            name=op.f("storage_fees_pkey"),
        ),
    )
    op.create_index(
        "storage_fees_fnsku_idx",
        "storage_fees",
        ["connection_id", "fnsku", "month_on"],
        unique=False,
    )
    op.add_column("order_items", sa.Column("item_price", sa.Numeric(), nullable=True))
    op.add_column("order_items", sa.Column("item_tax", sa.Numeric(), nullable=True))
    op.add_column("order_items", sa.Column("shipping_price", sa.Numeric(), nullable=True))
    op.add_column("order_items", sa.Column("promotion_discount", sa.Numeric(), nullable=True))
    op.create_index(
        "fees_sku_idx",
        "fees",
        ["connection_id", "sku", "posted_at", "transaction_id"],
        unique=False,
    )
    op.create_index(
        "inventory_changed_at_idx",
        "inventory",
        [
            "connection_id",
            sa.literal_column(
                "COALESCE(last_updated_at, '1970-01-01 00:00:00+00'::timestamp with time zone)"
            ),
            "marketplace_id",
            "sku",
        ],
        unique=False,
    )
    op.create_index("inventory_fnsku_idx", "inventory", ["connection_id", "fnsku"], unique=False)
    op.create_index("inventory_sku_idx", "inventory", ["connection_id", "sku"], unique=False)
