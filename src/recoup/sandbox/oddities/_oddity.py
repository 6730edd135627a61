"""What a kind of oddity may change: report files, the fate of a report, answers of the API."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from recoup.sandbox.answers import Json
from recoup.sandbox.report_jobs.record import ReportRecord
from recoup.sandbox.reports.report import Header, ReportRequest, ReportType, Row, Sheet
from recoup.sandbox.world.seller import SellerWorld

if TYPE_CHECKING:
    from recoup.sandbox.gateway import Call

__all__ = ["File", "Header", "Json", "Oddity", "Row", "Sheet", "Step"]


class Step(enum.IntEnum):
    """When a kind is applied. The headings that a kind looks for are the official ones up to HEADINGS."""

    CONTENT = 1
    AMOUNT = 2
    """The number of rows."""
    HEADINGS = 3
    LAYOUT = 4


@dataclass(frozen=True)
class File:
    """The file of one report: `pull` counts the similar reports requested before, from 0."""

    kind: ReportType
    world: SellerWorld
    request: ReportRequest
    pull: int = 0


@dataclass(frozen=True)
class Packing:
    """How a file is packed: `told` is its compressionAlgorithm, `layers` the real compression."""

    told: bool
    layers: int


class SheetChange(Protocol):
    """Makes an ordinary file odd."""

    def __call__(self, sheet: Sheet, file: File) -> Sheet: ...


@dataclass(frozen=True)
class Oddity:
    """One kind; every part that is None stays unchanged.

    `sheet` changes a file before it is written,
    `packing` how it is compressed. `verdict` changes what becomes of
    a report when it is requested. `before` is called before an operation: it may raise ApiError, or
    return the answer in its place. `answer` changes the body of an operation by its name.
    `check` raises ApiError for marketplaces that are only listed.
    """

    step: Step
    sheet: SheetChange | None = None
    packing: Callable[[ReportRecord, Packing], Packing] | None = None
    verdict: Callable[[ReportRecord], ReportRecord] | None = None
    before: Callable[[Call, str], Json] | None = None
    answer: Callable[[Call, str, Json], Json] | None = None
    check: Callable[[tuple[str, ...]], None] | None = None
    hides_facts: bool = False
    """Whether a fact of the world may be nowhere told any more, by this kind alone or beside others: a
    client can then prove fewer claims."""


def sheet_changes(oddities: Sequence[Oddity], file: File) -> list[Callable[[Sheet], Sheet]]:
    """The changes of the kinds to one file, in their order."""
    return [partial(one.sheet, file=file) for one in oddities if one.sheet is not None]


def each_row(sheet: Sheet, change: Callable[[dict[str, str]], Iterator[dict[str, str]]]) -> Sheet:
    """The sheet with every row replaced by none, one or more, by the names of its columns."""

    def rows() -> Iterator[Row]:
        for row in sheet.rows:
            for told in change(dict(zip(sheet.header, row, strict=True))):
                yield tuple(told.values())

    return sheet.having(rows=rows())
