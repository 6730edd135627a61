"""`recoup worker` for a few streams only, so that a sync takes seconds.

    python -m tests.support.worker_process orders,reimbursements [STEP NTH VICTIM]

With a step it dies there, or its PostgreSQL does (tests.support.dying_process).
"""

from __future__ import annotations

import sys

from recoup.cli.entrance import enter
from recoup.cli.running import end_in_order, run_loop, run_services
from recoup.cli.storage import fitting_database, opened
from recoup.config import Settings
from recoup.jobs.worker import Worker
from recoup.streams import all_streams
from tests.support.dying_process import die_at, striker

_THESE = 2


def _main() -> None:
    end_in_order()
    names = sys.argv[1].split(",")
    if len(sys.argv) > _THESE:
        step, nth, victim = sys.argv[2:]
        die_at(step, int(nth), striker(victim))
    settings = enter(quiet=False)
    with fitting_database(settings) as url:
        run_loop(_work(settings, url, names))


async def _work(settings: Settings, url: str, names: list[str]) -> None:
    streams = [stream for stream in all_streams() if stream.name in names]
    assert len(streams) == len(names), names
    async with opened(url) as database:
        await run_services([Worker(settings, database, streams=streams).run])


if __name__ == "__main__":
    _main()
