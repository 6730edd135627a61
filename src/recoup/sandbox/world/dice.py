"""Reproducible chance: the same key, kind and index give the same rolls.

No generator is shared, so nothing depends on the order in which things are requested. The
rolls are the words of a BLAKE2b digest, which no Python release will change.
"""

from __future__ import annotations

from base64 import b32encode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b
from struct import Struct
from typing import TypeVar

T = TypeVar("T")

_WORDS = Struct("<8Q")


def derive_key(*parts: object) -> bytes:
    """16 bytes that depend on every part and on the borders between them."""
    return blake2b("\0".join(map(str, parts)).encode(), digest_size=16).digest()


def opaque_id(key: bytes, kind: str, index: int) -> str:
    """43 letters of base64url: unique per kind and index."""
    digest = blake2b(f"{kind}/{index}".encode(), digest_size=32, key=key).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def letters(key: bytes, kind: str, index: int, length: int) -> str:
    """At most 51 capital letters and digits, in one hash."""
    digest = blake2b(f"{kind}/{index}".encode(), digest_size=32, key=key).digest()
    return b32encode(digest).decode()[:length]


def code(key: bytes, kind: str, index: int, alphabet: str, length: int) -> str:
    """A text that looks like one of Amazon's opaque ids."""
    dice = Dice(key, kind, index)
    return "".join(dice.pick(alphabet) for _ in range(length))


class Dice:
    """Rolls for one thing of the world."""

    __slots__ = ("_key", "_next", "_seed", "_words")

    def __init__(self, key: bytes, kind: str, *index: int) -> None:
        self._key = key
        self._seed = f"{kind}{index}".encode()
        self._words: tuple[int, ...] = _WORDS.unpack(blake2b(self._seed, key=key).digest())
        self._next = 0

    def roll(self, sides: int) -> int:
        """A whole number from 0 to sides - 1. `sides` is at least 1."""
        if self._next == len(self._words):
            self._seed += b"+"
            self._words = _WORDS.unpack(blake2b(self._seed, key=self._key).digest())
            self._next = 0
        word = self._words[self._next]
        self._next += 1
        return (word * sides) >> 64

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both possible."""
        return low + self.roll(high - low + 1)

    def happens(self, per_mille: int) -> bool:
        return self.roll(1000) < per_mille

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.roll(len(choices))]
