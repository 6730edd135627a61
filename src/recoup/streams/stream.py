"""What a stream is: a file that declares where rows come from and what they become.

The framework (recoup.sync) runs windows, cursor, transaction, progress, retry and cancel.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table

from recoup.spapi.client import SpApi
from recoup.spapi.operation import Operation
from recoup.spapi.paging import OperationPage
from recoup.streams.report import Report
from recoup.streams.window import Window

Row = Mapping[str, object]


class Scope(enum.Enum):
    """How often a source is asked: its answer covers a region, or one marketplace only."""

    REGION = "region"
    MARKETPLACE = "marketplace"


@dataclass(frozen=True, slots=True)
class Windows:
    """A source that is asked for a time and keeps what it answered.

    history: how far back the first sync goes. overlap: how much of what was read is read again,
    for rows that come late. holdback: how long before the present a window must end. sweep: how much
    before the overlap is read again bit by bit, a seventh a day. on: the days of the cycle that read
    it (both recoup.streams.turns); none: each sync does.
    """

    history: timedelta
    overlap: timedelta
    holdback: timedelta
    sweep: timedelta = timedelta(0)
    on: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A source that tells the present only: a sync reads all of it, in one go.

    on: the days of the cycle that read it (recoup.streams.turns); none: each sync does.
    """

    on: tuple[int, ...] = ()


class InSandbox(enum.Enum):
    """What Amazon's own sandbox can answer of a source that has no canned request."""

    AS_PRODUCTION = "as production"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Request:
    """One page to ask for. `marketplace_ids` is one id for a stream of scope MARKETPLACE.

    without: datasets of the source (Api.datasets) that Amazon refuses at present.
    """

    marketplace_ids: tuple[str, ...]
    window: Window | None
    page_token: str | None
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one item of a page becomes: a row of the main table and rows of the others."""

    row: Row
    parts: Mapping[str, Sequence[Row]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Api:
    """Where rows come from page by page, as JSON.

    page_size: items on a full page, for estimates only.
    position: the time of an item within its window, to tell how far a window has been read.
    token_lifetime: how long a page token is good, so that a new worker knows whether it can go on
    with it. longest: the longest window the source answers.
    names_marketplaces: a regional source whose request lists marketplaces, so that one which is
    refused can be left out. datasets: parts of an answer that can be left out likewise.
    another: for an item whose key another one of its page has, with its number among them: itself
    with a key of its own, or None when it is the same thing told twice.
    in_sandbox: the one request that Amazon's static sandbox answers, or what it does instead.
    Raised by `parse`: ValueError, KeyError, TypeError or ArithmeticError for an item that it
    cannot read; the item then goes to quarantine.
    """

    operation: Operation
    page_size: int
    fetch: Callable[[SpApi, Request], Awaitable[OperationPage]]
    parse: Callable[[Mapping[str, Any], Request], Parsed]
    in_sandbox: Callable[[SpApi], Awaitable[OperationPage]] | InSandbox
    position: Callable[[Mapping[str, Any]], datetime] | None = None
    token_lifetime: timedelta = timedelta(0)
    longest: timedelta | None = None
    names_marketplaces: bool = False
    datasets: tuple[str, ...] = ()
    another: Callable[[Parsed, int], Parsed | None] = lambda _parsed, _number: None


@dataclass(frozen=True, slots=True)
class History:
    """A table of our own that keeps what Amazon forgets: earlier values of a stream's columns.

    Its key is that of the main table and `seen_at`, when a sync first saw the values of `tracked`;
    a row is added only when one of them has changed.
    """

    table: Table
    tracked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of data and its tables. `name` is the file's name and the main table's.

    table: the main table; parts: tables whose rows belong to a row of it (by its key) and are
    replaced with it. newer_by: a column by which an older version of a row is known and ignored.
    api, report: the sources, at least one; with both, the plan of a sync chooses per window
    (recoup.sync.plan).
    """

    name: str
    noun: str
    table: Table
    scope: Scope
    cursor: Windows | Snapshot
    api: Api | None = None
    report: Report | None = None
    parts: tuple[Table, ...] = ()
    newer_by: str | None = None
    history: History | None = None

    @property
    def names_marketplaces(self) -> bool:
        """Whether Amazon is told for which marketplaces it is asked."""
        by_api = self.api is not None and self.api.names_marketplaces
        return by_api or (self.report is not None and not self.report.discovered)
