"""A downloaded file as UTF-8 that begins with the headings of the API's file. Blocking.

Nothing tells the encoding of a file on a disk. It is the first in which all of it can be read and its
headings are those of a report (docs/files.md#encodings).
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import IO

from recoup.errors import BrokenDocumentError, FileRefusedError, OversizeError
from recoup.sync.files.recognise import Recognised, recognise
from recoup.sync.loading.file_text import unpacked

_DELIMITERS = "\t,;|"
# Lines above the headings, as Seller Central and spreadsheets write them: a title, `sep=;`.
_MOST_LINES_ABOVE = 20
_HEAD_CHARACTERS = 64 * 1024
_MOST_SHOWN = 40
_DATA = re.compile(r"@|\d\D*\d\D*\d\D*\d")
_JAPANESE = "ja"
_BROKEN = "?"


@dataclass(frozen=True, slots=True)
class Head:
    """The report that a file is, and its encoding."""

    report: Recognised
    charset: str


@dataclass(frozen=True, slots=True)
class _Try:
    charset: str
    is_lenient: bool = False
    only: str | None = None
    """The language that the headings must have."""


def transcode(source: IO[bytes], target: IO[bytes], name: str) -> Head:
    """Writes the file in UTF-8, its headings in the words of the API's.

    Raises FileRefusedError for a file that is no report that recoup knows.
    """
    seen: list[str] = []
    for one in _tries(_start(source, name)):
        with suppress(UnicodeError):
            source.seek(0)
            target.seek(0)
            target.truncate()
            found, headings = _copy(source, target, one, name)
            seen = seen or headings
            if found is not None:
                return Head(found, one.charset)
    raise FileRefusedError(
        f"{name} is no report that recoup knows by its headings. Its first line is: {_shown(seen)}."
    )


def _copy(
    source: IO[bytes], target: IO[bytes], one: _Try, name: str
) -> tuple[Recognised | None, list[str]]:
    """Writes the file if its headings are known. Also returns the first line's."""
    pieces = _decoded(_pieces(source, name), one)
    head = ""
    for piece in pieces:
        head += piece
        if head.count("\n") > _MOST_LINES_ABOVE or len(head) > _HEAD_CHARACTERS:
            break
    lines = head.splitlines(keepends=True)[:_MOST_LINES_ABOVE]
    first: list[str] = []
    for number, line in enumerate(lines):
        cells, delimiter = _cells(line)
        first = first or ([cell for cell in cells if cell.strip()])
        report = recognise(cells)
        if report is None or one.only not in {None, report.language}:
            continue
        target.write(_header(report, len(cells), line, delimiter).encode())
        rest = "".join(head.splitlines(keepends=True)[number + 1 :])
        last = ""
        for piece in chain([rest], pieces):
            target.write(piece.replace("\x00", "\ufffd").encode())
            last = (last + piece)[-_HEAD_CHARACTERS:].rpartition("\n")[2]
        target.write(_broken_off(last, len(cells), delimiter).encode())
        return report, first
    return None, first


def _broken_off(last: str, width: int, delimiter: str) -> str:
    """What makes a line in which the file breaks off fit no headings: half a row is none.

    A whole row may lack its last cells, but then a line ends behind it.
    """
    missing = width - 1 - last.count(delimiter)
    return delimiter * (missing + 1) + _BROKEN if last.strip() and missing > 0 else ""


def _header(report: Recognised, width: int, line: str, delimiter: str) -> str:
    """The line of headings in the words of the API's file; what is not wanted becomes a number."""
    names = [f"column {number}" for number in range(1, width + 1)]
    for column, at in report.columns.items():
        names[at] = report.fields[column].headers[0]
    if line.lstrip("\ufeff").startswith('"') or delimiter != "\t":
        names = [f'"{one}"' for one in names]
    return delimiter.join(names) + "\n"


def _cells(line: str) -> tuple[list[str], str]:
    """The cells of a line of headings, and what separates them."""
    text = line.strip("\r\n\ufeff")
    delimiter = max(_DELIMITERS, key=text.count)
    try:
        return [one.strip() for one in next(csv.reader([text], delimiter=delimiter), [])], delimiter
    except csv.Error:
        return [], delimiter


def _tries(start: bytes) -> Iterator[_Try]:
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield _Try("utf-16", is_lenient=True)
        return
    if start.count(b"\x00") * 3 > len(start):
        yield _Try("utf-16-le" if start[1:2] == b"\x00" else "utf-16-be", is_lenient=True)
        return
    yield _Try("utf-8")
    if start.startswith(codecs.BOM_UTF8):
        yield _Try("utf-8", is_lenient=True)
        return
    # Letters of Western Europe can be read as Japanese ones, so those are believed in headings first.
    yield _Try("cp932", only=_JAPANESE)
    yield _Try("cp1252")
    yield _Try("cp932")
    yield _Try("cp1252", is_lenient=True)


def _start(source: IO[bytes], name: str) -> bytes:
    source.seek(0)
    start = next(_pieces(source, name), b"")[:4096]
    if not start.strip():
        raise FileRefusedError(f"{name} is empty.")
    return start


def _pieces(source: IO[bytes], name: str) -> Iterator[bytes]:
    """The bytes of the file, decompressed if it is gzip."""
    try:
        yield from unpacked(source)
    except (BrokenDocumentError, OversizeError) as exc:
        raise FileRefusedError(f"{name}: {exc}") from exc


def _decoded(pieces: Iterator[bytes], one: _Try) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(one.charset)("replace" if one.is_lenient else "strict")
    first = True
    for piece in chain(pieces, [None]):
        text = decoder.decode(piece or b"", final=piece is None)
        if first and text:
            text, first = text.removeprefix("\ufeff"), False
        if text:
            yield text


def _shown(headings: Sequence[str]) -> str:
    """For a message. A file without headings begins with data, which may be about people."""
    shown = ["***" if _DATA.search(one) else one[:40] for one in headings[:_MOST_SHOWN]]
    text = ", ".join("".join(c if c.isprintable() else "?" for c in one) for one in shown)
    return text[:500] or "empty"
