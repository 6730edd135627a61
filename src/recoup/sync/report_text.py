"""The bytes of a report's file as lines of UTF-8 that PostgreSQL can take. No row becomes an object.

Facts (docs/amazon.md #report-files): the charset is often not told or told wrong, quoting is not
dependable except where the header is quoted, and a line may have too many cells or too few.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import IO

from recoup.errors import BrokenDocumentError, ReportFileError
from recoup.spapi.documents import GZIP_WINDOW, Spool
from recoup.spapi.transport import DOWNLOAD

_READ_BYTES = 64 * 1024
_PIECE_BYTES = 512 * 1024
_MOST_KEPT = 1000
# A cell with a line break may reach over pieces; a quote that never ends must not fill the memory.
_LONGEST_RECORD_BYTES = 8 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_GZIP_MAGIC = b"\x1f\x8b"
_JAPAN = "A1VC38T7YXB528"


@dataclass(frozen=True, slots=True)
class RaggedLine:
    """A line whose number of cells is not that of the header."""

    line: int
    cells: tuple[str, ...] = field(repr=False)


@dataclass(slots=True)
class Tally:
    """What was met on the way through a file. Blank lines and ragged ones stay out of the table,
    as rows of nothing but nulls, so that the numbers of the others are right.
    """

    skipped: list[int] = field(default_factory=list)
    """Lines that are rows of nulls: blank ones and ragged ones (header = 1)."""
    ragged: list[RaggedLine] = field(default_factory=list)
    """The first thousand."""
    ragged_count: int = 0
    lines: int = 1
    """Lines so far, the header included."""
    has_dashes: bool = False
    """Whether `--`, Amazon's other way to say nothing, may be in it."""

    def skip(self, cells: tuple[str, ...]) -> None:
        """The line that was counted last is not a row; without cells it is blank."""
        self.skipped.append(self.lines)
        if cells:
            self.ragged_count += 1
            if len(self.ragged) < _MOST_KEPT:
                self.ragged.append(RaggedLine(self.lines, cells))


def charsets_to_try(told: str | None, marketplace_ids: Sequence[str]) -> list[str]:
    """Names of encodings, the most likely first: what the header told, UTF-8, and the old ones.

    Files that call themselves ISO-8859-1 hold bytes of cp1252, which is the same and more.
    """
    names = []
    if told:
        with suppress(LookupError):
            names.append(codecs.lookup(told).name)
    names.append("utf-8")
    if _JAPAN in marketplace_ids:
        names.append("cp932")
    names.append("cp1252")
    known = ["cp1252" if name == "iso8859-1" else name for name in names]
    # The last one is read leniently. That costs a letter of cp1252; of UTF-8 it would be every accent.
    return [*dict.fromkeys(known[:-1]), known[-1]]


class ReportText:
    """One reading of a file in one encoding: the header first, then pieces of lines.

    Blocking; raises UnicodeDecodeError when `charset` is wrong and `lenient` is not set, and
    BrokenDocumentError for a compressed file that ends in the middle.
    """

    def __init__(self, spool: Spool, charset: str, *, lenient: bool) -> None:
        spool.rewind()
        self.tally = Tally()
        self._pieces = _whole_lines(_decoded(_plain(spool.file), charset, lenient=lenient))
        first = next(self._pieces, b"")
        line, _, self._rest = first.partition(b"\n")
        text = line.decode()
        self.delimiter = "," if "\t" not in text and "," in text else "\t"
        self.is_quoted = text.startswith('"') or self.delimiter == ","
        self.headers: tuple[str, ...] = ()
        if text.strip():
            self.headers = tuple(_cells(text, self.delimiter, quoted=self.is_quoted))

    def pieces(self, *, exact: bool) -> Iterator[bytes]:
        """The lines below the header, each with as many cells as it.

        `exact`: every line is looked at, not only whether a piece has as many cells as it should.
        """
        shape = _Quoted if self.is_quoted else _Plain
        lines = shape(len(self.headers), self.delimiter, self.tally, exact=exact)
        for piece in chain([self._rest] if self._rest else [], self._pieces):
            self.tally.has_dashes = self.tally.has_dashes or b"--" in piece
            yield from lines.fit(piece)
        yield from lines.end()


def read_remark(spool: Spool) -> str:
    """The text of a document that explains why a report failed: one line, at most 500 characters."""
    spool.rewind()
    start = next(_plain(spool.file), b"")
    text = start.decode(errors="replace").replace("\x00", "")
    with suppress(ValueError):
        document = json.loads(text)
        if isinstance(document, dict) and isinstance(document.get("errorDetails"), str):
            text = document["errorDetails"]
    return " ".join(text.split())[:500] or "Amazon's document is empty"


class _Plain:
    """Lines without quoting: a quote is a letter like any other, a backslash is doubled for COPY."""

    def __init__(self, width: int, delimiter: str, tally: Tally, *, exact: bool) -> None:
        self._width = width
        self._tab = delimiter.encode()
        self._tally = tally
        self._exact = exact

    def fit(self, piece: bytes) -> Iterator[bytes]:
        tally, tabs = self._tally, self._width - 1
        count = piece.count(b"\n")
        # One line with a cell too many and one with a cell too few look like two good ones here.
        # COPY refuses them, and the file is read again exactly.
        if self._exact or piece.count(self._tab) != count * tabs:
            piece = b"".join(self._line(line) for line in piece.splitlines())
        else:
            tally.lines += count
        yield piece.replace(b"\\", b"\\\\")

    def end(self) -> Iterator[bytes]:
        return iter(())

    def _line(self, line: bytes) -> bytes:
        self._tally.lines += 1
        cells = line.split(self._tab)
        while len(cells) > self._width and not cells[-1]:
            cells.pop()
        if len(cells) == self._width and line:
            return self._tab.join(cells) + b"\n"
        self._tally.skip(tuple(cell.decode() for cell in cells) if line else ())
        return self._tab * (self._width - 1) + b"\n"


