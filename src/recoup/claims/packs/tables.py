"""Which claims were filed as one pack, and under which case."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from recoup.db.metadata import METADATA

pack_filing = Table(
    "pack_filing",
    METADATA,
    Column("filing_id", BigInteger, Identity(always=True), primary_key=True),
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), nullable=False),
    Column("pack_id", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    # Ids of the claims as they were filed, each with the version of it.
    Column("claims", JSONB, nullable=False),
    Column("filed_by", Text, nullable=False),
    Column("filed_at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    Index("pack_filing_pack_id_idx", "connection_id", "pack_id", "filing_id"),
)
