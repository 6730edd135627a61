"""Tables of the proof store: files, and what each of them proves."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP

from recoup.claims.proofs.kinds import ProofKind, SubjectKind
from recoup.db.metadata import METADATA
from recoup.db.words import one_of

_TIME = TIMESTAMP(timezone=True)

# The content of a file, once for each account, however many things it proves. In the database, so
# that it has the same walls, backups and transactions as the claims.
proof_file = Table(
    "proof_file",
    METADATA,
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    CheckConstraint("size_bytes = octet_length(content)", name="size_bytes"),
)

proof = Table(
    "proof",
    METADATA,
    Column("proof_id", Text, primary_key=True),
    Column("connection_id", Text, ForeignKey("amazon_connection.connection_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("added_at", _TIME, nullable=False, server_default=func.now()),
    ForeignKeyConstraint(
        ["connection_id", "sha256"], ["proof_file.connection_id", "proof_file.sha256"]
    ),
    CheckConstraint(one_of("kind", ProofKind), name="kind"),
    CheckConstraint(one_of("subject_kind", SubjectKind), name="subject_kind"),
    Index(
        "proof_subject_key",
        *("connection_id", "subject_kind", "subject", "kind", "sha256"),
        unique=True,
    ),
)