class _Quoted:
    """Records whose cells may stand in double quotes, and may then hold anything."""

    def __init__(self, width: int, delimiter: str, tally: Tally, *, exact: bool) -> None:
        self._width = width
        self._delimiter = delimiter
        self._tally = tally
        self._exact = exact
        self._held = b""

    def fit(self, piece: bytes) -> Iterator[bytes]:
        data, self._held = self._held + piece, b""
        if data.count(b'"') % 2:
            if len(data) > _LONGEST_RECORD_BYTES:
                yield from self._unbalanced(data)
            else:
                self._held = data
            return
        count = data.count(b"\n")
        between = f'"{self._delimiter}"'.encode()
        # As above: what only looks right is refused by COPY and read again exactly.
        if (
            not self._exact
            and data.count(between) == count * (self._width - 1)
            and data.count(b'"\n') == count
        ):
            self._tally.lines += count
            yield data
        else:
            yield "".join(self._records(data.decode())).encode()

    def end(self) -> Iterator[bytes]:
        if self._held:
            yield from self._unbalanced(self._held)

    def _unbalanced(self, data: bytes) -> Iterator[bytes]:
        """Lines among which a quote stands by itself, as of an inch: each line is a record, and what
        does not fit is put aside.
        """
        if not self._exact:
            raise ReportFileError("A quote in the file never ends.")
        between = f'"{self._delimiter}"'
        for line in data.decode().removesuffix("\n").split("\n"):
            cells = [line]
            if len(line) > 1 and line.startswith('"') and line.endswith('"'):
                cells = [cell.replace('""', '"') for cell in line[1:-1].split(between)]
            yield self._record(cells).encode()

    def _records(self, text: str) -> Iterator[str]:
        return map(self._record, _parsed(text, self._delimiter))

    def _record(self, cells: list[str]) -> str:
        self._tally.lines += 1
        while len(cells) > self._width and not cells[-1]:
            cells.pop()
        if len(cells) == self._width:
            return _joined(cells, self._delimiter)
        self._tally.skip(tuple(cells))
        return _joined([""] * self._width, self._delimiter)


def _parsed(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as exc:
        raise ReportFileError(f"The file is not what its header says ({exc}).") from exc


def _joined(cells: Sequence[str], delimiter: str) -> str:
    return delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"


def _cells(line: str, delimiter: str, *, quoted: bool) -> list[str]:
    if quoted:
        return next(_parsed(line, delimiter), [])
    return line.split(delimiter)


def _plain(file: IO[bytes]) -> Iterator[bytes]:
    """The bytes of the file, decompressed where it is gzip: small in memory for any size."""
    piece = file.read(_READ_BYTES)
    if not piece.startswith(_GZIP_MAGIC):
        while piece:
            yield piece
            piece = file.read(_READ_BYTES * 8)
        return
    unpacker = zlib.decompressobj(GZIP_WINDOW)
    try:
        while piece or not unpacker.eof:
            if unpacker.eof:
                unpacker = zlib.decompressobj(GZIP_WINDOW)
            plain = unpacker.decompress(piece, _PIECE_BYTES)
            if not plain and not piece and not unpacker.eof:
                raise _broken("ends in the middle")
            yield plain
            piece = unpacker.unconsumed_tail or unpacker.unused_data or file.read(_READ_BYTES)
    except zlib.error as exc:
        raise _broken("is damaged") from exc


def _broken(how: str) -> BrokenDocumentError:
    return BrokenDocumentError(f"The compressed file {how}.", operation=DOWNLOAD, status=200)


def _decoded(pieces: Iterator[bytes], charset: str, *, lenient: bool) -> Iterator[bytes]:
    """The same in UTF-8, without a byte order mark and without what PostgreSQL cannot hold.

    Raises UnicodeDecodeError unless `lenient`, which puts U+FFFD for what cannot be read.
    """
    decoder = codecs.getincrementaldecoder(charset)("replace" if lenient else "strict")
    first = True
    for piece in chain(pieces, [None]):
        text = decoder.decode(piece or b"", final=piece is None)
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        yield text.encode().replace(b"\x00", b"\xef\xbf\xbd")


def _whole_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces that end with a line; `\\n` ends a line, a lone `\\r` is a blank."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        head, newline, tail = piece.rpartition(b"\n")
        size += len(piece)
        if newline and size >= _PIECE_BYTES:
            yield _normal(b"".join([*held, head, newline]))
            held, size = [], 0
            piece = tail  # noqa: PLW2901 - the rest of it
        elif size > _LONGEST_RECORD_BYTES:
            raise ReportFileError("The file has no lines.")
        held.append(piece)
    rest = b"".join(held)
    if rest:
        yield _normal(rest if rest.endswith(b"\n") else rest + b"\n")


def _normal(piece: bytes) -> bytes:
    return piece.replace(b"\r\n", b"\n").replace(b"\r", b" ")
