"""Claims, their history and candidates, allocations, and what a unit costs the seller."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "claim",
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("key", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("fnsku", sa.Text(), nullable=True),
        sa.Column("asin", sa.Text(), nullable=True),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("amount_basis", sa.Text(), nullable=True),
        sa.Column("amount_missing", sa.Text(), nullable=True),
        sa.Column("confidence", sa.Numeric(), nullable=False),
        sa.Column("confidence_parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("fileable_from", sa.Date(), nullable=True),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("window_note", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column(
            "detected_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("sync_id", sa.Text(), nullable=True),
        sa.Column(
            "confirmed_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("status", sa.Text(), server_default=sa.text("'detected'"), nullable=False),
        sa.Column("status_by", sa.Text(), server_default=sa.text("'recoup'"), nullable=False),
        sa.Column(
            "status_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("status_why", sa.Text(), nullable=True),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("arrived", sa.Boolean(), nullable=True),
        sa.Column("filed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status in ('detected', 'filed', 'approved', 'rejected', 'dismissed', 'withdrawn')",
            name=op.f("claim_status_check"),
        ),
        sa.CheckConstraint(
            "type in ('lost_in_warehouse', 'damaged_in_warehouse', 'inbound_shortage', 'inbound_damage', 'customer_return_missing', 'return_not_restocked', 'return_damaged_by_amazon', 'refund_overpaid', 'refund_fee_not_credited', 'removal_lost', 'removal_discrepancy', 'disposed_without_permission', 'fulfillment_fee_overcharge', 'storage_fee_overcharge', 'inbound_fee_wrong', 'reimbursement_reversed', 'reimbursement_underpaid')",
            name=op.f("claim_type_check"),
        ),
        sa.CheckConstraint(
            "(amount is null) = (amount_missing is not null)", name=op.f("claim_amount_check")
        ),
        sa.CheckConstraint(
            "amount is null or currency is not null", name=op.f("claim_currency_check")
        ),
        sa.CheckConstraint("confidence between 0 and 1", name=op.f("claim_confidence_check")),
        sa.CheckConstraint("quantity > 0", name=op.f("claim_quantity_check")),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("claim_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("claim_id", name=op.f("claim_pkey")),
    )
    op.create_index("claim_deadline_idx", "claim", ["connection_id", "deadline"], unique=False)
    op.create_index(
        "claim_detected_at_idx", "claim", ["connection_id", "detected_at", "claim_id"], unique=False
    )
    op.create_index("claim_key", "claim", ["connection_id", "type", "key"], unique=True)
    op.create_table(
        "claim_allocation",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("allocation_id", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reference", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("key", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("claim_allocation_units_check")),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("claim_allocation_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "allocation_id", name=op.f("claim_allocation_pkey")
        ),
    )
    op.create_index(
        "claim_allocation_key_idx",
        "claim_allocation",
        ["connection_id", "type", "key"],
        unique=False,
    )
    op.create_table(
        "claim_candidate",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("key", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("marketplace_id", sa.Text(), nullable=True),
        sa.Column("sku", sa.Text(), nullable=True),
        sa.Column("fnsku", sa.Text(), nullable=True),
        sa.Column("asin", sa.Text(), nullable=True),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("settled", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("suppressed", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("claim_candidate_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "type", "key", name=op.f("claim_candidate_pkey")),
    )
    op.create_index(
        "claim_candidate_fnsku_idx",
        "claim_candidate",
        ["connection_id", "fnsku", "event_on"],
        unique=False,
    )
    op.create_index(
        "claim_candidate_order_id_idx",
        "claim_candidate",
        ["connection_id", "order_id"],
        unique=False,
    )
    op.create_table(
        "sourcing_cost",
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("fnsku", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("cost", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("invoice_reference", sa.Text(), nullable=True),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column(
            "entered_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("(sku = '') <> (fnsku = '')", name=op.f("sourcing_cost_product_check")),
        sa.CheckConstraint("cost > 0", name=op.f("sourcing_cost_cost_check")),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("sourcing_cost_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "sku", "fnsku", "valid_from", name=op.f("sourcing_cost_pkey")
        ),
    )
    op.create_table(
        "claim_history",
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("claim_id", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Text(), nullable=False),
        sa.Column(
            "at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("from_status", sa.Text(), nullable=True),
        sa.Column("to_status", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column(
            "changes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["claim_id"],
            ["claim.claim_id"],
            name=op.f("claim_history_claim_id_fkey"),
            ondelete="cascade",
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["amazon_connection.connection_id"],
            name=op.f("claim_history_connection_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("claim_history_pkey")),
    )
    op.create_index(
        "claim_history_claim_id_idx", "claim_history", ["claim_id", "entry_id"], unique=False
    )
