"""The table of the audit log. The API may add to it; nobody may change what it says."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Index, Table, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

from recoup.db.metadata import METADATA

# No foreign keys: an entry outlives what it is about.
audit_entry = Table(
    "audit_entry",
    METADATA,
    Column("entry_id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", TIMESTAMP(timezone=True), nullable=False, server_default=func.now()),
    # Whose owners read it. None: a failed attempt to sign in as nobody.
    Column("workspace_id", Text),
    Column("action", Text, nullable=False),
    Column("subject", Text),
    Column("details", JSONB, nullable=False, server_default=text("'{}'")),
    # None: somebody who was not signed in. `recoup`: the schedule, or a command on the machine.
    Column("who", Text),
    Column("user_id", Text),
    Column("credential_id", Text),
    Column("address", Text),
    Column("user_agent", Text),
    Index("audit_entry_workspace_id_entry_id_idx", "workspace_id", "entry_id"),
    Index("audit_entry_at_idx", "at"),
)
