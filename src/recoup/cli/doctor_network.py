"""What answers on the network, for `recoup doctor`: Amazon, the sandbox, mail, the service's port."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from recoup.cli.finding import Finding, note, ok, problem
from recoup.origins import is_loopback

if TYPE_CHECKING:
    from recoup.config import Settings

_PATIENCE_SECONDS = 5.0
_SERVE_PORT = 8000
_CLOCK_TOLERANCE = timedelta(seconds=60)


def network_findings(settings: Settings) -> Iterator[Finding]:
    if settings.lwa_client_id and settings.lwa_client_secret:
        yield from _amazon(settings)
    if settings.local_sandbox is not None:
        yield _sandbox(settings.local_sandbox)
    if settings.smtp_url is not None:
        yield _mail_server(settings.smtp_url.get_secret_value())


def clock_finding(check: str, theirs: datetime, ours: datetime) -> Finding:
    """Compares this machine's clock with another one, which is believed."""
    ahead = ours - theirs
    if abs(ahead) <= _CLOCK_TOLERANCE:
        return ok(check, f"{ahead.total_seconds():+.0f} s from this machine's")
    words = "ahead of" if ahead > timedelta(0) else "behind"
    return problem(
        check,
        f"this machine's clock is {_in_words(abs(ahead))} {words} it",
        "set the clock (`timedatectl set-ntp true`): sign-ins, leases and deadlines depend on it",
    )


def port_finding(settings: Settings, *, is_ours: bool) -> Finding:
    """Who listens where `recoup serve` would. is_ours: a recoup is connected to this database."""
    port = _port(settings.public_url)
    check = f"port {port}"
    try:
        answer = _get(f"http://127.0.0.1:{port}/readyz")
    except TimeoutError:
        return problem(
            check, f"the program that listens there does not answer for {_PATIENCE_SECONDS:.0f} s"
        )
    except (HTTPException, ConnectionResetError):
        return _taken(check, "a program that does not speak HTTP")
    except OSError:
        return note(check, "nothing listens there", "`recoup serve` would")
    # As GET /readyz of recoup answers, ready or not.
    if not _has(answer[1], "checks", "migrations"):
        return _taken(check, "another program")
    if is_ours:
        return ok(check, "this recoup listens there")
    return _taken(check, "another recoup, which does not use this database,")


def _taken(check: str, who: str) -> Finding:
    return problem(
        check, f"{who} listens there", "stop it, or choose another: `recoup serve --port PORT`"
    )


def _port(public_url: str) -> int:
    """Of the address, if browsers reach recoup there without a proxy; otherwise the usual one."""
    url = urlsplit(public_url)
    is_here = is_loopback(url.hostname)
    return url.port if is_here and url.port else _SERVE_PORT


def _amazon(settings: Settings) -> Iterator[Finding]:
    from recoup.clock import parse_http_date, utc_now
    from recoup.spapi.endpoints import LWA

    address = settings.lwa_endpoint or LWA
    try:
        headers, _ = _get(address)
    except (OSError, HTTPException) as exc:
        advice = "check name resolution and the firewall: recoup calls Amazon over https"
        yield problem("amazon", f"{address} does not answer ({_reason(exc)})", advice)
        return
    yield ok("amazon", f"{address} answers")
    try:
        yield clock_finding("amazon's clock", parse_http_date(headers["date"] or ""), utc_now())
    except (TypeError, ValueError):
        yield note("amazon's clock", "the answer has no usable date")


def _sandbox(address: str) -> Finding:
    try:
        _, body = _get(f"{address}/_sandbox/calls")
    except (OSError, HTTPException) as exc:
        says = f"nothing answers at {address} ({_reason(exc)}), so no sync of the environment local works"
        port = urlsplit(address).port or 80
        return problem(
            "sandbox",
            says,
            f"start `recoup sandbox --port {port}` or `recoup serve --sandbox`, "
            "or unset RECOUP_LOCAL_SANDBOX",
        )
    if not _has(body, "lwaToken"):
        return problem(
            "sandbox",
            f"another program answers at {address}",
            "set RECOUP_LOCAL_SANDBOX to the address that `recoup sandbox` prints",
        )
    return ok("sandbox", f"{address} answers")


def _mail_server(url: str) -> Finding:
    from recoup.smtp_url import read_smtp_url

    server = read_smtp_url(url)
    place = f"{server.host}:{server.port}"
    try:
        socket.create_connection((server.host, server.port), _PATIENCE_SECONDS).close()
    except OSError as exc:
        says = f"{place} cannot be reached ({_reason(exc)}), so no reminder is mailed"
        return problem("mail server", says, "check RECOUP_SMTP_URL and the firewall")
    return ok("mail server", f"{place} accepts connections")


def _get(url: str) -> tuple[HTTPMessage, bytes]:
    """Headers and the first bytes of any answer. Raises OSError, HTTPException."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    with closing(kind(parts.netloc, timeout=_PATIENCE_SECONDS)) as connection:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        return answer.headers, answer.read(10_000)


def _has(body: bytes, *path: str) -> bool:
    """Whether it is a JSON object with this member of this member."""
    try:
        found = json.loads(body)
        for name in path:
            found = found[name]
    except (ValueError, TypeError, LookupError):
        return False
    return True


def _reason(exc: Exception) -> str:
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__


def _in_words(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for name, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} seconds"
