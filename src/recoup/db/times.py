"""Times as text, written by PostgreSQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, case, func, literal_column

# Spelt out, so that a statement binds nothing but what was asked.
_SECONDS: ColumnElement[str] = literal_column("""'YYYY-MM-DD"T"HH24:MI:SS"Z"'""")
_MILLISECONDS: ColumnElement[str] = literal_column("""'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'""")
_SECOND: ColumnElement[str] = literal_column("'second'")
_MILLISECOND: ColumnElement[str] = literal_column("'milliseconds'")


def rfc3339(column: ColumnElement[datetime]) -> ColumnElement[str]:
    """As `recoup.clock.to_rfc3339`. The session is in UTC, as each of `Database`'s is."""
    is_whole = func.date_trunc(_MILLISECOND, column) == func.date_trunc(_SECOND, column)
    return func.to_char(column, case((is_whole, _SECONDS), else_=_MILLISECONDS))
