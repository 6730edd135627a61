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
    for rows that come late. longest: the longest window the source answers. holdback: how long
    before the present a window must end. token_lifetime: how long a page token is good, so that a
    new worker knows whether it can go on with it.
    """

    history: timedelta
    overlap: timedelta
    holdback: timedelta
    token_lifetime: timedelta
    longest: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A source that tells the present only: every sync reads all of it, in one go."""


class InSandbox(enum.Enum):
    """What Amazon's own sandbox can answer of a source that has no canned request."""

    AS_PRODUCTION = "as production"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Request:
    """One page to ask for. `marketplace_ids` is one id for a stream of scope MARKETPLACE."""

    marketplace_ids: tuple[str, ...]
    window: Window | None
    page_token: str | None


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one item of a page becomes: a row of the main table and rows of the others."""

    row: Row
    parts: Mapping[str, Sequence[Row]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stream:
    """One source and its tables. `name` is the file's name and the main table's.

    table: the main table; parts: tables whose rows belong to a row of it (by its key) and are
    replaced with it. newer_by: a column by which an older version of a row is known and ignored.
    position: the time of an item within its window, to tell how far a window has been read.
    page_size: items on a full page, for estimates only.
    in_sandbox: the one request that Amazon's static sandbox answers, or what it does instead.
    Raised by `parse`: ValueError, KeyError, TypeError or ArithmeticError for an item that it
    cannot read; the item then goes to quarantine.
    """

    name: str
    noun: str
    table: Table
    operation: Operation
    page_size: int
    scope: Scope
    cursor: Windows | Snapshot
    fetch: Callable[[SpApi, Request], Awaitable[OperationPage]]
    parse: Callable[[Mapping[str, Any], Request], Parsed]
    in_sandbox: Callable[[SpApi], Awaitable[OperationPage]] | InSandbox
    parts: tuple[Table, ...] = ()
    newer_by: str | None = None
    position: Callable[[Mapping[str, Any]], datetime] | None = None
