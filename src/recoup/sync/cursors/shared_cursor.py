"""The cursor of one section, shared by pages and reports."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from recoup.streams._window import Window, subtract
from recoup.sync.cursors.queries import Cursor


@dataclass(slots=True)
class SharedCursor:
    """`cursor`: the stored one, or the one with which this attempt begins.

    Whoever changes it holds `moving` from the reading of the old one until the new one is stored, as
    the other source must not undo it. by_reports: windows that reports of this attempt read;
    requests: the ids of their entries in the ledger.
    """

    cursor: Cursor
    by_reports: tuple[Window, ...] = ()
    requests: frozenset[int] = frozenset()
    moving: asyncio.Lock = field(default_factory=asyncio.Lock)

    def for_pages(self) -> list[Window]:
        """The work that is left to pages."""
        return subtract(self.cursor.todo, self.by_reports)
