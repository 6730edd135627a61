"""`make chaos`: sellers sync while everything below them is hurt; then nothing may be missing.

    python -m tests.chaos --seed 1 --sellers 50 --blows 300

The same seed deals the same blows. A failed run prints the command that repeats it. See docs/chaos.md.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from recoup.cli.running import end_in_order
from recoup.db.embedded import EmbeddedServer
from recoup.db.engine import Database
from recoup.migrations.upgrade import upgrade
from tests.chaos.blows import Hand
from tests.chaos.content import Content, differences
from tests.chaos.installation import Installation, installed
from tests.chaos.schedule import schedule
from tests.support.sse_reader import SseReader

FEW = "inventory,ledger,orders,reimbursements"
_PATIENCE_SECONDS = 1800.0
_ASKED = "select count(*) from report_request where report_id is not null and not adopted"
_UNHEARD = (
    "select coalesce(string_agg(concat_ws(' ', request_id, stream, scope, status, tries, intended_at,"
    " sent_at, remark), '; '), 'none') from report_request where sent_at is not null and report_id is null"
)
_BUSY = (
    "select count(*) from procrastinate_jobs j where j.queue_name = 'sync' and j.status = 'todo'"
    " and j.scheduled_at is null"
)


class Frontends:
    """Starts each seller's next sync when the last one has ended, and follows every one."""

    def __init__(self, at: Installation) -> None:
        self._at = at
        self._running: dict[str, str] = {}
        self.readers: list[SseReader] = []
        self._number = 0

    def tend(self) -> None:
        """Start what is not running. What the API does not answer is tried again later."""
        ended = self._ended()
        self._running = {s: sync for s, sync in self._running.items() if sync not in ended}
        for seller in self._at.sellers:
            if seller not in self._running:
                self._start(seller)

    def have_started(self) -> bool:
        """Start what is not running, until each seller has had a sync."""
        self.tend()
        return len(self.readers) >= len(self._at.sellers)

    def _ended(self) -> set[str]:
        return {one.sync_id for one in self.readers if one.has_ended}

    def _start(self, seller: str) -> None:
        self._number += 1
        try:
            with httpx2.Client(
                base_url=self._at.api_url(),
                headers={"authorization": f"Bearer {self._at.stack.token}"},
                timeout=20,
            ) as http:
                answer = http.post("/api/sync/start", json={"connectionId": seller})
        except httpx2.HTTPError:
            return
        # One that began although its answer was lost is running already, and named.
        if answer.status_code in {200, 409} and (sync_id := answer.json().get("syncId")):
            self._running[seller] = sync_id
            reader = SseReader(self._at.api_url, self._at.stack.token, sync_id)
            self.readers.append(reader)


def main() -> int:
    end_in_order()
    options = _options()
    replay = shlex.join(["python", "-m", "tests.chaos", *sys.argv[1:]])
    if "--seed" not in sys.argv:
        replay += f" --seed {options.seed}"
    began = time.monotonic()

    def say(words: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:7.1f} s  {words}\n")
        sys.stdout.flush()

    streams = FEW if options.few else None
    say(replay)
    try:
        with opened_server() as (server, folder):
            with installed(server, "calm", folder, orders=options.orders, streams=streams) as at:
                at.open(options.sellers)
                calm = _calm(at)
                say(f"calm: {options.sellers} sellers synced")
            with installed(server, "chaos", folder, orders=options.orders, streams=streams) as at:
                at.open(options.sellers)
                _chaos(at, options, calm, say)
    except AssertionError as exc:
        say(f"FAILED: {exc}")
        say(f"again: {replay}")
        return 1
    say("nothing lost, nothing doubled, nothing stuck")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 100_000)
    parser.add_argument("--sellers", type=int, default=50)
    parser.add_argument("--blows", type=int, default=300)
    parser.add_argument("--orders", type=int, default=60, help="orders of each seller")
    parser.add_argument("--pace", type=float, default=1, help="factor for the time between blows")
    parser.add_argument("--few", action="store_true", help=f"only {FEW}")
    return parser.parse_args()


@contextmanager
def opened_server() -> Iterator[tuple[EmbeddedServer, Path]]:
    """A PostgreSQL with the current schema in `template`, and the folder for what belongs to it."""
    memory = Path("/dev/shm")
    parent = memory if memory.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="recoup-chaos-", dir=parent))
    folder.chmod(0o711)
    try:
        with EmbeddedServer(folder) as server:
            with psycopg.connect(server.superuser_url("postgres"), autocommit=True) as conn:
                conn.execute("alter system set fsync = off")  # processes die, not the machine
                conn.execute("select pg_reload_conf()")
            server.create_database("template")
            upgrade(Database(server.url("template")))
            yield server, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _calm(at: Installation) -> dict[str, Content]:
    frontends = Frontends(at)
    at.until(frontends.have_started, "all have started", 120)
    _end(at, frontends)
    _check_ends(at)
    return {seller: at.content(seller) for seller in at.sellers}


def _chaos(
    at: Installation, options: argparse.Namespace, calm: dict[str, Content], say: Any
) -> None:
    frontends, hand = Frontends(at), Hand(at, say)
    hand.deal(schedule(options.seed, options.blows, pace=options.pace), frontends.tend)
    say(f"dealt: {dict(hand.dealt)}; not possible here: {hand.missing or 'none'}")
    _end(at, frontends)
    # What ran when the last blow fell may have been the first sync; one more sees the whole.
    again = Frontends(at)
    at.until(again.have_started, "all have started again", 300)
    _end(at, again)
    returns = sum(one.returns for one in frontends.readers)
    say(f"{len(frontends.readers)} syncs, each followed to its end with {returns} returns in all")
    _check(at, calm, say)


def _end(at: Installation, frontends: Frontends) -> None:
    count = "select count(*) from sync_progress where status = 'in_progress'"
    at.until(lambda: at.stack.scalar(count) == 0, "every sync ends", _PATIENCE_SECONDS)
    for reader in frontends.readers:
        reader.end(within_seconds=180)


def _check_ends(at: Installation) -> None:
    failed = at.stack.scalar(
        "select coalesce(string_agg(distinct coalesce(error, status), '; '), '') from sync_progress"
        " where status <> 'complete'"
    )
    assert not failed, f"syncs failed: {failed}"


def _check(at: Installation, calm: dict[str, Content], say: Any) -> None:
    scalar = at.stack.scalar
    assert not at.fell, "processes ended by themselves:\n" + "\n".join(at.fell)
    _check_ends(at)
    differing = []
    for number, (seller, expected) in enumerate(zip(at.sellers, calm.values(), strict=True)):
        differing += [
            f"seller {number}, {one}" for one in differences(expected, at.content(seller))
        ]
    assert not differing, "\n".join(differing)
    calls = httpx2.get(at.stack.sandbox_url + "/_sandbox/calls").json()
    of_reports = calls["createReport"]
    made, asked = of_reports["accepted"], scalar(_ASKED)
    refused = of_reports["calls"] - made
    say(
        f"createReport accepted {made} times and refused {refused} times, {asked} reports in the"
        f" ledger; {len(calm)} sellers alike"
    )
    assert made == asked, (
        f"a report was asked for twice, or its id was lost; sent and never heard of: {scalar(_UNHEARD)}"
    )
    assert scalar(_BUSY) == 0, "jobs are left in the queue"


if __name__ == "__main__":
    sys.exit(main())
