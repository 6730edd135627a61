"""Chance for long ranges: a few numbers per index, drawn for 64 indexes at once.

One call of SHAKE-128 for 64 things costs a fraction of one hash for each; a single index can
still be asked for, at the price of its block. Like the dice, the numbers depend on the key, the
kind and the index alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from hashlib import shake_128
from struct import Struct

BLOCK = 64
_KEPT_BLOCKS = 64


class Draws:
    """Unsigned numbers per index, with the sizes in the layout (a format of `struct`)."""

    def __init__(self, key: bytes, kind: str, layout: str) -> None:
        self._seed = b"\0".join((key, kind.encode(), b""))
        self._struct = Struct(layout)
        self._bytes = self._struct.size * BLOCK
        self._kept = lru_cache(_KEPT_BLOCKS)(self._draw)

    def of(self, index: int) -> tuple[int, ...]:
        return self._kept(index // BLOCK)[index % BLOCK]

    def between(self, first: int, stop: int) -> Iterator[tuple[int, ...]]:
        """The numbers of the indexes from `first` on, up to but not including `stop`."""
        while first < stop:
            number, offset = divmod(first, BLOCK)
            last = min(BLOCK, offset + stop - first)
            block = self._draw(number) if last - offset == BLOCK else self._kept(number)
            yield from block if last - offset == BLOCK else block[offset:last]
            first += last - offset

    def _draw(self, number: int) -> list[tuple[int, ...]]:
        words = shake_128(self._seed + str(number).encode()).digest(self._bytes)
        return list(self._struct.iter_unpack(words))
