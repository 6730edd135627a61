"""Whether anybody would work on a sync."""

from __future__ import annotations

from sqlalchemy import text

from recoup.db.engine import Reader

# Procrastinate's workers renew their heartbeat every 10 s and count as dead after 30 s.
_ALIVE_SECONDS = 30


async def count_live_workers(conn: Reader) -> int:
    """Workers whose heartbeat is recent."""
    result = await conn.execute(
        text(
            "select count(*) from procrastinate_workers "
            "where last_heartbeat > now() - make_interval(secs => :seconds)"
        ),
        {"seconds": _ALIVE_SECONDS},
    )
    return int(result.scalar_one())
