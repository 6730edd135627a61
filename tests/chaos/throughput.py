"""What each shape of trouble leaves of the throughput, once it is over.

    python -m tests.chaos.throughput --sellers 8

A round is a daily sync of every seller, all started at once. Before the trouble and after it the quickest
of a few rounds counts, so that what else the machine does disturbs little. In between is a round that the
trouble hits. Queues are known to come back from these five with 0 to 99 % of what they did before.

It fails where less than 95 % comes back of what comes back after no trouble at all.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from tests.chaos.__main__ import FEW, Frontends, opened_server
from tests.chaos.installation import Installation, installed

_ROUND_SECONDS = 1200.0
_HELD_SECONDS = 10.0
_KILLS = 5
_LEAST = 0.95


def _crash(at: Installation) -> None:
    at.workers[0].process.kill()


def _exhaust(at: Installation) -> None:
    with at.exhausted():
        time.sleep(_HELD_SECONDS)


def _kill_again_and_again(at: Installation) -> None:
    for number in range(_KILLS):
        at.workers[number % len(at.workers)].process.kill()
        at.supervise()
        time.sleep(2)


def _nothing(_at: Installation) -> None:
    """What there is afterwards without any trouble: each sync leaves a longer history behind."""


SHAPES: dict[str, Callable[[Installation], None]] = {
    "nothing": _nothing,
    "process crash": _crash,
    "PostgreSQL restart": Installation.restart_postgres,
    "backends killed": Installation.end_backends,
    "pool exhausted": _exhaust,
    "repeated kills": _kill_again_and_again,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.throughput")
    parser.add_argument("--sellers", type=int, default=8)
    parser.add_argument("--orders", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shape", choices=SHAPES, action="append")
    options = parser.parse_args()
    back: dict[str, float] = {}
    with opened_server() as (server, folder):
        for number, shape in enumerate(options.shape or SHAPES):
            name = f"shape_{number}"
            with installed(server, name, folder, orders=options.orders, streams=FEW) as at:
                at.open(options.sellers)
                _round(at)  # the first sync of each, which is another work
                before = min(_round(at) for _ in range(options.rounds))
                _round(at, SHAPES[shape])
                after = min(_round(at) for _ in range(options.rounds))
            back[shape] = before / after
            sys.stdout.write(
                f"{shape:20} before {options.sellers / before:6.2f} syncs/s, after"
                f" {options.sellers / after:6.2f}: {back[shape]:.0%}\n"
            )
            sys.stdout.flush()
    least = _LEAST * min(1.0, back.get("nothing", 1.0))
    lost = [shape for shape, share in back.items() if share < least]
    if lost:
        sys.stdout.write(f"FAILED: less than {least:.0%} after {', '.join(lost)}\n")
    return 1 if lost else 0


def _round(at: Installation, strike: Callable[[Installation], None] | None = None) -> float:
    """Seconds that a sync of every seller took."""
    frontends = Frontends(at)
    began = time.monotonic()
    at.until(frontends.have_started, "all have started", _ROUND_SECONDS)
    if strike is not None:
        strike(at)
    count = "select count(*) from sync_progress where status = 'in_progress'"
    at.until(lambda: at.stack.scalar(count) == 0, "every sync ends", _ROUND_SECONDS)
    took = time.monotonic() - began
    for reader in frontends.readers:
        reader.end(within_seconds=180)
    return took


if __name__ == "__main__":
    sys.exit(main())
