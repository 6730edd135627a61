"""Files of reports: downloaded to a temporary file, byte for byte, in bounded memory.

Facts (docs/amazon.md #report-files): the address is good for five minutes, needs no token, and the
file may be compressed with gzip. It is asked for right before each download.
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
    SpApiError,
    UnavailableError,
)
from recoup.logs import get_logger
from recoup.spapi.client import SpApi
from recoup.spapi.operations.reports import DocumentAddress, get_report_document
from recoup.spapi.retry import DEFAULT_RETRY, RetryPolicy
from recoup.spapi.transport import DOWNLOAD, Download

_log = get_logger(__name__)

GZIP_WINDOW = 31
_MOST_TRIES = 4
_CHARSET = re.compile(r"charset=\s*\"?([A-Za-z0-9._:-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Spool:
    """A downloaded file as it came. `charset` as its Content-Type names it, None without one."""

    file: IO[bytes]
    content_type: str | None
    charset: str | None
    is_compressed: bool
    size_bytes: int

    def rewind(self) -> None:
        self.file.seek(0)


@contextmanager
def spool_of(content: bytes, content_type: str | None, *, is_compressed: bool) -> Iterator[Spool]:
    """What is in memory already (an archived file), as if it had just been downloaded."""
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

    An address that has expired is asked for again, a file that breaks off is downloaded again, in
    all four times; a host that does not answer is tried for longer (RetryPolicy.outage). Raises what SpApi.call raises,
    RemoteNotFoundError when the document is gone, and ForbiddenHostError.
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
        size = await _spool(answer, file, is_compressed=address.is_compressed)
    return Spool(file, content_type, charset_of(content_type), address.is_compressed, size)


def _require_file(answer: Download) -> None:
    """Raises the error that an answer without the file means."""
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


async def _spool(answer: Download, file: IO[bytes], *, is_compressed: bool) -> int:
    """Write what comes; gives its bytes. Raises BrokenDocumentError for a gzip file without end."""
    size, check = 0, GzipCheck()
    async for piece in answer.pieces:
        size += len(piece)
        # Decompressing takes longer than the network: the event loop must not wait for it.
        await asyncio.to_thread(_keep, file, piece, check if is_compressed else None)
    if is_compressed and not check.is_whole():
        raise BrokenDocumentError(
            "The compressed file ends in the middle.", operation=DOWNLOAD, status=200
        )
    return size


def _keep(file: IO[bytes], piece: bytes, check: GzipCheck | None) -> None:
    file.write(piece)
    if check is not None:
        try:
            check.feed(piece)
        except zlib.error as exc:
            raise BrokenDocumentError(
                "The compressed file is damaged.", operation=DOWNLOAD, status=200
            ) from exc


class GzipCheck:
    """Whether pieces make up whole gzip members: reads them and forgets what it read."""

    _STEP_BYTES = 1024 * 1024

    def __init__(self) -> None:
        self._unpacker = zlib.decompressobj(GZIP_WINDOW)
        self._seen = False

    def feed(self, piece: bytes) -> None:
        """Raises zlib.error for what is no gzip."""
        while piece:
            if self._unpacker.eof:
                self._unpacker = zlib.decompressobj(GZIP_WINDOW)
            self._seen = True
            self._unpacker.decompress(piece, self._STEP_BYTES)
            piece = self._unpacker.unconsumed_tail or self._unpacker.unused_data

    def is_whole(self) -> bool:
        """Whether the last member has come to its end."""
        # What does not fit into a step is held back, and the end with it.
        while not self._unpacker.eof and self._unpacker.decompress(b"", self._STEP_BYTES):
            pass
        return self._seen and self._unpacker.eof


def charset_of(content_type: str | None) -> str | None:
    """The charset that a Content-Type names, as it is written there."""
    found = _CHARSET.search(content_type or "")
    return found.group(1) if found else None
