"""The tables of events: the live feed (`event`) and the user's history (`activity`)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Identity, Index, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from recoup.db.metadata import METADATA

event = Table(
    "event",
    METADATA,
    Column("event_id", BigInteger, Identity(always=True), primary_key=True),
    Column("workspace_id", Text, ForeignKey("workspace.workspace_id"), nullable=False),
    Column("type", Text, nullable=False),
    # What the event is about; of two events with one subject the newer one is complete.
    Column("subject", Text, nullable=False),
    # A step that a reader should see even when a newer state of the subject is there already.
    Column("milestone", Boolean, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Index("event_workspace_id_event_id_idx", "workspace_id", "event_id"),
    Index("event_subject_event_id_idx", "subject", "event_id"),
)

activity = Table(
    "activity",
    METADATA,
    Column("activity_id", BigInteger, Identity(always=True), primary_key=True),
    Column("workspace_id", Text, ForeignKey("workspace.workspace_id"), nullable=False),
    Column("type", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("sync_id", Text),
    Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Index("activity_workspace_id_activity_id_idx", "workspace_id", "activity_id"),
)
