"""A report's file with the columns that recoup knows, and no others.

For files that are kept: Amazon may add columns, and nobody knows what they say about people.
"""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO

from recoup.errors import OversizeError
from recoup.spapi.ceilings import ARCHIVE_BYTES, MIB
from recoup.spapi.documents import Spool
from recoup.spapi.transport import DOWNLOAD
from recoup.streams._report import Report, normal_header
from recoup.sync.loading.cells import missing_headers, place_fields
from recoup.sync.loading.file_text import ReportText, charsets_to_try

CONTENT_TYPE = "text/tab-separated-values; charset=UTF-8"
# In each cell of a line that does not fit its header, and of one cell more than the header has: it
# does not fit afterwards either.
_HIDDEN = "?"


def known_headers(report: Report) -> frozenset[str]:
    """Headings that a file of the type may have, in their normal form."""
    wanted = [header for one in report.fields for header in one.headers]
    return frozenset(normal_header(header) for header in (*wanted, *report.ignored))


def keep_known(spool: Spool, report: Report, marketplace_ids: Sequence[str]) -> bytes | None:
    """The file in UTF-8, compressed, line by line the same with fewer columns.

    None if a required column is missing, so that it cannot be loaded as it is. Blocking; rewinds the
    spool. Raises BrokenDocumentError, ReportFileError and OversizeError.
    """
    charsets = charsets_to_try(spool.charset, marketplace_ids)
    while True:
        try:
            is_last = len(charsets) == 1
            content = ReportText(spool, charsets[0], lenient=is_last, fields=report.fields)
            if missing_headers(report.fields, place_fields(report.fields, content.headers)):
                return None
            with tempfile.TemporaryFile() as file:
                return _packed(content, known_headers(report), file)
        except UnicodeError:
            charsets.pop(0)
        finally:
            spool.rewind()


def _packed(content: ReportText, known: frozenset[str], file: IO[bytes]) -> bytes:
    wanted = [at for at, one in enumerate(content.headers) if normal_header(one) in known]
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        write = _quoted if content.is_quoted else _plain
        packed.write(write([content.headers[at] for at in wanted]))
        for cells in _lines(content, wanted):
            packed.write(write(cells) if cells else b"\n")
            if file.tell() > ARCHIVE_BYTES:
                raise OversizeError(
                    f"The file is larger than {ARCHIVE_BYTES // MIB} MiB, so recoup did not archive it.",
                    operation=DOWNLOAD,
                )
    file.seek(0)
    return file.read()


def _lines(content: ReportText, wanted: Sequence[int]) -> Iterator[list[str]]:
    """The cells of each line below the header, none for a blank one."""
    tally = content.tally
    line, blanks, raggeds = 1, 0, 0
    for piece in content.pieces(exact=True):
        for cells in records_of(content, piece):
            line += 1
            if blanks < len(tally.blank) and tally.blank[blanks] == line:
                blanks += 1
                yield []
            elif raggeds < len(tally.ragged) and tally.ragged[raggeds] == line:
                yield [_HIDDEN] * max(tally.cells[raggeds], len(wanted) + 1)
                raggeds += 1
            else:
                yield [cells[at] for at in wanted]


def records_of(content: ReportText, piece: bytes) -> Iterator[list[str]]:
    """The lines of a piece as cells: it is written as COPY reads it."""
    if content.is_quoted:
        lines = io.StringIO(piece.decode(), newline="")
        yield from csv.reader(lines, delimiter=content.delimiter)
        return
    for line in piece.decode().replace("\\\\", "\\").split("\n")[:-1]:
        yield line.split(content.delimiter)


def _plain(cells: Sequence[str]) -> bytes:
    return ("\t".join(cells) + "\n").encode()


def _quoted(cells: Sequence[str]) -> bytes:
    return ("\t".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n").encode()
