"""How soon a cancelled sync has really stopped: the answer, the event, and the last call to Amazon.

    python -m benchmarks.cancel --times 20

First syncs are cancelled at moments that are spread over the length of one: while they read pages,
request reports, wait for them, load files and detect. The sandbox keeps Amazon's limits, made
faster, so that they wait for those, too. Target: no call later than a second after the cancel was
asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx2

from benchmarks.service import Process, Seller, client_of, installation

_SPEED = 400.0
_LOOK_SECONDS = 0.02
# A worker that still worked would call again within this time, at the sandbox's speed.
_QUIET_SECONDS = 3.0
_TARGET_SECONDS = 1.0
_ENDS = frozenset({"cancelled", "complete"})


@dataclass(frozen=True)
class Stopped:
    """Seconds from the request for the cancel. percent: how far the sync was."""

    percent: int
    answer: float
    event: float
    last_call: float


async def watch(api: Process, sellers: Sequence[Seller], sandbox: str) -> list[Stopped]:
    """Cancels the first sync of every seller but the first, each a bit later than the one before."""
    first, *others = sellers
    async with client_of(api, first) as client:
        whole = await _whole(client)
    stopped = []
    async with httpx2.AsyncClient(base_url=sandbox) as amazon:
        for number, seller in enumerate(others):
            async with client_of(api, seller) as client:
                one = await _cancelled(client, amazon, whole * number / len(others))
                stopped += [one] if one else []
    return stopped


async def _whole(client: httpx2.AsyncClient) -> float:
    """Seconds of a sync that nobody cancels."""
    began, sync_id = time.perf_counter(), await _start(client)
    async with client.stream("GET", f"/api/sse/sync-progress/{sync_id}") as feed:
        async for line in feed.aiter_lines():
            if line.startswith("data: {") and json.loads(line[6:]).get("status") == "complete":
                break
    return time.perf_counter() - began


async def _cancelled(
    client: httpx2.AsyncClient, amazon: httpx2.AsyncClient, after: float
) -> Stopped | None:
    """None if it ended before."""
    sync_id = await _start(client)
    heard = asyncio.create_task(_hear(client, sync_id))
    await asyncio.sleep(after)
    percent = (await client.get(f"/api/sync/status/{sync_id}")).json()["progress"]
    began = time.perf_counter()
    is_cancelled = (await client.post(f"/api/sync/cancel/{sync_id}")).is_success
    answer = time.perf_counter() - began
    last_call = await _last_call(amazon, began)
    event = await heard - began
    return Stopped(percent, answer, event, last_call) if is_cancelled else None


async def _last_call(amazon: httpx2.AsyncClient, began: float) -> float:
    """When the number of calls last grew; zero if it did not."""
    calls, last = await _calls(amazon), began
    while time.perf_counter() < max(last, began) + _QUIET_SECONDS:
        await asyncio.sleep(_LOOK_SECONDS)
        if (now := await _calls(amazon)) != calls:
            calls, last = now, time.perf_counter()
    return last - began


async def _calls(amazon: httpx2.AsyncClient) -> int:
    answer = (await amazon.get("/_sandbox/calls")).json()
    return sum(operation["calls"] for operation in answer.values())


async def _hear(client: httpx2.AsyncClient, sync_id: str) -> float:
    """When the stream of the sync told its end."""
    async with client.stream("GET", f"/api/sse/sync-progress/{sync_id}") as feed:
        async for line in feed.aiter_lines():
            if line.startswith("data: {") and json.loads(line[6:]).get("status") in _ENDS:
                break
    return time.perf_counter()


async def _start(client: httpx2.AsyncClient) -> str:
    answer = await client.post("/api/sync/start")
    answer.raise_for_status()
    return str(answer.json()["syncId"])


def show(stopped: list[Stopped]) -> None:
    for one in stopped:
        print(
            f"at {one.percent:3} %: answered after {one.answer:.2f} s, told after {one.event:.2f} s, "
            f"last call after {one.last_call:.2f} s"
        )
    if not stopped:
        print("every sync had ended before its cancel: try more orders")
        return
    late = max(one.last_call for one in stopped)
    print(
        f"latest of {len(stopped)}: answer {max(one.answer for one in stopped):.2f} s, event "
        f"{max(one.event for one in stopped):.2f} s, call {late:.2f} s: "
        f"{'met' if late <= _TARGET_SECONDS else 'MISSED'} ({_TARGET_SECONDS:.0f} s)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=20, help="syncs to cancel")
    parser.add_argument("--orders", type=int, default=2000, help="of the seller")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores; {options.orders} orders", flush=True)
    with installation(orders=options.orders, speed=_SPEED) as home:
        sellers = home.sellers([f"A1CANCEL{number}" for number in range(options.times + 1)])
        with home.running("serve", "--port", "0") as api:
            sandbox = home.environ["RECOUP_LOCAL_SANDBOX"]
            show(asyncio.run(watch(api, sellers, sandbox)))


if __name__ == "__main__":
    main()
