"""Signatures of webhooks by the Standard Webhooks specification 1.0 (standardwebhooks.com). Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

_PREFIX = "whsec_"
# The specification asks for 24 to 64 bytes.
_SECRET_BYTES = 32


def new_signing_secret() -> str:
    """As receivers enter it into their verifying library."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(
    body: bytes, *, message_id: str, at: datetime, signed_with: Sequence[str]
) -> dict[str, str]:
    """The headers that prove the sender; one signature for each secret, the newest first."""
    timestamp = str(int(at.timestamp()))
    signatures = [_sign(body, message_id, timestamp, secret) for secret in signed_with]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def _sign(body: bytes, message_id: str, timestamp: str, secret: str) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
