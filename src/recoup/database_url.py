"""The address of a PostgreSQL, read so strictly that no error further on can quote its password."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

_ADVICE = (
    "must be postgresql://user:password@host:port/database, with these signs of the user and the "
    "password percent-encoded: / ? # [ ] @ % and spaces (such as %2F for /)"
)
# Each of these ends the password for some reader, who then takes the rest of it for a host, a port or
# a name of a database, and says so in an error.
_ENDS_EARLY = re.compile(r"[/?#\[\]@\s\x00-\x1f\x7f]|%(?![0-9A-Fa-f]{2})|%00")


def read_database_url(url: str) -> str:
    """The same with the scheme `postgresql://`. Raises ValueError, which quotes nothing of it."""
    scheme, _, rest = url.partition("://")
    user_info, at, place = rest.rpartition("@")
    if not scheme.startswith("postgres") or _ENDS_EARLY.search(user_info) or "#" in place:
        raise ValueError(_ADVICE)
    try:
        parts = urlsplit(f"postgresql://{place}")
        _ = parts.port
    except ValueError:
        raise ValueError(_ADVICE) from None
    query = urlencode(parse_qsl(parts.query))
    return urlunsplit(("postgresql", f"{user_info}{at}{parts.netloc}", parts.path, query, ""))


def url_of_user(url: str, user: str, password: str) -> str:
    """The same address for another user. Raises ValueError as `read_database_url`."""
    place = read_database_url(url).partition("://")[2].rpartition("@")[2]
    secret = f":{quote(password, safe='')}" if password else ""
    return f"postgresql://{quote(user, safe='')}{secret}@{place}"
