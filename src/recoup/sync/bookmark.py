"""The cursor of one section, which pages and reports move side by side."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from recoup.streams.window import Window, subtract
from recoup.sync.cursor_queries import Cursor


@dataclass(slots=True)
class Bookmark:
    """`cursor`: the one that is stored, or that this attempt begins with.

    Whoever changes it holds `moving` from the reading of the old one until the new one is stored, as
    the other source must not undo it. by_reports: windows that reports of this attempt bring;
    requests: the ids of their entries in the ledger.
    """

    cursor: Cursor
    by_reports: tuple[Window, ...] = ()
    requests: frozenset[int] = frozenset()
    moving: asyncio.Lock = field(default_factory=asyncio.Lock)

    def for_pages(self) -> list[Window]:
        """What is to do and is left to pages."""
        return subtract(self.cursor.todo, self.by_reports)
