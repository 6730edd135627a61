"""Sealing of secrets at rest, and the keys derived for signing."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from recoup.errors import ConfigurationError


@lru_cache(maxsize=32)
def derive_key(secret: str, purpose: str) -> bytes:
    """32 bytes for one purpose: a signing key never seals (HKDF-SHA256, RFC 5869)."""
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"recoup:{purpose}".encode())
    return kdf.derive(secret.encode())


class Vault:
    """Seals refresh tokens and secrets of webhooks. The first key seals, every key opens, so keys can be rotated."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        fernets = [Fernet(base64.urlsafe_b64encode(derive_key(key, "seal"))) for key in keys]
        self._fernet = MultiFernet(fernets)
        self._first = fernets[0]

    def seal(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Raises ConfigurationError if none of the keys sealed it."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as exc:
            raise ConfigurationError(
                "A stored refresh token or secret cannot be opened with RECOUP_SECRET_KEYS: add the "
                "key that sealed it, or connect the seller again and rotate the webhook's secret."
            ) from exc

    def reseal(self, sealed: bytes) -> bytes | None:
        """The same secret sealed with the first key; None if it is already.

        Raises ConfigurationError if none of the keys sealed it.
        """
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return self.seal(self.open(sealed))
        return None
