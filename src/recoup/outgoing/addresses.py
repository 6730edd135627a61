"""Which addresses a webhook may be sent to: those of the public internet, and no other.

Whoever may enter an address could otherwise have recoup call what only its own network reaches: a
database, a router, a cloud's metadata service with its credentials (SSRF).
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from recoup.errors import InvalidRequestError, WebhookError

# Public by their number, and yet a platform's own: Azure's wire server.
_OF_PLATFORMS = frozenset({IPv4Address("168.63.129.16")})
# IPv6 addresses that a network may translate into the IPv4 address within (RFC 6052, RFC 3056).
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_RESOLVE_SECONDS = 5.0
_MOST_CHARACTERS = 2000


@dataclass(frozen=True, slots=True, repr=False)
class Target:
    """Where a request goes: `address` was checked, and is what is connected to."""

    scheme: str
    host: str
    port: int
    address: str
    path: str

    @property
    def url(self) -> str:
        """With the address in place of the name, so that no second look-up can lead elsewhere."""
        shown = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.scheme}://{shown}:{self.port}{self.path}"

    @property
    def host_header(self) -> str:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return shown if self.port == usual else f"{shown}:{self.port}"


def require_webhook_url(url: str, *, to_private: bool) -> str:
    """Raises InvalidRequestError for an address that can be none of a webhook, whoever resolves it."""
    if len(url) > _MOST_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url:
        raise InvalidRequestError(
            f"The address of a webhook must be at most {_MOST_CHARACTERS} printable ASCII characters."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidRequestError("The address of the webhook cannot be read.") from None
    schemes = ("https", "http") if to_private else ("https",)
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise InvalidRequestError(
            "The address of a webhook must begin with https:// and name a host."
        )
    if "@" in parts.netloc or "\\" in url or parts.fragment:
        raise InvalidRequestError(
            "The address of a webhook must have no user, no backslash and no fragment."
        )
    literal = _literal(parts.hostname)
    if literal is not None and not to_private and not is_public(literal):
        raise InvalidRequestError("The address of a webhook must be a public one.")
    return url


async def resolve(url: str, *, to_private: bool) -> Target:
    """Looks the host up. Raises WebhookError, which says why there is no address to connect to."""
    try:
        require_webhook_url(url, to_private=to_private)
    except InvalidRequestError as exc:
        raise WebhookError(str(exc)) from exc
    parts = urlsplit(url)
    host = parts.hostname
    assert host is not None, "required above"
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    addresses = await _look_up(host, port)
    if not to_private and not all(is_public(one) for one in addresses):
        raise WebhookError(
            "The host has a private address, and webhooks are sent to public ones only."
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, str(addresses[0]), path)


async def _look_up(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        raise WebhookError("The host of the webhook was not found.") from None
    addresses = [ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
    if not addresses:
        raise WebhookError("The host of the webhook was not found.")
    return addresses


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether anybody on the internet reaches the same machine under it."""
    inner = _inner(address)
    if inner is not None:
        return is_public(inner)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and address not in _OF_PLATFORMS
    )


def _inner(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address within an IPv6 one, where a packet to it may end up there."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in network for network in _NAT64):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
