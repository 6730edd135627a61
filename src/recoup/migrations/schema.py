"""All tables of recoup in one place, for Alembic and for the test that compares both."""

from __future__ import annotations

import recoup.audit.tables
import recoup.claims.packs.tables
import recoup.claims.proofs.tables
import recoup.claims.tables
import recoup.connections.tables
import recoup.events.tables
import recoup.notes.tables
import recoup.notifications.tables
import recoup.sync.files.tables
import recoup.sync.record.tables
import recoup.users.tables  # noqa: F401
from recoup.db.metadata import METADATA
from recoup.meanings import meaning_of, meaning_of_table
from recoup.streams import all_streams, purposes

__all__ = ["METADATA", "is_ours"]

all_streams()  # a stream declares its tables when it is imported
for _table in METADATA.tables.values():
    _table.comment = _table.comment or meaning_of_table(_table.name) or purposes().get(_table.name)
    for _column in _table.columns:
        _column.comment = _column.comment or meaning_of(_table.name, _column.name)


def is_ours(name: str | None) -> bool:
    """Whether a table is recoup's own: the job queue's belong to its library."""
    return name is not None and name in METADATA.tables
