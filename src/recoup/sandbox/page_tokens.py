"""Page tokens: the position of a reader, signed, so that they survive a restart of the sandbox."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

_SIGNATURE_BYTES = 12


class PageTokenError(Exception):
    """The token is foreign, too old or for other parameters; the message says which."""


@dataclass(frozen=True)
class ReaderPosition:
    """The position of a reader. `repeated`: this page was already returned, whole or without rows.

    `question` holds the parameters of the first page where the token must come alone.
    """

    position: tuple[int, ...]
    repeated: bool = False
    question: str = ""


@dataclass(frozen=True)
class PageTokens:
    """Creates and reads the page tokens of one seller and operation.

    `lifetime` None: they do not expire.
    """

    key: bytes
    operation: str
    lifetime: timedelta | None

    def give(self, place: ReaderPosition, bound: tuple[object, ...], now: datetime) -> str:
        """A token for `place` that is only valid for a request with the same `bound` parameters."""
        fields = [
            place.position,
            int(place.repeated),
            place.question,
            _fingerprint(bound),
            int(now.timestamp()),
        ]
        content = json.dumps(fields, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._sign(content) + content).decode().rstrip("=")

    def read(self, token: str, bound: tuple[object, ...], now: datetime) -> ReaderPosition:
        """The position in a token. Raises PageTokenError."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError):
            raise PageTokenError("the token is malformed") from None
        signature, content = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(content)):
            raise PageTokenError("the token is not one of this operation")
        position, repeated, question, fingerprint, given_at = json.loads(content)
        if self.lifetime is not None and now.timestamp() - given_at > self.lifetime.total_seconds():
            raise PageTokenError("the token has expired")
        if fingerprint != _fingerprint(bound):
            raise PageTokenError("the other parameters differ from those of the first page")
        return ReaderPosition(tuple(map(int, position)), bool(repeated), str(question))

    def _sign(self, content: bytes) -> bytes:
        person = blake2b(self.operation.encode(), digest_size=16).digest()
        return blake2b(content, digest_size=_SIGNATURE_BYTES, key=self.key, person=person).digest()


def _fingerprint(bound: tuple[object, ...]) -> str:
    return blake2b(repr(bound).encode(), digest_size=9).hexdigest()
