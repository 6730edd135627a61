"""Inbound shipments, plans and marketplaces; our own history of status and quantities."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "inbound_plan_shipments",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("inbound_plan_id", sa.Text(), nullable=False),
        sa.Column("plan_shipment_id", sa.Text(), nullable=False),
        sa.Column("shipment_id", sa.Text(), nullable=True),
        sa.Column("amazon_reference_id", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("is_partnered_carrier", sa.Boolean(), nullable=True),
        sa.Column("tracking_numbers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("delivery_window_start_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("delivery_window_end_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
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
            name=op.f("inbound_plan_shipments_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "inbound_plan_id",
            "plan_shipment_id",
            name=op.f("inbound_plan_shipments_pkey"),
        ),
    )
    op.create_index(
        "inbound_plan_shipments_shipment_id_idx",
        "inbound_plan_shipments",
        ["connection_id", "shipment_id"],
        unique=False,
    )
    op.create_table(
        "inbound_plans",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("inbound_plan_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("marketplace_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
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
            name=op.f("inbound_plans_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "inbound_plan_id", name=op.f("inbound_plans_pkey")
        ),
    )
    op.create_table(
        "marketplaces",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("country_code", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("domain_name", sa.Text(), nullable=True),
        sa.Column("is_participating", sa.Boolean(), nullable=True),
        sa.Column("has_suspended_listings", sa.Boolean(), nullable=True),
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
            name=op.f("marketplaces_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "marketplace_id", name=op.f("marketplaces_pkey")),
    )
    op.create_table(
        "shipment_items",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=False),
        sa.Column("quantity_shipped", sa.Integer(), nullable=False),
        sa.Column("quantity_received", sa.Integer(), nullable=True),
        sa.Column("quantity_in_case", sa.Integer(), nullable=True),
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
            name=op.f("shipment_items_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "shipment_id", "sku", "fnsku", name=op.f("shipment_items_pkey")
        ),
    )
    op.create_table(
        "shipment_items_history",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=False),
        sa.Column("seen_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("quantity_shipped", sa.Integer(), nullable=True),
        sa.Column("quantity_received", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("shipment_items_history_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "shipment_id",
            "sku",
            "fnsku",
            "seen_at",
            name=op.f("shipment_items_history_pkey"),
        ),
    )
    op.create_table(
        "shipments",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("destination_fulfillment_center", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("label_prep_type", sa.Text(), nullable=True),
        sa.Column("are_cases_required", sa.Boolean(), nullable=True),
        sa.Column("created_on", sa.Date(), nullable=True),
        sa.Column("box_contents_source", sa.Text(), nullable=True),
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
            name=op.f("shipments_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "shipment_id", name=op.f("shipments_pkey")),
    )
    op.create_table(
        "shipments_history",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("seen_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("shipments_history_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "shipment_id", "seen_at", name=op.f("shipments_history_pkey")
        ),
    )
    op.create_index(
        "shipment_items_fnsku_idx", "shipment_items", ["connection_id", "fnsku"], unique=False
    )
    op.create_index(
        "shipment_items_sku_idx", "shipment_items", ["connection_id", "sku"], unique=False
    )
    op.create_index(
        "shipments_created_on_idx",
        "shipments",
        [
            "connection_id",
            sa.literal_column("COALESCE(created_on, '1970-01-01'::date)"),
            "shipment_id",
        ],
        unique=False,
    )
