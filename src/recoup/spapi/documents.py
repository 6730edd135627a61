"""Report files, downloaded unchanged to a temporary file in bounded memory.

Facts (docs/amazon.md#report-files): the address is good for five minutes, needs no token, and the
file may be compressed with gzip. It is requested right before each download.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import IO

from recoup.errors import (
    BrokenDocumentError,
    DocumentExpiredError,
    MalformedAnswerError,
    OversizeError,
    SpApiError,
    UnavailableError,
)
from recoup.logs import get_logger
from recoup.spapi.ceilings import FILE_BYTES, MIB, UNPACKED_BYTES
from recoup.spapi.client import SpApi
from recoup.spapi.gunzip import MAGIC, GzipReader
from recoup.spapi.operations.reports import DocumentAddress, get_report_document
from recoup.spapi.retry import DEFAULT_RETRY, RetryPolicy
from recoup.spapi.transport import DOWNLOAD, Download

_log = get_logger(__name__)

_READ_BYTES = 256 * 1024
_MOST_TRIES = 4
_CHARSET = re.compile(r"charset=\s*\"?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Spool:
    """A downloaded file. `charset` as named by its Content-Type, None without one.

    is_compressed: what Amazon says of it, which may be wrong; the first bytes decide.
    """

    file: IO[bytes]
    content_type: str | None
    charset: str | None
    is_compressed: bool
    size_bytes: int

    def rewind(self) -> None:
        self.file.seek(0)


@contextmanager
def spool_of(content: bytes, content_type: str | None, *, is_compressed: bool) -> Iterator[Spool]:
    """Wraps data in memory (an archived file) like a downloaded file."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield Spool(file, content_type, charset_of(content_type), is_compressed, len(content))


@asynccontextmanager
async def open_document(
    api: SpApi,
    document_id: str,
    *,
    retry: RetryPolicy = DEFAULT_RETRY,
) -> AsyncIterator[Spool]:
    """The whole file of a document, until the context ends.

    An address that has expired is requested again, a file that breaks off is downloaded again, in
    all four times; a host that does not answer is tried for longer (RetryPolicy.outage). Raises what SpApi.call raises,
    RemoteNotFoundError when the document is gone, ForbiddenHostError, and OversizeError.
    """
    with tempfile.TemporaryFile() as file:
        spool = await _fetch(api, document_id, file, retry)
        spool.rewind()
        yield spool


async def _fetch(api: SpApi, document_id: str, file: IO[bytes], retry: RetryPolicy) -> Spool:
    failures = 0
    began = retry.monotonic()
    while True:
        try:
            return await _download(api, await get_report_document(api, document_id), file)
        except (DocumentExpiredError, BrokenDocumentError, UnavailableError) as exc:
            failures += 1
            is_lost = failures >= _MOST_TRIES
            if isinstance(exc, UnavailableError):
                is_lost = retry.is_lost(failures, began)
            if is_lost:
                raise
            _log.info("download_repeated", document=document_id, error=type(exc).__name__)
            await retry.pause(failures)


async def _download(api: SpApi, address: DocumentAddress, file: IO[bytes]) -> Spool:
    file.seek(0)
    file.truncate()
    async with api.download(address.url) as answer:
        _require_file(answer)
        content_type = answer.headers.get("content-type")
        size = await _spool(answer, file)
    # Decompressing takes longer than the network: the event loop must not wait for it.
    await asyncio.to_thread(_require_whole, file, told=address.is_compressed)
    return Spool(file, content_type, charset_of(content_type), address.is_compressed, size)


def _require_file(answer: Download) -> None:
    """Raises the error for an answer without the file."""
    status = answer.status
    if status == 200:
        return
    if status in {403, 404, 410}:
        raise DocumentExpiredError(
            f"The address of the file has expired ({status}).", operation=DOWNLOAD, status=status
        )
    kind: type[SpApiError] = UnavailableError if status >= 500 else MalformedAnswerError
    what = "a redirect, which is not followed" if 300 <= status < 400 else str(status)
    raise kind(f"Instead of a file came {what}.", operation=DOWNLOAD, status=status)


async def _spool(answer: Download, file: IO[bytes]) -> int:
    """Writes the incoming data; returns its bytes."""
    size = 0
    async for piece in answer.pieces:
        size += len(piece)
        if size > FILE_BYTES:
            raise OversizeError(
                f"The file is larger than {FILE_BYTES // MIB} MiB, so recoup did not download it.",
                operation=DOWNLOAD,
            )
        await asyncio.to_thread(file.write, piece)
    return size


def _require_whole(file: IO[bytes], *, told: bool) -> None:
    """Raises BrokenDocumentError if gzip data is damaged or incomplete.

    The first bytes show whether it is gzip. Declared as gzip, a file without is taken for a report
    where it has a line at least: all of them begin with one.
    """
    file.seek(0)
    piece = file.read(_READ_BYTES)
    if not piece.startswith(MAGIC):
        if told and b"\n" not in piece and b"\r" not in piece:
            raise broken_file("is damaged")
        return
    gunzip, size = GzipReader(), 0
    while piece:
        try:
            for plain in gunzip.feed(piece):
                size += len(plain)
                require_size(size)
        except zlib.error as exc:
            raise broken_file("is damaged") from exc
        piece = file.read(_READ_BYTES)
    if not gunzip.is_whole:
        raise broken_file("is truncated")


def require_size(unpacked: int) -> None:
    """Raises OversizeError for a file with more bytes, unpacked, than recoup reads."""
    if unpacked > UNPACKED_BYTES:
        raise OversizeError(
            f"The file is larger than {UNPACKED_BYTES // MIB} MiB unpacked, so recoup did not load it.",
            operation=DOWNLOAD,
        )


def broken_file(how: str) -> BrokenDocumentError:
    """how: what is wrong with it, as the end of a sentence."""
    return BrokenDocumentError(f"The compressed file {how}.", operation=DOWNLOAD, status=200)


def charset_of(content_type: str | None) -> str | None:
    """The charset in a Content-Type, as it is written there."""
    found = _CHARSET.search(content_type or "")
    return found.group(1) if found else None
