"""Seller accounts that a user has connected."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

from recoup.db.metadata import METADATA

amazon_connection = Table(
    "amazon_connection",
    METADATA,
    Column("connection_id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("app_user.user_id"), nullable=False),
    Column("selling_partner_id", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("marketplace_ids", ARRAY(Text), nullable=False),
    Column("status", Text, nullable=False),
    # Erased (null) when the user disconnects.
    Column("refresh_token_sealed", LargeBinary),
    Column("authorized_at", TIMESTAMP(timezone=True), nullable=False),
    Column("last_sync_at", TIMESTAMP(timezone=True)),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint(
        "user_id",
        "environment",
        "region",
        "selling_partner_id",
        name="amazon_connection_seller_key",
    ),
    CheckConstraint("region in ('NA', 'EU', 'FE')", name="region"),
    CheckConstraint("environment in ('local', 'sandbox', 'production')", name="environment"),
    CheckConstraint(
        "status in ('active', 'reauthorization_required', 'disconnected')", name="status"
    ),
)
