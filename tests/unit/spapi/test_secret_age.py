"""The age of the client secret, which Amazon refuses after 180 days (facts 7, row 19)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from recoup.spapi.secret_age import secret_warning

MADE = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (0, None),
        (149, None),
        (150, "150 days old; Amazon refuses it from 2026-06-30 on: rotate it soon"),
        (170, "170 days old; Amazon refuses it from 2026-06-30 on: rotate it now"),
        (180, "180 days old; Amazon refuses it since 2026-06-30: rotate it"),
    ],
)
def test_row_19_an_old_secret_is_warned_of(days: int, says: str | None) -> None:
    """At 150 days, more urgently at 170, and when it is too late."""
    assert secret_warning(MADE, MADE + timedelta(days=days)) == says
