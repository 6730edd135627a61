"""What the roles in which recoup works may not do: change the schema, end another connection."""

from __future__ import annotations

from sqlalchemy import text

from recoup.db.engine import Writer
from recoup.db.roles import DatabaseRole


async def run_as_owner(conn: Writer, *statements: str) -> None:
    """Runs the statements as the owner of the tables; then the connection is the worker's again."""
    for statement in ("set local role none", *statements, f"set local role {DatabaseRole.WORKER}"):
        await conn.execute(text(statement))
