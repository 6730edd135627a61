"""A stream's progress in its worker's memory; everything that must survive is in the tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from recoup.errors import NotAvailableError, RecoupError
from recoup.spapi.operation import Operation
from recoup.spapi.operations.reports import (
    CREATE_REPORT,
    GET_REPORT,
    GET_REPORT_DOCUMENT,
    GET_REPORTS,
)
from recoup.streams._item import Item
from recoup.streams._stream import Api, Stream
from recoup.streams._window import Window, share_done, subtract
from recoup.sync.record.channel import Channel
from recoup.sync.record.counts import Loaded
from recoup.sync.record.progress import AwaitedReports, Hindrance, StreamProgress, estimate_rows

# The share of a report's work that is done when it is requested, ready, and loaded.
ASKED_SHARE, READY_SHARE, LOADED_SHARE = 0.05, 0.2, 1.0


@dataclass(frozen=True, slots=True)
class SectionRefusal:
    """Marketplaces of a section that Amazon refuses, and its answer."""

    scope: str
    marketplace_ids: tuple[str, ...]
    error: RecoupError


@dataclass(slots=True)
class StreamState:
    """Counts of one stream over all attempts of a sync, and the progress of its scopes.

    unavailable: why the account cannot have the data; was_unavailable: whether one call is to find out
    if that is still so. without: datasets that are not requested;
    refused_datasets: those of them that Amazon refused in this attempt, with its answer. refusals:
    what else was refused so far.
    """

    stream: Stream
    rows: int = 0
    rows_read: int = 0
    pages: int = 0
    known_rows: int | None = None
    finished: bool = False
    fractions: dict[str, float] = field(default_factory=dict)
    scopes: int = 1
    channels: dict[str, frozenset[Channel]] = field(default_factory=dict)
    """The current channel of each scope."""
    waiting_until: float = 0.0
    hindrance: Hindrance | None = None
    unavailable: NotAvailableError | None = None
    was_unavailable: bool = False
    without: frozenset[str] = frozenset()
    refused_datasets: dict[str, RecoupError] = field(default_factory=dict)
    refusals: list[SectionRefusal] = field(default_factory=list)
    # Of a stream that is read by reports: the share of each that is done.
    reports: dict[tuple[str, int], float] = field(default_factory=dict)
    # Of each scope: the share of its time that reports read, and how far each channel is.
    by_reports: dict[str, float] = field(default_factory=dict)
    done: dict[tuple[str, Channel], float] = field(default_factory=dict)

    @property
    def operations(self) -> frozenset[Operation]:
        """The operations whose limits this stream waits for."""
        found: set[Operation] = set()
        if self._is_read_by(Channel.API):
            found.add(self.api.operation)
        if self._is_read_by(Channel.REPORT):
            found |= {CREATE_REPORT, GET_REPORT, GET_REPORTS, GET_REPORT_DOCUMENT}
        return frozenset(found)

    def _is_read_by(self, channel: Channel) -> bool:
        """Before anything is read: by pages if there are any."""
        if not self.channels:
            return channel is (Channel.REPORT if self.stream.api is None else Channel.API)
        return any(channel in found for found in self.channels.values())

    @property
    def api(self) -> Api:
        """The paged API of a stream that has one."""
        api = self.stream.api
        assert api is not None
        return api

    @property
    def fraction(self) -> float:
        """The share of the finished work: 1 only at the end."""
        if self.finished:
            return 1.0
        return min(0.99, sum(self.fractions.values()) / max(1, self.scopes))

    def expected_rows(self) -> int | None:
        """An estimate until the stream is finished.

        A snapshot and a report have no known total, and how much has changed shows only at the end.
        """
        if self.finished:
            return self.rows
        if self._is_read_by(Channel.REPORT) or self.api.position is None:
            return None
        return estimate_rows(rows=self.rows, read=self.rows_read, fraction=self.fraction)

    def progress(self, *, at: float) -> StreamProgress:
        return StreamProgress(
            noun=self.stream.noun,
            rows=self.rows,
            expected=self.expected_rows(),
            fraction=self.fraction,
            waiting_seconds=max(0.0, self.waiting_until - at),
            awaited=self._awaited(),
            hindrance=self.hindrance,
        )

    def _awaited(self) -> AwaitedReports | None:
        """The reports in progress at Amazon; None if all requested ones are ready."""
        ready = sum(share >= READY_SHARE for share in self.reports.values())
        if ready == len(self.reports):
            return None
        return AwaitedReports(self.stream.name.replace("_", " "), ready, len(self.reports))

    def note_report(self, key: tuple[str, int], share: float) -> None:
        """Records the progress of a report (`key`: scope and request), from 0 to 1 (loaded)."""
        self.reports[key] = share
        self._weigh_reports(key[0])

    def forget_report(self, key: tuple[str, int]) -> None:
        """Removes a report that others replace."""
        self.reports.pop(key, None)
        self._weigh_reports(key[0])

    def _weigh_reports(self, scope: str) -> None:
        shares = [share for (of, _), share in self.reports.items() if of == scope]
        if shares:
            self.advance(scope, Channel.REPORT, sum(shares) / len(shares))

    def divide(self, scope: str, whole: Sequence[Window], by_reports: Sequence[Window]) -> None:
        """Divides a scope: reports read some windows, pages the rest."""
        self.by_reports[scope] = share_done(whole, subtract(whole, by_reports))
        for channel in Channel:
            self.done.pop((scope, channel), None)

    def advance(self, scope: str, channel: Channel, share: float) -> None:
        """Records that a channel has read this share, from 0 to 1, of its part of a scope."""
        self.done[scope, channel] = share
        weight = self.by_reports.get(scope, float(channel is Channel.REPORT))
        by_reports = self.done.get((scope, Channel.REPORT), 0.0)
        by_pages = self.done.get((scope, Channel.API), 0.0)
        done = weight * by_reports + (1 - weight) * by_pages
        self.fractions[scope] = max(self.fractions.get(scope, 0.0), done)

    def count_file(self, read: int, loaded: int) -> None:
        """Records a loaded and committed file."""
        self.rows += loaded
        self.rows_read += read
        self.pages += 1

    def count_page(self, loaded: Loaded, scope: str, share: float) -> None:
        """Records a committed page, and the progress of its scope by pages."""
        self.count_file(loaded.read, loaded.loaded)
        self.advance(scope, Channel.API, share)

    def after(self, loaded: Loaded, scope: str, share: float) -> StreamState:
        """The state after a page is committed."""
        ahead = replace(self, fractions=dict(self.fractions), done=dict(self.done))
        ahead.count_page(loaded, scope, share)
        return ahead

    def covered(
        self,
        reached: datetime | None,
        open_window: Window | None,
        whole: Sequence[Window],
        todo: Sequence[Window],
    ) -> float:
        """How far pages are with `whole`: what is no longer to do, and the open window up to its
        newest item.

        Without times, by rows: always nearer to the end, and never there.
        """
        if self.api.position is None:
            return self.rows_read / max(self.known_rows or 0, self.rows_read + self.api.page_size)
        if open_window is not None and reached is not None and open_window.since < reached:
            until = min(reached, open_window.until)
            todo = subtract(todo, [Window(open_window.since, until)])
        return share_done(whole, todo)


def newest_position(api: Api, items: Sequence[Item]) -> datetime | None:
    """The time of the newest readable item of a page."""
    if api.position is None:
        return None
    times = []
    for item in items:
        try:
            times.append(api.position(item))
        except (ValueError, KeyError, TypeError):
            continue  # it goes to quarantine, and says nothing about how far the page reaches
    return max(times, default=None)
