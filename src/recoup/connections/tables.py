"""The tables of connected seller accounts, and of consents that Amazon's page has yet to answer."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

from recoup.connections.states import ConnectionEnvironment, ConnectionStatus
from recoup.db.metadata import METADATA
from recoup.db.words import one_of
from recoup.spapi.endpoints import Region

amazon_connection = Table(
    "amazon_connection",
    METADATA,
    Column("connection_id", Text, primary_key=True),
    Column("workspace_id", Text, ForeignKey("workspace.workspace_id"), nullable=False),
    Column("selling_partner_id", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("marketplace_ids", ARRAY(Text), nullable=False),
    Column("status", Text, nullable=False),
    # Why it is not active, in words for the seller; null while it is.
    Column("status_reason", Text),
    # Erased (null) when the user disconnects.
    Column("refresh_token_sealed", LargeBinary),
    Column("authorized_at", TIMESTAMP(timezone=True), nullable=False),
    Column("last_sync_at", TIMESTAMP(timezone=True)),
    # Cron in UTC, or empty: no scheduled sync. Null: by the server's schedule.
    Column("sync_schedule", Text),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    # Why nothing of it may be deleted; null: no legal hold of its own.
    Column("legal_hold", Text),
    Column("legal_hold_since", TIMESTAMP(timezone=True)),
    # Rows of earlier days were deleted with age; null: none were.
    Column("held_from", Date),
    # Rows of before recoup stored only what a stream reads may be there (docs/adr/0016-only-what-is-read.md).
    Column("keeps_unread", Boolean, nullable=False, server_default=text("false")),
    # The day of the last deletion by age that was carried out to its end, whatever it found.
    Column("retention_on", Date),
    UniqueConstraint(
        "workspace_id",
        "environment",
        "region",
        "selling_partner_id",
        name="amazon_connection_seller_key",
    ),
    CheckConstraint(one_of("region", Region), name="region"),
    CheckConstraint(one_of("environment", ConnectionEnvironment), name="environment"),
    CheckConstraint(one_of("status", ConnectionStatus), name="status"),
    CheckConstraint("(legal_hold is null) = (legal_hold_since is null)", name="legal_hold"),
)

amazon_consent = Table(
    "amazon_consent",
    METADATA,
    # SHA-256: whoever reads the table cannot answer in a seller's place.
    Column("state_hash", LargeBinary, primary_key=True),
    Column("browser_hash", LargeBinary, nullable=False),
    # Who began it, and where the seller will belong.
    Column("user_id", Text, nullable=False),
    Column("workspace_id", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", TIMESTAMP(timezone=True), nullable=False),
    Column("used_at", TIMESTAMP(timezone=True)),
    # Who leaves the workspace can connect nothing to it any more.
    ForeignKeyConstraint(
        ["workspace_id", "user_id"],
        ["workspace_member.workspace_id", "workspace_member.user_id"],
        name="amazon_consent_member_fkey",
        ondelete="CASCADE",
    ),
    Index("amazon_consent_member_idx", "user_id", "workspace_id"),
)
