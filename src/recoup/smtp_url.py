"""The address of a mail server, read so that no error and no `repr` quotes its password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address, HeaderRegistry
from typing import Any
from urllib.parse import unquote, urlsplit

_ADVICE = (
    "must be smtp://user:password@host:587 or smtps://user:password@host:465, with / ? # [ ] @ % "
    "and spaces of the user and the password percent-encoded (such as %40 for @)"
)
_ENDS_EARLY = re.compile(r"[/?#\[\]@\s\x00-\x1f\x7f]|%(?![0-9A-Fa-f]{2})")
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """is_tls: encrypted from the first byte; otherwise STARTTLS is used where it is offered."""

    host: str
    port: int
    is_tls: bool
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


def read_smtp_url(url: str) -> SmtpServer:
    """Raises ValueError, which quotes nothing of it."""
    scheme, _, rest = url.partition("://")
    user_info, at, place = rest.rpartition("@")
    user, colon, password = user_info.partition(":")
    if scheme not in _PORTS or (at and not (user and colon and password)):
        raise ValueError(_ADVICE)
    if _ENDS_EARLY.search(user_info):
        raise ValueError(_ADVICE)
    try:
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(_ADVICE) from None
    if not host or parts.path not in {"", "/"} or parts.query or parts.fragment or port == 0:
        raise ValueError(_ADVICE)
    return SmtpServer(
        host=host,
        port=port or _PORTS[scheme],
        is_tls=scheme == "smtps",
        user=unquote(user) if at else None,
        password=unquote(password) if at else None,
    )


def read_sender(text: str) -> Address:
    """`recoup <recoup@example.com>` or the address alone. Raises ValueError."""
    advice = "must be one address, such as recoup@example.com or recoup <recoup@example.com>"
    if not text.isprintable():
        raise ValueError(advice)
    registry: Any = HeaderRegistry()
    try:
        header = registry("from", text)
        addresses: tuple[Address, ...] = header.addresses
    except (MessageError, ValueError, IndexError):
        raise ValueError(advice) from None
    if header.defects or len(addresses) != 1 or not addresses[0].domain:
        raise ValueError(advice)
    return addresses[0]
