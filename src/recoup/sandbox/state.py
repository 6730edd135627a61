"""Everything that changes while a sandbox runs."""

from __future__ import annotations

import asyncio

from recoup.sandbox.calls import CallCount
from recoup.sandbox.clock import WorldClock
from recoup.sandbox.config import FaultKind, SandboxConfig
from recoup.sandbox.faults import DrawnFault, draw_fault
from recoup.sandbox.sellers import Sellers
from recoup.sandbox.world.dice import derive_key


class Sandbox:
    """One running sandbox. `stopping` is set when the server goes down: open waits must end."""

    def __init__(self, config: SandboxConfig, clock: WorldClock) -> None:
        self.config = config
        self.clock = clock
        self.sellers = Sellers(config, clock.midnight)
        self.faults = config.faults
        self.stopping = asyncio.Event()
        self._key = derive_key(config.seed)
        self._calls = 0

    def next_fault(self, allowed: frozenset[FaultKind], count: CallCount) -> DrawnFault | None:
        """The fault of the next call, noted in its operation's count."""
        self._calls += 1
        fault = draw_fault(self._key, self._calls, self.faults, allowed)
        if fault is not None:
            count.faults[fault.kind] += 1
        return fault

    async def stopped_within(self, seconds: float) -> bool:
        """Wait so long, but no longer than until the sandbox stops."""
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True
