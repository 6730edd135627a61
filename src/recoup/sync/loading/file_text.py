"""The bytes of a report file as UTF-8 lines that PostgreSQL accepts. No row becomes an object.

Facts (docs/amazon.md#report-files): the charset is often missing or wrong, quoting is not
dependable except where the header is quoted, and a line may have too many cells or too few.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import IO

from recoup.errors import ReportFileError
from recoup.spapi.ceilings import FILE_COLUMNS, HEADING_CHARACTERS, LINE_BYTES, MIB
from recoup.spapi.documents import Spool, broken_file, require_size
from recoup.spapi.gunzip import MAGIC, GzipReader
from recoup.streams._report import Field
from recoup.sync.loading.cells import place_columns
from recoup.sync.loading.lines import RowFitter, Shape, Tally, shape_of

_READ_BYTES = 64 * 1024
_PIECE_BYTES = 512 * 1024
# A cell with line breaks; a quote that stands by itself must not swallow the rest of the file.
_MOST_LINES_OF_RECORD = 100
_BOM = b"\xef\xbb\xbf"
_MOST_LAYERS = 3
_JAPAN = "A1VC38T7YXB528"
_CHARSETS = re.compile(
    r"ascii|utf-8|utf-8-sig|utf-16|utf-16-[bl]e|iso8859-\d+|cp\d+|shift_jis|euc_(jp|kr)|gb(k|2312|18030)"
    r"|big5|koi8-[ru]|mac-roman"
)


def charsets_to_try(told: str | None, marketplace_ids: Sequence[str]) -> list[str]:
    """Names of encodings, the most likely first: that of the header, UTF-8, and the old ones.

    Files that call themselves ISO-8859-1 hold bytes of cp1252, which is the same and more.
    """
    names = []
    if told:
        with suppress(LookupError):
            name = codecs.lookup(told).name
            # Python has codecs of other kinds too, such as base64 and `undefined`.
            if _CHARSETS.fullmatch(name):
                names.append(name)
    names.append("utf-8")
    if _JAPAN in marketplace_ids:
        names.append("cp932")
    names.append("cp1252")
    known = ["cp1252" if name == "iso8859-1" else name for name in names]
    # The last one is read leniently. That costs a letter of cp1252; of UTF-8 it would be every accent.
    return [*dict.fromkeys(known[:-1]), known[-1]]


class ReportText:
    """One reading of a file in one encoding: first the header, then pieces of lines.

    Blank lines above the header do not count. Blocking; raises UnicodeError when `charset` is wrong and `lenient` is not set, and
    BrokenDocumentError for a compressed file that ends in the middle. fields: the columns that are
    wanted, by which lines of another width than the header are judged (recoup.sync.loading.lines). A file that begins with the
    mark of UTF-8 is read as that, whatever `charset` says.
    """

    def __init__(
        self, spool: Spool, charset: str, *, lenient: bool, fields: Sequence[Field] = ()
    ) -> None:
        spool.rewind()
        self.tally = Tally()
        plain = unpacked(spool.file)
        first = next(plain, b"")
        self.charset = "utf-8" if first.startswith(_BOM) else charset
        self._pieces = _whole_lines(_decoded(chain([first], plain), self.charset, lenient=lenient))
        text, self._rest = _first_line(self._pieces)
        self.delimiter = _delimiter(text)
        self.is_quoted = text.startswith('"') or self.delimiter != "\t"
        self.headers: tuple[str, ...] = ()
        if text.strip():
            self.headers = tuple(_cells(text, self.delimiter, quoted=self.is_quoted))
        _require_few(self.headers)
        placed = place_columns(fields, self.headers)
        self._shape = shape_of(fields, placed, len(self.headers))

    def pieces(self, *, exact: bool) -> Iterator[bytes]:
        """The lines below the header, each with as many cells as the header.

        `exact`: every line is looked at, not only whether a piece has as many cells as it should.
        """
        shape = _Quoted if self.is_quoted else _Plain
        lines = shape(self._shape, self.delimiter, self.tally, exact=exact)
        for piece in chain([self._rest] if self._rest else [], self._pieces):
            self.tally.has_dashes = self.tally.has_dashes or b"--" in piece
            yield from lines.fit(piece)
        yield from lines.end()


def _delimiter(header: str) -> str:
    """What is between the cells: a tab, as in Amazon's own files, unless the header has none."""
    others = max(",;|", key=header.count)
    return others if "\t" not in header and others in header else "\t"


def _require_few(headers: Sequence[str]) -> None:
    """Raises ReportFileError for a header that is none."""
    if len(headers) > FILE_COLUMNS:
        raise ReportFileError(f"The file has {len(headers)} columns, more than {FILE_COLUMNS}.")
    longest = max(map(len, headers), default=0)
    if longest > HEADING_CHARACTERS:
        raise ReportFileError(
            f"The file has a heading of {longest} characters, more than {HEADING_CHARACTERS}."
        )


def _first_line(pieces: Iterator[bytes]) -> tuple[str, bytes]:
    """The first line that is not blank, and the rest of its piece. Raises ReportFileError."""
    blank = 0
    for piece in pieces:
        if found := re.search(rb"\S", piece):
            line, _, rest = piece[piece.rfind(b"\n", 0, found.start()) + 1 :].partition(b"\n")
            return line.decode(), rest
        blank += len(piece)
        if blank > LINE_BYTES:
            raise ReportFileError(f"The file begins with {blank // MIB} MiB of blank lines.")
    return "", b""


def read_remark(spool: Spool) -> str:
    """The text of a document that explains a failed report: one line, at most 500 characters."""
    spool.rewind()
    start = next(unpacked(spool.file), b"")
    text = start.decode(errors="replace").replace("\x00", "")
    with suppress(ValueError):
        document = json.loads(text)
        if isinstance(document, dict) and isinstance(document.get("errorDetails"), str):
            text = document["errorDetails"]
    return " ".join(text.split())[:500] or "Amazon's file is empty"


