"""Lines whose number of cells differs from the header: which of them are rows after all. Pure.

Facts (docs/amazon.md#report-files): the last cells of a line may simply be missing; a line may be
broken in two in the middle of a cell; and one empty cell too many in the middle moves all that
follow. What a line means is judged by what its columns hold; where more than one reading is
possible it is quarantined, as a value in the wrong column is worse than none.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from recoup.errors import ReportFileError
from recoup.spapi.ceilings import STRAY_LINES
from recoup.streams._report import Field, FieldKind

_MOST_PARTS = 20
_NUMBER = re.compile(r"[-+]?[\d.,]*\d[\d.,]*")
_DAY = re.compile(r"\d{1,4}[-/.]\d{1,4}([-/.]\d.*)?")
_ANSWER = re.compile(r"true|false|yes|no|[tfyn01]", re.IGNORECASE)
_FORMS = {
    FieldKind.INTEGER: _NUMBER,
    FieldKind.AMOUNT: _NUMBER,
    FieldKind.DATE: _DAY,
    FieldKind.TIME: _DAY,
    FieldKind.BOOLEAN: _ANSWER,
}
Shape = Sequence[Field | None]
"""What each column of a file is to the stream, in the file's order; None: it is not wanted."""


def shape_of(fields: Sequence[Field], placed: Mapping[str, int], width: int) -> list[Field | None]:
    """The shape of a file. `placed`: the position of each field's column, for those it has."""
    shape: list[Field | None] = [None] * width
    for one in fields:
        if one.column in placed:
            shape[placed[one.column]] = one
    return shape


@dataclass(slots=True)
class Tally:
    """Findings on the way through a file, by line numbers (header = 1).

    Lines that are no rows are staged all the same, so that the numbers of the others are right: a
    blank one as nulls, a ragged one cut or filled to the width of the header. The second part of a
    broken row is as a blank line. A small file may unpack to any number of them, so they are counted.
    """

    blank: array[int] = field(default_factory=lambda: array("q"))
    ragged: array[int] = field(default_factory=lambda: array("q"))
    """Lines that are not rows of the header's columns; `cells` has their numbers of cells."""
    cells: array[int] = field(default_factory=lambda: array("q"))
    lines: int = 1
    """Lines so far, including the header."""
    has_dashes: bool = False
    """Whether it may contain `--`, Amazon's other way to write no value."""

    def skip(self, cells: int) -> None:
        """Marks the line that was counted last as not a row; a line without cells is blank.

        Raises ReportFileError when there are more than STRAY_LINES.
        """
        if len(self.blank) + len(self.ragged) >= STRAY_LINES:
            raise ReportFileError(
                f"More than {STRAY_LINES} lines of the file are blank or do not fit its header: "
                "nothing was loaded."
            )
        if cells:
            self.ragged.append(self.lines)
            self.cells.append(cells)
        else:
            self.blank.append(self.lines)


class RowFitter:
    """Takes lines as cells, returns rows of the header's width, one or more lines behind."""

    def __init__(self, shape: Shape, tally: Tally) -> None:
        self._shape = shape
        self._width = len(shape)
        self._tally = tally
        # A short line, and those behind it that are no rows by themselves.
        self._held: list[list[str]] = []

    @property
    def is_idle(self) -> bool:
        """Whether no line is held back."""
        return not self._held

    def add(self, cells: list[str]) -> Iterator[list[str]]:
        """Adds the next line; no cells mean a blank line."""
        if cells and len(cells) < self._width:
            yield from self._add_short(cells)
            return
        yield from self.end()
        if not cells:
            yield self._skipped(cells)
        elif len(cells) == self._width:
            self._tally.lines += 1
            yield cells
        elif is_unshifted(self._shape, cells):
            self._tally.lines += 1
            yield cells[: self._width]
        else:
            yield self._skipped(cells)

    def end(self) -> Iterator[list[str]]:
        """Ends the held-back lines: a row without its last cells, or lines that are not rows."""
        held, self._held = self._held, []
        if len(held) == 1 and is_unshifted(self._shape, held[0]):
            self._tally.lines += 1
            yield [*held[0], *[""] * (self._width - len(held[0]))]
            return
        yield from map(self._skipped, held)

    def _add_short(self, cells: list[str]) -> Iterator[list[str]]:
        joined = next((one for one in _joins([*self._held, cells]) if self._is_whole(one)), None)
        if self._held and joined is not None:
            parts, self._held = len(self._held), []
            self._tally.lines += 1
            yield joined
            for _ in range(parts):
                yield self._skipped([])
            return
        if self._is_row(cells) or len(self._held) >= _MOST_PARTS:
            yield from self.end()
        self._held.append(cells)

    def _is_row(self, cells: list[str]) -> bool:
        """Whether a short line may be a row by itself, rather than the rest of the previous one."""
        return count_gaps(self._shape, cells) is not None and not _is_scrap(self._shape, cells)

    def _is_whole(self, cells: list[str]) -> bool:
        return len(cells) == self._width and is_unshifted(self._shape, cells)

    def _skipped(self, cells: list[str]) -> list[str]:
        self._tally.lines += 1
        self._tally.skip(len(cells))
        return [*cells[: self._width], *[""] * (self._width - len(cells))]


