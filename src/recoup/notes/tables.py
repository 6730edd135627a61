"""The table of notes: what a person should see, and what claim rules must treat as not read."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, Text, func
from sqlalchemy.dialects.postgresql import TIMESTAMP

from recoup.db.metadata import METADATA

stream_note = Table(
    "stream_note",
    METADATA,
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), primary_key=True),
    Column("stream", Text, primary_key=True),
    # A marketplace id, or '' for a source that is requested once per region.
    Column("scope", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("message", Text, nullable=False),
    Column("since", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Column("look_again_at", TIMESTAMP(timezone=True)),
)
