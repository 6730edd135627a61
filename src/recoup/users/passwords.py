"""Passwords: their rules, and hashing them without stopping everybody else.

Argon2id with the parameters of RFC 9106 for memory that is not plenty (64 MiB, three passes). One
hash takes a tenth of a second of four threads, so few run at once and none on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from recoup.errors import WeakPasswordError

MIN_CHARACTERS = 12
MAX_CHARACTERS = 256
"""More would only make a hash slower."""
NOT_AGAIN = 10
"""So many earlier passwords are refused (docs/security.md#passwords)."""

_AT_ONCE = 2
# What an unknown user's password is compared with, so that the answer takes as long: the hash, at
# the same cost, of random text that nobody has.
_NOBODYS = (
    "$argon2id$v=19$m=65536,t=3,p=4$"
    "oQs3oOG28fCtBA7xB8IBfw$5daIpsSSDHSqS37CoLQGN9EtigtS0lUJhZVeYFgY8J0"
)


class Passwords:
    """The hashing of one process. `hasher`: how costly it is."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str) -> str:
        """Raises WeakPasswordError."""
        require_strong(password)
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether it is the password of a hash. None, for a user who has no password, takes as long."""
        async with self._turns:
            return await asyncio.to_thread(self._verify, password, hashed)

    async def is_among(self, password: str, hashes: Sequence[str]) -> bool:
        """Whether it is one of these passwords."""
        async with self._turns:
            return await asyncio.to_thread(
                lambda: any(self._verify(password, hashed) for hashed in hashes)
            )

    def _verify(self, password: str, hashed: str | None) -> bool:
        try:
            right = self._hasher.verify(hashed or _NOBODYS, password)
        except (VerificationError, InvalidHashError):
            return False
        return right and hashed is not None


def require_strong(password: str) -> None:
    """Raises WeakPasswordError. Length is the only rule: others make people choose worse ones."""
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise WeakPasswordError(
            f"A password needs {MIN_CHARACTERS} to {MAX_CHARACTERS} characters: "
            "several words are easy to remember."
        )
