"""The age of the application's client secret. Pure.

Amazon refuses a secret that was not rotated within 180 days (docs/amazon.md#lwa), and then every
connection fails at once.
"""

from __future__ import annotations

from datetime import date, timedelta

LIFE = timedelta(days=180)
_SOON = LIFE - timedelta(days=60)
_NOW = timedelta(days=170)


def secret_warning(rotated_on: date, today: date) -> str | None:
    """The warning about a secret created on a day; None while it is young."""
    age = today - rotated_on
    if age < _SOON:
        return None
    ends_on = rotated_on + LIFE
    if age >= LIFE:
        return f"{age.days} days old; Amazon refuses it since {ends_on}: rotate it"
    when = "now" if age >= _NOW else "soon"
    return f"{age.days} days old; Amazon refuses it from {ends_on} on: rotate it {when}"
