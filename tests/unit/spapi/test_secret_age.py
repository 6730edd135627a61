"""The age of the client secret, which Amazon refuses after 180 days (docs/amazon.md#lwa)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from recoup.spapi.secret_age import secret_warning

MADE = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (0, None),
        (119, None),
        (120, "120 days old; Amazon refuses it from 2026-06-30 on: rotate it soon"),
        (170, "170 days old; Amazon refuses it from 2026-06-30 on: rotate it now"),
        (180, "180 days old; Amazon refuses it since 2026-06-30: rotate it"),
    ],
)
def test_an_old_secret_is_warned_of(days: int, says: str | None) -> None:
    """60 days ahead, more urgently at 10, and when it is too late."""
    assert secret_warning(MADE, MADE + timedelta(days=days)) == says
