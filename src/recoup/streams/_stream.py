"""What a stream is: a file that declares the source of rows and their tables.

The framework (recoup.sync) runs windows, cursor, transaction, progress, retry and cancel.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Table

from recoup.spapi.client import SpApi
from recoup.spapi.operation import Operation
from recoup.spapi.paging import OperationPage
from recoup.streams._item import Item, Reads
from recoup.streams._report import Report
from recoup.streams._window import Window

Row = Mapping[str, object]


class Scope(enum.Enum):
    """How often a source is requested: per region, or per marketplace."""

    REGION = "region"
    MARKETPLACE = "marketplace"


@dataclass(frozen=True, slots=True)
class Windows:
    """A source that is requested for a period, and whose rows are kept.

    history: how far back the first sync goes. overlap: how much of what was read is read again,
    for rows that come late. holdback: how long before the present a window must end. sweep: how much
    before the overlap is read again bit by bit, a seventh a day. on: the days of the cycle that read
    it (both recoup.streams._turns); none: each sync does. reread_since: a SELECT of the instant from which
    all is read again, where rows come later than any overlap; parameters :connection_id and :now.
    """

    history: timedelta
    overlap: timedelta
    holdback: timedelta
    sweep: timedelta = timedelta(0)
    on: tuple[int, ...] = ()
    reread_since: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A source that reports only the present: a sync reads all of it at once.

    on: the days of the cycle that read it (recoup.streams._turns); none: each sync does.
    """

    on: tuple[int, ...] = ()


class InSandbox(enum.Enum):
    """What Amazon's own sandbox can answer for a source without a canned request."""

    AS_PRODUCTION = "as production"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Request:
    """One page to request. `marketplace_ids` is one id for a stream of scope MARKETPLACE.

    without: datasets of the source (Api.datasets) that Amazon refuses at present.
    """

    marketplace_ids: tuple[str, ...]
    window: Window | None
    page_token: str | None
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Parsed:
    """The result for one item of a page: a row of the main table and rows of the others."""

    row: Row
    parts: Mapping[str, Sequence[Row]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Api:
    """A source that returns rows page by page, as JSON.

    page_size: items on a full page, for estimates only.
    position: the time of an item within its window, to show how far a window has been read.
    token_lifetime: how long a page token is good, so that a new worker knows whether it can go on
    with it. longest: the longest window the source answers.
    names_marketplaces: a regional source whose request lists marketplaces, so that one which is
    refused can be left out. datasets: parts of an answer that can be left out also.
    refused_means: why Amazon answers 400 for every marketplace of an account that cannot have the data;
    None: such an answer is a failure.
    another: for an item whose key another one of its page has, with its number among them: itself
    with a key of its own, or None if it is the same thing twice.
    in_sandbox: the one request that Amazon's static sandbox answers, or what it does instead.
    reads: what `parse` and `position` read of an item; the rest is dropped before.
    Raised by `parse`: ValueError, KeyError, TypeError or ArithmeticError for an item that it
    cannot read; the item then goes to quarantine.
    """

    operation: Operation
    page_size: int
    fetch: Callable[[SpApi, Request], Awaitable[OperationPage]]
    parse: Callable[[Item, Request], Parsed]
    reads: Reads
    in_sandbox: Callable[[SpApi], Awaitable[OperationPage]] | InSandbox
    position: Callable[[Item], datetime] | None = None
    token_lifetime: timedelta = timedelta(0)
    longest: timedelta | None = None
    names_marketplaces: bool = False
    datasets: tuple[str, ...] = ()
    refused_means: str | None = None
    another: Callable[[Parsed, int], Parsed | None] = lambda _parsed, _number: None


@dataclass(frozen=True, slots=True)
class Again:
    """Changes that a source does not report by itself: requested by id after its windows.

    ids: a SELECT of ids, with the parameters :connection_id, :marketplace_id and :today (a date of
    Amazon's clock). at_once: how many of them one call may name. fetch: requests some, of a marketplace;
    its items are parsed like those of the source. The first sync requests nothing again.
    """

    ids: str
    at_once: int
    operation: Operation
    fetch: Callable[[SpApi, str, Sequence[str]], Awaitable[OperationPage]]


@dataclass(frozen=True, slots=True)
class History:
    """A table of our own for data that Amazon does not keep: earlier values of a stream's columns.

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
    (recoup.sync.planning.plan). again: what a stream of scope MARKETPLACE requests by id as well.
    aged_by: an expression, the day or time by which a row of the table is too old to be kept
    (docs/security.md#retention). None for what Amazon reports of the present.
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
    again: Again | None = None
    aged_by: str | None = None

    @property
    def names_marketplaces(self) -> bool:
        """Whether requests name marketplaces."""
        by_api = self.api is not None and self.api.names_marketplaces
        return by_api or (self.report is not None and not self.report.discovered)
