"""Origins of web pages (RFC 6454), who a browser says that a request comes from, and this machine."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str | None:
    """Scheme, host and a port that is not the usual one, as browsers write them; None for `null`
    and for text that is no address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    own_port = "" if port is None or port == _PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{host}{own_port}"


@lru_cache(maxsize=256)
def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine: localhost, or an address of its loopback device."""
    if host is None or host == "localhost":
        return host is not None
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_origins(text: str) -> tuple[str, ...]:
    """The origins of a comma-separated list. Raises ValueError for what is no exact origin."""
    return tuple(_read_origin(one.strip()) for one in text.split(",") if one.strip())


def _read_origin(text: str) -> str:
    if "*" in text:
        raise ValueError(
            "must list exact origins: with `*` every web page could act with a user's session"
        )
    known = origin_of(text)
    place = text.partition("://")[2]
    if known is None or any(sign in place for sign in "/?#@\\") or any(map(str.isspace, text)):
        raise ValueError(
            "must be origins such as https://app.example.com or http://localhost:5173, separated by "
            "commas, without a path"
        )
    return known
