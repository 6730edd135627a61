"""The row of the policy that a claim rests on, with its sources. Pure."""

from __future__ import annotations

from datetime import date
from typing import Any

from recoup.claims.policy import PolicyWindow, load_policy
from recoup.claims.queries import ClaimRow
from recoup.claims.rule import Rule, Window


def policy_body(row: ClaimRow, rule: Rule | None) -> dict[str, Any]:
    """Nulls where the marketplace's window is not known: nothing is made up."""
    window = (
        None if rule is None else _find_window(row["marketplace_id"], rule.window, row["event_on"])
    )
    return {
        "version": row["policy_version"],
        "rule": None if rule is None else rule.source,
        "window": None if rule is None else rule.window.value,
        "clock": None if window is None else window.clock,
        "opensAfterDays": None if window is None else window.opens,
        "closesAfterDays": None if window is None else window.closes_days,
        "closesAfterMonths": None if window is None else window.closes_months,
        "confidence": None if window is None else window.confidence,
        "sources": [] if window is None else _sources(window),
        "note": row["window_note"],
    }


def _find_window(marketplace_id: str | None, window: Window, on: date) -> PolicyWindow | None:
    """The row in force in the marketplace's country on a day."""
    policy = load_policy()
    countries = {one.marketplace_id: one.country for one in policy.marketplaces}
    country = countries.get(marketplace_id or "")
    return next(
        (
            row
            for row in policy.windows
            if (row.country, row.window) == (country, window)
            and row.valid_from <= on < row.valid_to
        ),
        None,
    )


def _sources(window: PolicyWindow) -> list[str]:
    """`A1: Announcement of ...`."""
    sources = load_policy().sources
    return [f"{name}: {sources[name]}" for name in window.source.split(", ")]
