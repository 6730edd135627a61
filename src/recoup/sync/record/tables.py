"""The state of syncs: the row is the truth, a job only says "look at it"."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
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
from recoup.db.words import one_of
from recoup.sync.record.states import OF_A_SYNC, OPEN, RequestStatus, StreamStatus

_TIME = TIMESTAMP(timezone=True)

sync_progress = Table(
    "sync_progress",
    METADATA,
    Column("sync_id", Text, primary_key=True),
    Column("workspace_id", Text, ForeignKey("workspace.workspace_id"), nullable=False),
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
    # What was to be looked at when it ended: a list of notes. Null while it runs.
    Column("notes", JSONB),
    # The lease: who works on it, until when, and the fencing number of this attempt.
    Column("owner", Text),
    Column("lease_expires_at", _TIME),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    # When one is started again by itself, unless another one has started since.
    Column("retry_at", _TIME),
    CheckConstraint(one_of("status", OF_A_SYNC), name="status"),
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
        "workspace_id",
        "idempotency_key",
        unique=True,
        postgresql_where=text("idempotency_key is not null"),
    ),
    Index("sync_progress_workspace_id_started_at_idx", "workspace_id", "started_at"),
    Index(
        "sync_progress_retry_at_idx",
        "retry_at",
        postgresql_where=text("retry_at is not null"),
    ),
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
    # While it waits for a limit or a report: when it expects to go on.
    Column("waiting_until", _TIME),
    Column("started_at", _TIME),
    Column("completed_at", _TIME),
    CheckConstraint(one_of("status", StreamStatus), name="status"),
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
    # A marketplace id, or '' for a source that is requested once per region.
    Column("scope", Text, primary_key=True),
    # '' for the cursor. Else a dataset: `closed` are the windows that were read while Amazon refused
    # it, and are owed; the other columns are empty.
    Column("without_dataset", Text, primary_key=True, server_default=text("''")),
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
    # The longest window to request, after one was too long to be finished.
    Column("longest_window", Interval),
    # Of a region: the marketplaces that `closed` speaks for. Null: those of the connection.
    Column("marketplace_ids", ARRAY(Text)),
    CheckConstraint("(page_token is null) = (open_since is null)", name="open"),
)

rate_budget = Table(
    "rate_budget",
    METADATA,
    # environment:region:digest of the refresh token and the application (recoup.sync.access).
    Column("account", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("rate", Double, nullable=False),
    Column("burst", Integer, nullable=False),
    # Whether Amazon's header has reported the rate, or it is still the documented default.
    Column("confirmed", Boolean, nullable=False, server_default=text("false")),
    # GCRA: the theoretical arrival time, when the bucket will be full again.
    Column("full_at", _TIME, nullable=False, server_default=func.now()),
    # When a 429 or a header lowered the rate, or the rate was last tried faster after one.
    Column("slowed_at", _TIME),
    # The rate that Amazon's header reported last; the rate may have risen above it since.
    Column("told", Double),
    Column("told_at", _TIME),
)

budget_account = Table(
    "budget_account",
    METADATA,
    # A budget is shared by the connections that name it, and gone with the last of them.
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), primary_key=True),
    Column("account", Text, nullable=False),
    Index("budget_account_account_idx", "account"),
)

api_call = Table(
    "api_call",
    METADATA,
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), primary_key=True),
    # Amazon's day, in UTC.
    Column("day", Date, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("method", Text, nullable=False),
    Column("calls", BigInteger, nullable=False),
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
    # When a source last contained it, and it could not be read.
    Column("told_at", _TIME, nullable=False, server_default=func.now()),
    Index("quarantine_row_key", "connection_id", "stream", "raw_digest", unique=True),
)

report_request = Table(
    "report_request",
    METADATA,
    Column("request_id", BigInteger, Identity(always=True), primary_key=True),
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), nullable=False),
    Column("stream", Text, nullable=False),
    # A marketplace id, or '' for a source that is requested once per region.
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
    # Null: the intent is stored, createReport has not been answered. Followed by `~` and the request's
    # number where Amazon has given the id to another report since.
    Column("report_id", Text),
    Column("document_id", Text),
    # Found with getReports instead of requested.
    Column("adopted", Boolean, nullable=False, server_default=text("false")),
    # How often this window was requested in a row, including this time.
    Column("tries", Integer, nullable=False, server_default=text("1")),
    # Not before this is createReport called (Amazon's clock).
    Column("ask_at", _TIME),
    Column("intended_at", _TIME, nullable=False),
    # When createReport was last sent (PostgreSQL's clock); null: never, or before this was noted.
    Column("sent_at", _TIME),
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
    # The file had so many fewer rows than before that it is requested again (recoup.sync.loading.shrunk).
    Column("shrunk", Boolean, nullable=False, server_default=text("false")),
    Column("updated_at", _TIME, nullable=False, server_default=func.now()),
    CheckConstraint(one_of("status", RequestStatus), name="status"),
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
        postgresql_where=text(one_of("status", OPEN)),
    ),
    Index("report_request_connection_id_report_type_idx", "connection_id", "report_type"),
)

report_cooldown = Table(
    "report_cooldown",
    METADATA,
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), primary_key=True),
    Column("report_type", Text, primary_key=True),
    # createReport of this type was refused (429): none is requested before then.
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

# Files with far fewer rows than an earlier one of the same time, until one is complete again, or
# enough of them had the same number.
shrunk_file = Table(
    "shrunk_file",
    METADATA,
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    # The time, as it was when the first of them came.
    Column("subject", Text, primary_key=True),
    # The days of the last one; null for a snapshot, and last_on also for up to the present.
    Column("first_on", Date),
    Column("last_on", Date),
    # Its rows, and those that there were before.
    Column("told", Integer, nullable=False),
    Column("expected", Integer, nullable=False),
    Column("times", Integer, nullable=False),
    Column("is_believed", Boolean, nullable=False),
    Column("told_at", _TIME, nullable=False, server_default=func.now()),
)
