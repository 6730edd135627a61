"""The settings of this process, its secret keys and the application's secret, for `recoup doctor`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from recoup.cli.finding import Finding, note, ok, problem

if TYPE_CHECKING:
    from recoup.config import Settings


def setting_rows(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Name, value and source. For a secret only whether it is set."""
    from pydantic import SecretStr

    variables = {name.upper() for name in os.environ}
    for name in type(settings).model_fields:
        variable = f"RECOUP_{name.upper()}"
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = "(set)"
        if variable in variables:
            source = "environment"
        elif name in settings.model_fields_set:
            source = "file"
        else:
            source = "default"
        yield variable, "(unset)" if value is None else str(value), source


def secret_keys(settings: Settings) -> Iterator[Finding]:
    """Whether they are keys that nobody else knows; makes none."""
    from recoup.errors import ConfigurationError

    check = "secret keys"
    if settings.secret_keys is None and not os.path.lexists(settings.key_path):
        yield note(check, f"none yet in {settings.key_path}", "`recoup serve` makes one")
        return
    try:
        count = len(settings.keys)
    except ConfigurationError as exc:
        yield problem(check, str(exc))
        return
    if settings.secret_keys is None:
        yield ok(check, f"generated, in {settings.key_path}")
    else:
        yield ok(check, f"{count} in RECOUP_SECRET_KEYS")


def client_secret(settings: Settings) -> Iterator[Finding]:
    """A problem once Amazon no longer accepts it; a note where there is none, or its age is not set."""
    from recoup.clock import utc_now
    from recoup.spapi.secret_age import LIFE, secret_warning

    check = "client secret"
    if not settings.lwa_client_id or not settings.lwa_client_secret:
        needed = "RECOUP_LWA_CLIENT_ID and RECOUP_LWA_CLIENT_SECRET"
        yield note(check, f"only the local sandbox works without {needed}")
        return
    rotated_on = settings.lwa_secret_rotated_on
    if rotated_on is None:
        advice = "set RECOUP_LWA_SECRET_ROTATED_ON to be warned before Amazon refuses it"
        yield note(check, "its age is unknown", advice)
        return
    today = utc_now().date()
    warning = secret_warning(rotated_on, today)
    if warning is None:
        yield ok(check, f"{(today - rotated_on).days} days old")
    elif today - rotated_on >= LIFE:
        yield problem(check, warning)
    else:
        yield note(check, warning)
