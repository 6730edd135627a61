"""The state of syncs: the row is the truth, a job only says "look at it"."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Interval,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, TSTZMULTIRANGE

from recoup.db.metadata import METADATA

_TIME = TIMESTAMP(timezone=True)

sync_progress = Table(
    "sync_progress",
    METADATA,
    Column("sync_id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("app_user.user_id"), nullable=False),
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), nullable=False),
    Column("trigger", Text, nullable=False),
    Column("idempotency_key", Text),
    Column("status", Text, nullable=False),
    Column("progress", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("started_at", _TIME, nullable=False, server_default=func.now()),
    Column("completed_at", _TIME),
    Column("estimated_completion", _TIME),
    Column("orders_processed", Integer, nullable=False, server_default=text("0")),
    Column("total_orders", Integer),
    Column("claims_detected", Integer, nullable=False, server_default=text("0")),
    Column("error", Text),
    # The lease: who works on it, until when, and the fencing number of this attempt.
    Column("owner", Text),
    Column("lease_expires_at", _TIME),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    CheckConstraint("status in ('in_progress', 'complete', 'failed', 'cancelled')", name="status"),
    CheckConstraint("progress between 0 and 100", name="progress"),
    CheckConstraint("(status = 'in_progress') = (completed_at is null)", name="completed"),
    Index(
        "sync_progress_active_key",
        "connection_id",
        unique=True,
        postgresql_where=text("status = 'in_progress'"),
    ),
    Index(
        "sync_progress_idempotency_key",
        "user_id",
        "idempotency_key",
        unique=True,
        postgresql_where=text("idempotency_key is not null"),
    ),
    Index("sync_progress_user_id_started_at_idx", "user_id", "started_at"),
)

sync_stream = Table(
    "sync_stream",
    METADATA,
    Column(
        "sync_id", Text, ForeignKey("sync_progress.sync_id", ondelete="cascade"), primary_key=True
    ),
    Column("name", Text, primary_key=True),
    Column("status", Text, nullable=False),
    # rows: new or changed; read = rows + unchanged + quarantined, or the stream fails.
    Column("rows", Integer, nullable=False, server_default=text("0")),
    Column("rows_read", Integer, nullable=False, server_default=text("0")),
    Column("rows_unchanged", Integer, nullable=False, server_default=text("0")),
    Column("rows_quarantined", Integer, nullable=False, server_default=text("0")),
    Column("pages", Integer, nullable=False, server_default=text("0")),
    Column("expected_rows", Integer),
    Column("error", Text),
    Column("started_at", _TIME),
    Column("completed_at", _TIME),
    CheckConstraint(
        "status in ('pending', 'in_progress', 'complete', 'failed', 'cancelled', 'unavailable')",
        name="status",
    ),
    CheckConstraint("rows_read = rows + rows_unchanged + rows_quarantined", name="counted"),
)

stream_cursor = Table(
    "stream_cursor",
    METADATA,
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), primary_key=True),
    Column("stream", Text, primary_key=True),
    # A marketplace id, or '' for a source that is asked once per region. Followed by ` without X`:
    # `closed` are the windows that were read while Amazon refused the dataset X.
    Column("scope", Text, primary_key=True),
    # What has been read to the end, ever.
    Column("closed", TSTZMULTIRANGE, nullable=False, server_default=text("'{}'")),
    # What the sync `sync_id` still has to read; empty when it is done here.
    Column("sync_id", Text),
    Column("todo", TSTZMULTIRANGE, nullable=False, server_default=text("'{}'")),
    # The window in the middle of being read, and where to go on in it.
    Column("open_since", _TIME),
    Column("open_until", _TIME),
    Column("page_token", Text),
    Column("page_token_at", _TIME),
    # The longest window to ask for, after one was too long to be finished.
    Column("longest_window", Interval),
    CheckConstraint("(page_token is null) = (open_since is null)", name="open"),
)

rate_budget = Table(
    "rate_budget",
    METADATA,
    # environment:region:sellingPartnerId. Amazon counts per seller and application, whoever asks.
    Column("account", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("rate", Double, nullable=False),
    Column("burst", Integer, nullable=False),
    # Whether Amazon's header has told the rate, or it is still the documented default.
    Column("confirmed", Boolean, nullable=False, server_default=text("false")),
    # GCRA: the theoretical arrival time, when the bucket will be full again.
    Column("full_at", _TIME, nullable=False, server_default=func.now()),
)

quarantine = Table(
    "quarantine",
    METADATA,
    Column("quarantine_id", BigInteger, Identity(always=True), primary_key=True),
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), nullable=False),
    Column("stream", Text, nullable=False),
    Column("sync_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("raw", JSONB, nullable=False),
    Column("raw_digest", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("created_at", _TIME, nullable=False, server_default=func.now()),
    Index("quarantine_row_key", "connection_id", "stream", "raw_digest", unique=True),
)