def _joins(parts: Sequence[list[str]]) -> Iterator[list[str]]:
    """The lines as one: broken in the middle of a cell, which is a word or several, and between two."""
    for blank in ("", " "):
        whole = list(parts[0])
        for part in parts[1:]:
            middle = blank.join(cell for cell in (whole[-1], part[0]) if cell)
            whole = [*whole[:-1], middle, *part[1:]]
        yield whole
    yield [cell for part in parts for cell in part]


def is_unshifted(shape: Shape, cells: Sequence[str]) -> bool:
    """Whether a line is a row as it is: missing its last cells, or with empty cells at its end.

    A line that would fit as well with an empty cell taken out of its middle is not: which cell is
    one too many is not known.
    """
    width = len(shape)
    if any(cells[width:]):
        return False
    gaps = count_gaps(shape, cells[:width])
    if gaps is None or _is_scrap(shape, cells):
        return False
    surplus = max(1, len(cells) - width)
    is_wide = len(cells) > width
    for other in _without_empty(cells, surplus):
        other_gaps = count_gaps(shape, _as_wide(other, len(cells))[:width])
        fits_as_well = other_gaps is not None and other_gaps - is_wide < gaps
        if fits_as_well and _as_wide(other, width) != _as_wide(cells, width):
            return False
    return True


def _is_scrap(shape: Shape, cells: Sequence[str]) -> bool:
    """Whether a line ends before a quarter of the columns that usually have a value."""
    missing = sum(one is not None and one.filled for one in shape[len(cells) :])
    return missing * 4 > 3 * sum(one is not None and one.filled for one in shape)


def _without_empty(cells: Sequence[str], most: int) -> Iterator[list[str]]:
    """The line without up to `most` adjacent empty cells before a filled one."""
    last = max((n for n, cell in enumerate(cells) if cell), default=-1)
    for at in range(last):
        for count in range(1, most + 1):
            if at + count > last or any(cells[at : at + count]):
                break
            yield [*cells[:at], *cells[at + count :]]


def _as_wide(cells: Sequence[str], width: int) -> list[str]:
    return [*cells[:width], *[""] * (width - len(cells))]


def count_gaps(shape: Shape, cells: Sequence[str]) -> int | None:
    """The number of empty cells that usually have a value; None if the cells are not a row.

    They are none where one that must have a value has none, or a value is not of its column's kind.
    """
    gaps = 0
    for one, cell in zip(shape, cells, strict=False):
        if one is None:
            continue
        text = cell.strip()
        if text in {"", "--"}:
            if one.required:
                return None
            gaps += one.filled
        elif not _takes(one, text):
            return None
    rest = shape[len(cells) :]
    return None if any(one is not None and one.required for one in rest) else gaps


def _takes(one: Field, text: str) -> bool:
    form = _FORMS.get(one.kind)
    if form is not None:
        return form.fullmatch(text) is not None
    return not (one.is_code and " " in text)
