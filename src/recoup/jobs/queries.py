"""Queries of Procrastinate's tables: live workers, and old jobs."""

from __future__ import annotations

from sqlalchemy import text

from recoup.db.engine import Reader, Writer

# Procrastinate's workers renew their heartbeat every 10 s and count as dead after 30 s.
_ALIVE_SECONDS = 30


async def count_live_workers(conn: Reader) -> int:
    """Counts workers with a recent heartbeat. The queue's library knows each as two: of syncs and of
    upkeep.
    """
    result = await conn.execute(
        text(
            "select (count(*) + 1) / 2 from procrastinate_workers "
            "where last_heartbeat > now() - make_interval(secs => :seconds)"
        ),
        {"seconds": _ALIVE_SECONDS},
    )
    return int(result.scalar_one())


async def forget_old_jobs(conn: Writer, *, days: int) -> int:
    """Deletes old jobs, including those that dead workers left as running; returns how many."""
    result = await conn.execute(
        text(
            """
            delete from procrastinate_jobs where id in (
                select job.id from procrastinate_jobs job
                join procrastinate_events event on event.job_id = job.id
                where job.status <> 'todo' and not (job.status = 'doing' and worker_id is not null)
                group by job.id
                having max(event.at) < now() - make_interval(days => :days)
            )
            """
        ),
        {"days": days},
    )
    return result.rowcount
