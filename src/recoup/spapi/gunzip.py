"""Gzip in bounded memory: however much a piece unpacks to, it comes out bit by bit."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

MAGIC = b"\x1f\x8b"
_WINDOW = 31
_STEP_BYTES = 512 * 1024


class GzipReader:
    """Unpacks gzip members that follow each other; zeros behind the end of one are padding."""

    def __init__(self) -> None:
        self._unpacker = zlib.decompressobj(_WINDOW)

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """What the piece unpacks to, half a MiB at a time. Raises zlib.error for other data."""
        while piece:
            if self._unpacker.eof:
                piece = piece.lstrip(b"\x00")
                if not piece:
                    return
                self._unpacker = zlib.decompressobj(_WINDOW)
            plain = self._unpacker.decompress(piece, _STEP_BYTES)
            if plain:
                yield plain
            piece = self._unpacker.unconsumed_tail or self._unpacker.unused_data
        # What did not fit into a step is held back, and the end with it.
        while not self._unpacker.eof and (plain := self._unpacker.decompress(b"", _STEP_BYTES)):
            yield plain

    @property
    def is_whole(self) -> bool:
        """Whether the last member is complete."""
        return self._unpacker.eof
