"""When an authorization ends (docs/amazon.md#lwa), and why Amazon refuses one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from recoup.connections.expiry import authorization_warning, refusal_reason

GRANTED = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (0, None),
        (304.9, None),
        (305, "ends on 2027-01-01"),
        (364.9, "ends on 2027-01-01"),
        (365, "ended on 2027-01-01"),
    ],
)
def test_an_authorization_is_warned_of_60_days_ahead(days: float, says: str | None) -> None:
    """By its day, and in other words once it is over."""
    warning = authorization_warning(GRANTED, GRANTED + timedelta(days=days))

    assert (warning is None) is (says is None)
    assert (says or "") in (warning or "")


@pytest.mark.parametrize(
    ("days", "says"), [(364, "revoked it in Seller Central"), (365, "has expired")]
)
def test_a_refusal_is_explained_by_its_age(days: int, says: str) -> None:
    """Before its year is over it was taken back; afterwards it has ended."""
    assert says in refusal_reason(GRANTED, GRANTED + timedelta(days=days))
