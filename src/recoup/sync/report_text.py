"""The bytes of a report's file as lines of UTF-8 that PostgreSQL can take. No row becomes an object.

Facts (docs/amazon.md #report-files): the charset is often not told or told wrong, quoting is not
dependable except where the header is quoted, and a line may have too many cells or too few.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import zlib
from array import array
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
_LONGEST_LINE_BYTES = 8 * 1024 * 1024
# A cell with line breaks; a quote that stands by itself must not swallow the rest of the file.
_MOST_LINES_OF_RECORD = 100
_BOM = b"\xef\xbb\xbf"
_GZIP_MAGIC = b"\x1f\x8b"
_JAPAN = "A1VC38T7YXB528"


@dataclass(slots=True)
class Tally:
    """What was met on the way through a file, by numbers of lines (header = 1).

    Lines that are no rows are staged all the same, so that the numbers of the others are right: a
    blank one as nulls, a ragged one cut or filled to the width of the header. A file may have any
    number of them, so each costs a few bytes.
    """

    blank: array[int] = field(default_factory=lambda: array("q"))
    ragged: array[int] = field(default_factory=lambda: array("q"))
    """Lines whose number of cells is not that of the header, and, in `cells`, that number."""
    cells: array[int] = field(default_factory=lambda: array("q"))
    lines: int = 1
    """Lines so far, the header included."""
    has_dashes: bool = False
    """Whether `--`, Amazon's other way to say nothing, may be in it."""

    def skip(self, cells: int) -> None:
        """The line that was counted last is not a row; without cells it is blank."""
        if cells:
            self.ragged.append(self.lines)
            self.cells.append(cells)
        else:
            self.blank.append(self.lines)


