"""The first schema: users, connections, syncs, the three streams, events, and the job queue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    # By the driver itself: SQLAlchemy would take the percent signs in it for parameters.
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(SchemaManager.get_schema())
    op.create_table(
        "app_user",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("app_user_pkey")),
        sa.UniqueConstraint("email", name=op.f("app_user_email_key")),
    )
    op.create_table(
        "rate_budget",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("burst", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "full_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("account", "operation", name=op.f("rate_budget_pkey")),
    )
    op.create_table(
        "activity",
        sa.Column("activity_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("sync_id", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.user_id"], name=op.f("activity_user_id_fkey")
        ),
        sa.PrimaryKeyConstraint("activity_id", name=op.f("activity_pkey")),
    )
    op.create_index(
        "activity_user_id_activity_id_idx", "activity", ["user_id", "activity_id"], unique=False
    )
    op.create_table(
        "amazon_connection",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("selling_partner_id", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("marketplace_ids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("refresh_token_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("authorized_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_sync_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "environment in ('local', 'sandbox', 'production')",
            name=op.f("amazon_connection_environment_check"),
        ),
        sa.CheckConstraint(
            "region in ('NA', 'EU', 'FE')", name=op.f("amazon_connection_region_check")
        ),
        sa.CheckConstraint(
            "status in ('active', 'reauthorization_required', 'disconnected')",
            name=op.f("amazon_connection_status_check"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.user_id"], name=op.f("amazon_connection_user_id_fkey")
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("amazon_connection_pkey")),
        sa.UniqueConstraint(
            "user_id",
            "environment",
            "region",
            "selling_partner_id",
            name="amazon_connection_seller_key",
        ),
    )
    op.create_table(
        "event",
        sa.Column("event_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("milestone", sa.Boolean(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.user_id"], name=op.f("event_user_id_fkey")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("event_pkey")),
    )
    op.create_index("event_subject_event_id_idx", "event", ["subject", "event_id"], unique=False)
    op.create_index("event_user_id_event_id_idx", "event", ["user_id", "event_id"], unique=False)
    op.create_table(
        "fees",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("posted_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("asin", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
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
            name=op.f("fees_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "transaction_id", "line", name=op.f("fees_pkey")),
    )
    op.create_index("fees_order_id_idx", "fees", ["connection_id", "order_id"], unique=False)
    op.create_index(
        "fees_posted_at_idx",
        "fees",
        ["connection_id", "posted_at", "transaction_id", "line"],
        unique=False,
    )
    op.create_table(
        "inventory",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("asin", sa.Text(), nullable=True),
        sa.Column("product_name", sa.Text(), nullable=True),
        sa.Column("total_quantity", sa.Integer(), nullable=True),
        sa.Column("fulfillable_quantity", sa.Integer(), nullable=True),
        sa.Column("inbound_working_quantity", sa.Integer(), nullable=True),
        sa.Column("inbound_shipped_quantity", sa.Integer(), nullable=True),
        sa.Column("inbound_receiving_quantity", sa.Integer(), nullable=True),
        sa.Column("reserved_quantity", sa.Integer(), nullable=True),
        sa.Column("researching_quantity", sa.Integer(), nullable=True),
        sa.Column("unfulfillable_quantity", sa.Integer(), nullable=True),
        sa.Column("customer_damaged_quantity", sa.Integer(), nullable=True),
        sa.Column("warehouse_damaged_quantity", sa.Integer(), nullable=True),
        sa.Column("distributor_damaged_quantity", sa.Integer(), nullable=True),
        sa.Column("carrier_damaged_quantity", sa.Integer(), nullable=True),
        sa.Column("defective_quantity", sa.Integer(), nullable=True),
        sa.Column("expired_quantity", sa.Integer(), nullable=True),
        sa.Column("last_updated_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
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
            name=op.f("inventory_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id",
            "marketplace_id",
            "sku",
            "fnsku",
            "condition",
            name=op.f("inventory_pkey"),
        ),
    )
    op.create_table(
        "order_items",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("order_item_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("asin", sa.Text(), nullable=True),
        sa.Column("condition", sa.Text(), nullable=True),
        sa.Column("quantity_ordered", sa.Integer(), nullable=False),
        sa.Column("quantity_fulfilled", sa.Integer(), nullable=True),
        sa.Column("unit_price", sa.Numeric(), nullable=True),
        sa.Column("proceeds_total", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("proceeds", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
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
            name=op.f("order_items_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "order_id", "order_item_id", name=op.f("order_items_pkey")
        ),
    )
    op.create_index("order_items_sku_idx", "order_items", ["connection_id", "sku"], unique=False)
    op.create_table(
        "orders",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=True),
        sa.Column("sales_channel", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("fulfilled_by", sa.Text(), nullable=True),
        sa.Column("service_level", sa.Text(), nullable=True),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_updated_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("total_amount", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("units_ordered", sa.Integer(), nullable=False),
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
            name=op.f("orders_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "order_id", name=op.f("orders_pkey")),
    )
    op.create_index(
        "orders_created_at_idx", "orders", ["connection_id", "created_at", "order_id"], unique=False
    )
    op.create_table(
        "quarantine",
        sa.Column("quarantine_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("sync_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("raw_digest", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("quarantine_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("quarantine_id", name=op.f("quarantine_pkey")),
    )
    op.create_index(
        "quarantine_row_key", "quarantine", ["connection_id", "stream", "raw_digest"], unique=True
    )
    op.create_table(
        "stream_cursor",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column(
            "closed", postgresql.TSTZMULTIRANGE(), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("sync_id", sa.Text(), nullable=True),
        sa.Column(
            "todo", postgresql.TSTZMULTIRANGE(), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("open_since", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("open_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("page_token", sa.Text(), nullable=True),
        sa.Column("page_token_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("longest_window", sa.Interval(), nullable=True),
        sa.CheckConstraint(
            "(page_token is null) = (open_since is null)", name=op.f("stream_cursor_open_check")
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("stream_cursor_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "stream", "scope", name=op.f("stream_cursor_pkey")
        ),
    )
    op.create_table(
        "sync_progress",
        sa.Column("sync_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column(
            "started_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("completed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("estimated_completion", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("orders_processed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("total_orders", sa.Integer(), nullable=True),
        sa.Column("claims_detected", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "(status = 'in_progress') = (completed_at is null)",
            name=op.f("sync_progress_completed_check"),
        ),
        sa.CheckConstraint(
            "status in ('in_progress', 'complete', 'failed', 'cancelled')",
            name=op.f("sync_progress_status_check"),
        ),
        sa.CheckConstraint("progress between 0 and 100", name=op.f("sync_progress_progress_check")),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("sync_progress_connection_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.user_id"], name=op.f("sync_progress_user_id_fkey")
        ),
        sa.PrimaryKeyConstraint("sync_id", name=op.f("sync_progress_pkey")),
    )
    op.create_index(
        "sync_progress_active_key",
        "sync_progress",
        ["connection_id"],
        unique=True,
        postgresql_where=sa.text("status = 'in_progress'"),
    )
    op.create_index(
        "sync_progress_idempotency_key",
        "sync_progress",
        ["user_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key is not null"),
    )
    op.create_index(
        "sync_progress_user_id_started_at_idx",
        "sync_progress",
        ["user_id", "started_at"],
        unique=False,
    )
    op.create_table(
        "transactions",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("posted_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("total_amount", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=True),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("shipment_id", sa.Text(), nullable=True),
        sa.Column("financial_event_group_id", sa.Text(), nullable=True),
        sa.Column("matures_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("is_reimbursement", sa.Boolean(), nullable=False),
        sa.Column("related_identifiers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("breakdowns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
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
            name=op.f("transactions_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "transaction_id", name=op.f("transactions_pkey")),
    )
    op.create_index(
        "transactions_order_id_idx", "transactions", ["connection_id", "order_id"], unique=False
    )
    op.create_index(
        "transactions_posted_at_idx",
        "transactions",
        ["connection_id", "posted_at", "transaction_id"],
        unique=False,
    )
    op.create_table(
        "sync_stream",
        sa.Column("sync_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_read", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_unchanged", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_quarantined", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("pages", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("expected_rows", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("completed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('pending', 'in_progress', 'complete', 'failed', 'cancelled', 'unavailable')",
            name=op.f("sync_stream_status_check"),
        ),
        sa.CheckConstraint(
            "rows_read = rows + rows_unchanged + rows_quarantined",
            name=op.f("sync_stream_counted_check"),
        ),
        sa.ForeignKeyConstraint(
            ["sync_id"],
            ["sync_progress.sync_id"],
            name=op.f("sync_stream_sync_id_fkey"),
            ondelete="cascade",
        ),
        sa.PrimaryKeyConstraint("sync_id", "name", name=op.f("sync_stream_pkey")),
    )
