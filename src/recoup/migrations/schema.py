"""All tables of recoup in one place, for Alembic and for the test that compares both."""

from __future__ import annotations

import recoup.audit.tables
import recoup.claims.tables
import recoup.connections.tables
import recoup.events.tables
import recoup.notes.tables
import recoup.sync.record.tables
import recoup.users.tables  # noqa: F401
from recoup.db.metadata import METADATA
from recoup.streams import all_streams

__all__ = ["METADATA", "is_ours"]

all_streams()  # a stream declares its tables when it is imported


def is_ours(name: str | None) -> bool:
    """Whether a table is recoup's own: the job queue's belong to its library."""
    return name is not None and name in METADATA.tables