def charsets_to_try(told: str | None, marketplace_ids: Sequence[str]) -> list[str]:
    """Names of encodings, the most likely first: what the header told, UTF-8, and the old ones.

    Files that call themselves ISO-8859-1 hold bytes of cp1252, which is the same and more.
    """
    names = []
    if told:
        # A name may also be that of a codec for something else than text, such as base64.
        with suppress(LookupError):
            if isinstance(codecs.getincrementaldecoder(told)().decode(b""), str):
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

    Blank lines above the header do not count. Blocking; raises UnicodeError when `charset` is wrong and `lenient` is not set, and
    BrokenDocumentError for a compressed file that ends in the middle. A file that begins with the
    mark of UTF-8 is read as that, whatever `charset` says.
    """

    def __init__(self, spool: Spool, charset: str, *, lenient: bool) -> None:
        spool.rewind()
        self.tally = Tally()
        plain = _plain(spool.file)
        first = next(plain, b"")
        self.charset = "utf-8" if first.startswith(_BOM) else charset
        self._pieces = _whole_lines(_decoded(chain([first], plain), self.charset, lenient=lenient))
        text, self._rest = _first_line(self._pieces)
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


def _first_line(pieces: Iterator[bytes]) -> tuple[str, bytes]:
    """The first line that is not blank, and what its piece has below it."""
    for piece in pieces:
        if found := re.search(rb"\S", piece):
            line, _, rest = piece[piece.rfind(b"\n", 0, found.start()) + 1 :].partition(b"\n")
            return line.decode(), rest
    return "", b""


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
        if len(cells) != self._width or not line:
            self._tally.skip(len(cells) if line else 0)
            cells = [*cells[: self._width], *[b""] * (self._width - len(cells))]
        return self._tab.join(cells) + b"\n"


class _Quoted:
    """Records whose cells may stand in double quotes, and may then hold anything."""

    def __init__(self, width: int, delimiter: str, tally: Tally, *, exact: bool) -> None:
        self._width = width
        self._delimiter = delimiter
        self._tally = tally
        self._exact = exact
        self._held = b""
        self._between = f'"{delimiter}"'.encode()
        # In the middle of a text a quote is doubled; this one is a letter, as of an inch.
        other = b'[^"\\n' + delimiter.encode() + b"]"
        self._lone_quote = re.compile(other + b'"' + other)

    def fit(self, piece: bytes) -> Iterator[bytes]:
        data, self._held = self._held + piece, b""
        count = data.count(b"\n")
        # What only looks right is refused by COPY, or makes fewer rows, and is read again exactly.
        if not self._exact and self._looks_right(data, count):
            self._tally.lines += count
            yield data
        else:
            yield "".join(self._records(data.decode(), is_last=False)).encode()

    def end(self) -> Iterator[bytes]:
        if self._held:
            data, self._held = self._held, b""
            yield "".join(self._records(data.decode(), is_last=True)).encode()

    def _looks_right(self, data: bytes, count: int) -> bool:
        """Whether each of `count` lines is a record of quoted cells, as far as counting can tell."""
        inner = data.count(b'"') - 2 * self._width * count
        return (
            data.count(self._between) == count * (self._width - 1)
            and data.count(b'"\n') == count
            and (not inner or (inner % 2 == 0 and not self._lone_quote.search(data)))
        )

    def _records(self, text: str, *, is_last: bool) -> Iterator[str]:
        """Record by record; one that goes on in the next piece is held back until then."""
        if (simple := self._simple(text)) is not None:
            yield from map(self._record, simple)
            return
        lines = text.removesuffix("\n").split("\n")
        at = 0
        while at < len(lines):
            cells, used = self._read(lines, at)
            if cells is None:
                if not is_last and len(lines) - at < _MOST_LINES_OF_RECORD:
                    self._held = ("\n".join(lines[at:]) + "\n").encode()
                    return
                cells, used = self._lone(lines[at]), 1
            yield self._record(cells)
            at += used

    def _simple(self, text: str) -> list[list[str]] | None:
        """The records of lines of which each is one and fits; else None, and each is looked at."""
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter, strict=True)
        try:
            records = list(reader)
        except csv.Error:
            return None
        if len(records) != reader.line_num or not all(
            self._fits(one) or not one for one in records
        ):
            return None
        return records

    def _read(self, lines: Sequence[str], at: int) -> tuple[list[str] | None, int]:
        """The record at a line, and how many lines it has; None where it has no end in `lines`.

        Quotes that do not pair, as of an inch, are letters: such a line is a record of its own.
        """
        last = min(at + _MOST_LINES_OF_RECORD, len(lines))
        reader = csv.reader(
            (lines[n] + "\n" for n in range(at, last)), delimiter=self._delimiter, strict=True
        )
        try:
            cells = next(reader, [])
        except csv.Error:
            # At the last line there is, the error may be that the text ends in a quoted cell.
            if reader.line_num < last - at or self._is_whole(lines[at]):
                return self._lone(lines[at]), 1
            return None, 0
        used = reader.line_num
        # Two quotes that stand by themselves in lines of their own are not those of one cell.
        whole = used == 1 or self._is_all_quoted(lines[at : at + used], cells)
        if not whole and all(self._fits(self._lone(line)) for line in lines[at : at + used]):
            return self._lone(lines[at]), 1
        if self._fits(cells):
            return cells, used
        lone = self._lone(lines[at])
        return (lone, 1) if used > 1 or self._fits(lone) else (cells, 1)

    def _is_all_quoted(self, lines: Sequence[str], cells: Sequence[str]) -> bool:
        return _joined(cells, self._delimiter) == "\n".join(lines) + "\n"

    def _is_whole(self, line: str) -> bool:
        return line.endswith('"') and self._fits(self._lone(line))

    def _fits(self, cells: Sequence[str]) -> bool:
        return len(cells) == self._width or (
            len(cells) > self._width and not any(cells[self._width :])
        )

    def _lone(self, line: str) -> list[str]:
        """The cells of a line in which a quote is a letter, but for those around whole cells."""
        if len(line) > 1 and line.startswith('"') and line.endswith('"'):
            cells = line[1:-1].split(f'"{self._delimiter}"')
            if self._fits(cells):
                return [cell.replace('""', '"') for cell in cells]
        return [_unquoted(cell) for cell in line.split(self._delimiter)]

    def _record(self, cells: list[str]) -> str:
        self._tally.lines += 1
        if self._fits(cells):
            cells = cells[: self._width]
        else:
            self._tally.skip(len(cells))
            cells = [*cells[: self._width], *[""] * (self._width - len(cells))]
        return _joined(cells, self._delimiter)


def _unquoted(cell: str) -> str:
    if len(cell) > 1 and cell.startswith('"') and cell.endswith('"'):
        return cell[1:-1].replace('""', '"')
    return cell


def _joined(cells: Sequence[str], delimiter: str) -> str:
    return delimiter.join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"


def _cells(line: str, delimiter: str, *, quoted: bool) -> list[str]:
    """The cells of the header."""
    if quoted:
        return next(csv.reader([line], delimiter=delimiter), [])
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

    Raises UnicodeError unless `lenient`, which puts U+FFFD for what cannot be read.
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
        elif size > _LONGEST_LINE_BYTES:
            raise ReportFileError("The file has no lines.")
        held.append(piece)
    rest = b"".join(held)
    if rest:
        yield _normal(rest if rest.endswith(b"\n") else rest + b"\n")


def _normal(piece: bytes) -> bytes:
    return piece.replace(b"\r\n", b"\n").replace(b"\r", b" ")
