"""The mutable state of a running sandbox."""

from __future__ import annotations

import asyncio
from collections import Counter

from recoup.sandbox.calls import CallCount
from recoup.sandbox.clock import WorldClock
from recoup.sandbox.config import Fault, FaultKind, SandboxConfig
from recoup.sandbox.destinations import Destinations
from recoup.sandbox.faults import DrawnFault, Numbered, draw_fault
from recoup.sandbox.oddities import load_oddities
from recoup.sandbox.report_jobs.store import ReportStore
from recoup.sandbox.sellers import Sellers
from recoup.sandbox.world.dice import derive_key


class Sandbox:
    """One running sandbox. `stopping` is set when the server goes down: open waits must end."""

    def __init__(self, config: SandboxConfig, clock: WorldClock) -> None:
        self.config = config
        self.clock = clock
        self.sellers = Sellers(config, clock.midnight)
        self.reports = ReportStore(config.state_dir)
        self.destinations = Destinations()
        self.faults = config.faults
        self.oddities = load_oddities(config.odd)
        self.refused: frozenset[str] = frozenset()
        """Names of operations, marketplaces and datasets that are refused for the time being."""
        self.document_calls = CallCount()
        self.stopping = asyncio.Event()
        self.key = derive_key(config.seed)
        self._calls = 0
        self._calls_of: Counter[str] = Counter()

    def set_faults(self, faults: tuple[Fault, ...]) -> None:
        """Replaces the faults; the calls of each operation are counted from 1 again."""
        self.faults = faults
        self._calls_of.clear()

    def next_fault(
        self, operation: str, allowed: frozenset[FaultKind], count: CallCount
    ) -> DrawnFault | None:
        """The fault of the next call of an operation, recorded in its count."""
        self._calls += 1
        self._calls_of[operation] += 1
        call = Numbered(self._calls, operation, self._calls_of[operation])
        fault = draw_fault(self.key, call, self.faults, allowed)
        if fault is not None:
            count.faults[fault.kind] += 1
        return fault

    async def stopped_within(self, seconds: float) -> bool:
        """Waits this long, or until the sandbox stops."""
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True
