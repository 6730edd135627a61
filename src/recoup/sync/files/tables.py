"""The table of files that people have loaded."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Integer, Table, Text, func
from sqlalchemy.dialects.postgresql import TIMESTAMP

from recoup.db.metadata import METADATA

loaded_file = Table(
    "loaded_file",
    METADATA,
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), primary_key=True),
    # SHA-256 of the file as it was given, unpacked from an archive: the same file twice is one.
    Column("sha256", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("charset", Text, nullable=False),
    # Its rows: new or changed, known already, and not readable.
    Column("rows", Integer, nullable=False),
    Column("rows_unchanged", Integer, nullable=False),
    Column("rows_quarantined", Integer, nullable=False),
    # The days it covers: those of its rows, or those that the person named. Null for a snapshot.
    Column("first_on", Date),
    Column("last_on", Date),
    # What is odd about it, in words.
    Column("remark", Text),
    Column("loaded_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
)
