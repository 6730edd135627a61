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
    LargeBinary,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP, TSTZMULTIRANGE

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

sync_plan = Table(
    "sync_plan",
    METADATA,
    Column(
        "sync_id", Text, ForeignKey("sync_progress.sync_id", ondelete="cascade"), primary_key=True
    ),
    # {"plannedAt", "predictedSeconds", "steps"} and a list: written and read as a whole.
    Column("plan", JSONB, nullable=False),
    Column("revisions", JSONB, nullable=False),
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
    # When this scope was last read to its end.
    Column("read_at", _TIME),
    # The longest window to ask for, after one was too long to be finished.
    Column("longest_window", Interval),
    # Of a region: the marketplaces that `closed` speaks for. Null: those of the connection.
    Column("marketplace_ids", ARRAY(Text)),
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
    # When a 429 halved the rate, or the rate was last tried faster after one.
    Column("slowed_at", _TIME),
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
    # Its number among rows of its file with the same key, as far as the key could be read.
    Column("occurrence", Integer),
    # When a source last told it, and it could not be read.
    Column("told_at", _TIME, nullable=False, server_default=func.now()),
    Index("quarantine_row_key", "connection_id", "stream", "raw_digest", unique=True),
)

OPEN = ("intended", "in_queue", "in_progress", "done")
"""States of a request that may still bring rows."""

report_request = Table(
    "report_request",
    METADATA,
    Column("request_id", BigInteger, Identity(always=True), primary_key=True),
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), nullable=False),
    Column("stream", Text, nullable=False),
    # A marketplace id, or '' for a source that is asked once per region.
    Column("scope", Text, nullable=False),
    Column("report_type", Text, nullable=False),
    Column("marketplace_ids", JSONB, nullable=False),
    Column("options", JSONB, nullable=False, server_default=text("'{}'")),
    # The part of the stream's cursor that this report covers; null for a snapshot. What is asked of
    # Amazon may be wider: see asked_since, asked_until.
    Column("since", _TIME),
    Column("until", _TIME),
    Column("asked_since", _TIME),
    Column("asked_until", _TIME),
    Column("status", Text, nullable=False),
    # Null: the intent is stored, createReport has not been answered.
    Column("report_id", Text),
    Column("document_id", Text),
    # Found with getReports instead of asked for.
    Column("adopted", Boolean, nullable=False, server_default=text("false")),
    # How often this window was asked for in a row, this time included.
    Column("tries", Integer, nullable=False, server_default=text("1")),
    # Not before this is createReport called (Amazon's clock).
    Column("ask_at", _TIME),
    Column("intended_at", _TIME, nullable=False),
    # Amazon's own times.
    Column("report_created_at", _TIME),
    Column("report_ended_at", _TIME),
    Column("sync_id", Text, nullable=False),
    Column("charset", Text),
    Column("unknown_columns", JSONB),
    Column("rows_read", Integer, nullable=False, server_default=text("0")),
    Column("rows", Integer, nullable=False, server_default=text("0")),
    Column("rows_unchanged", Integer, nullable=False, server_default=text("0")),
    Column("rows_quarantined", Integer, nullable=False, server_default=text("0")),
    Column("size_bytes", BigInteger),
    # What Amazon says of a report that failed, or what is odd about one that was loaded.
    Column("remark", Text),
    Column("updated_at", _TIME, nullable=False, server_default=func.now()),
    CheckConstraint(
        "status in ('intended', 'in_queue', 'in_progress', 'done', 'cancelled', 'fatal', "
        "'loaded', 'empty', 'too_soon', 'failed', 'dropped')",
        name="status",
    ),
    CheckConstraint("(since is null) = (until is null)", name="window"),
    # An id is loaded once into a scope of a stream, whoever finds it.
    Index(
        "report_request_report_key",
        "connection_id",
        "stream",
        "scope",
        "report_id",
        unique=True,
        postgresql_where=text("report_id is not null"),
    ),
    Index(
        "report_request_open_idx",
        "connection_id",
        "stream",
        postgresql_where=text("status in ('intended', 'in_queue', 'in_progress', 'done')"),
    ),
    Index("report_request_connection_id_report_type_idx", "connection_id", "report_type"),
)

report_cooldown = Table(
    "report_cooldown",
    METADATA,
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), primary_key=True),
    Column("report_type", Text, primary_key=True),
    # createReport of this type was refused (429): nothing of it is asked for before then.
    Column("until", _TIME, nullable=False),
    # How long the last wait was; doubled with each refusal, halved with each acceptance.
    Column("wait", Interval, nullable=False),
)

report_archive = Table(
    "report_archive",
    METADATA,
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), primary_key=True),
    Column("report_type", Text, primary_key=True),
    Column("report_id", Text, primary_key=True),
    Column("document_id", Text, nullable=False),
    Column("content_type", Text),
    # GZIP, or null; the content is as it was downloaded.
    Column("compression", Text),
    Column("content", LargeBinary, nullable=False),
    Column("archived_at", _TIME, nullable=False, server_default=func.now()),
)