class _Plain:
    """Lines without quoting: a quote is an ordinary character, a backslash is doubled for COPY."""

    def __init__(self, shape: Shape, delimiter: str, tally: Tally, *, exact: bool) -> None:
        self._width = len(shape)
        self._tab = delimiter.encode()
        self._tally = tally
        self._rows = RowFitter(shape, tally)
        self._exact = exact

    def fit(self, piece: bytes) -> Iterator[bytes]:
        tally, tabs = self._tally, self._width - 1
        count = piece.count(b"\n")
        # One line with a cell too many and one with a cell too few look like two good ones here.
        # COPY refuses them, and the file is read again exactly.
        if self._exact or piece.count(self._tab) != count * tabs:
            piece = b"".join(chain.from_iterable(map(self._line, piece.splitlines())))
        else:
            piece = b"".join([*self._written(self._rows.end()), piece])
            tally.lines += count
        yield piece.replace(b"\\", b"\\\\")

    def end(self) -> Iterator[bytes]:
        for line in self._written(self._rows.end()):
            yield line.replace(b"\\", b"\\\\")

    def _line(self, line: bytes) -> Iterator[bytes]:
        if self._rows.is_idle and line and line.count(self._tab) == self._width - 1:
            self._tally.lines += 1
            yield line + b"\n"
            return
        cells = line.decode().split(self._tab.decode()) if line else []
        yield from self._written(self._rows.add(cells))

    def _written(self, rows: Iterator[list[str]]) -> Iterator[bytes]:
        for cells in rows:
            yield self._tab.decode().join(cells).encode() + b"\n"


class _Quoted:
    """Records whose cells may be in double quotes, and may then contain anything."""

    def __init__(self, shape: Shape, delimiter: str, tally: Tally, *, exact: bool) -> None:
        self._width = len(shape)
        self._delimiter = delimiter
        self._tally = tally
        self._rows = RowFitter(shape, tally)
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
            yield "".join(self._written(self._rows.end())).encode()
            self._tally.lines += count
            yield data
        else:
            yield "".join(self._records(data.decode(), is_last=False)).encode()

    def end(self) -> Iterator[bytes]:
        if self._held:
            data, self._held = self._held, b""
            yield "".join(self._records(data.decode(), is_last=True)).encode()
        yield "".join(self._written(self._rows.end())).encode()

    def _looks_right(self, data: bytes, count: int) -> bool:
        """Whether each of `count` lines looks like a record of quoted cells, judged by counting."""
        inner = data.count(b'"') - 2 * self._width * count
        return (
            data.count(self._between) == count * (self._width - 1)
            and data.count(b'"\n') == count
            and (not inner or (inner % 2 == 0 and not self._lone_quote.search(data)))
        )

    def _records(self, text: str, *, is_last: bool) -> Iterator[str]:
        """Yields record by record; one that continues in the next piece is held back until then."""
        if (simple := self._simple(text)) is not None:
            yield from chain.from_iterable(map(self._record, simple))
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
            yield from self._record(cells)
            at += used

    def _simple(self, text: str) -> list[list[str]] | None:
        """The records if each line is one and fits, otherwise None: then each is checked."""
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
        """The record at a line, and its number of lines; None if it does not end within `lines`.

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
        """The cells of a line whose quotes are ordinary characters, except around whole cells."""
        if len(line) > 1 and line.startswith('"') and line.endswith('"'):
            cells = line[1:-1].split(f'"{self._delimiter}"')
            if self._fits(cells):
                return [cell.replace('""', '"') for cell in cells]
        return [_unquoted(cell) for cell in line.split(self._delimiter)]

    def _record(self, cells: list[str]) -> Iterator[str]:
        yield from self._written(self._rows.add(cells))

    def _written(self, rows: Iterator[list[str]]) -> Iterator[str]:
        for cells in rows:
            yield _joined(cells, self._delimiter)


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


def unpacked(file: IO[bytes]) -> Iterator[bytes]:
    """The bytes of the file, decompressed if it is gzip: little memory for any size.

    Whether it is, its first bytes say and nobody else: what the document's own word says is wrong
    in both directions, and a file may be compressed twice.
    """
    pieces = iter(lambda: file.read(_READ_BYTES), b"")
    for _ in range(_MOST_LAYERS):
        first = next(pieces, b"")
        pieces = chain([first], pieces)
        if not first.startswith(MAGIC):
            return pieces
        pieces = _unpacked(pieces)
    first = next(pieces, b"")
    if first.startswith(MAGIC):
        raise broken_file("is compressed too many times")
    return chain([first], pieces)


def _unpacked(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Removes one layer."""
    gunzip, size = GzipReader(), 0
    try:
        for piece in packed:
            for plain in gunzip.feed(piece):
                size += len(plain)
                require_size(size)
                yield plain
    except zlib.error as exc:
        raise broken_file("is damaged") from exc
    if not gunzip.is_whole:
        raise broken_file("is truncated")


def _decoded(pieces: Iterator[bytes], charset: str, *, lenient: bool) -> Iterator[bytes]:
    """The same in UTF-8, without a byte order mark and without what PostgreSQL cannot store.

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
        elif size > LINE_BYTES:
            raise ReportFileError(f"The file has a line longer than {LINE_BYTES // MIB} MiB.")
        held.append(piece)
    rest = b"".join(held)
    if rest:
        yield _normal(rest if rest.endswith(b"\n") else rest + b"\n")


def _normal(piece: bytes) -> bytes:
    return piece.replace(b"\r\n", b"\n").replace(b"\r", b" ")
