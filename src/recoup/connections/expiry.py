"""When a seller's authorization ends, and why Amazon refuses one. Pure.

A seller renews the authorization of an application every 365 days (docs/amazon.md#lwa).
"""

from __future__ import annotations

from datetime import datetime, timedelta

AUTHORIZED_FOR = timedelta(days=365)
WARNED_AHEAD = timedelta(days=60)
"""How long before its end an authorization, or the application's secret, is warned of."""


def authorization_warning(authorized_at: datetime, now: datetime) -> str | None:
    """The warning about an authorization that ends soon or has ended; None before that."""
    ends_at = authorized_at + AUTHORIZED_FOR
    if now < ends_at - WARNED_AHEAD:
        return None
    if now < ends_at:
        return (
            f"Amazon's authorization ends on {ends_at.date()}, 365 days after it was granted: "
            "authorize recoup again before that day."
        )
    return (
        f"Amazon's authorization ended on {ends_at.date()}, 365 days after it was granted: "
        "authorize recoup again."
    )


def refusal_reason(authorized_at: datetime, now: datetime) -> str:
    """Why Amazon refuses an authorization, as far as its age tells."""
    if now >= authorized_at + AUTHORIZED_FOR:
        return (
            f"The authorization of {authorized_at.date()} has expired: "
            "a seller must renew it every 365 days."
        )
    return (
        f"Amazon refused the authorization of {authorized_at.date()} on {now.date()}. Usually the "
        "seller has revoked it in Seller Central, or the application has new roles."
    )
