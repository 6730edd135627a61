"""The row of the policy behind a claim, with its sources. Pure."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from recoup.body import CamelModel
from recoup.claims.policy import WindowTerms, load_policy
from recoup.claims.reading.row import ClaimRow
from recoup.claims.rule import PolicyWindow, Rule


class PolicyBody(CamelModel):
    """The row of the policy that determines the claim's dates; nulls if none is known."""

    version: str
    rule: str | None = Field(description="Where the rule comes from.")
    window: str | None
    clock: str | None = Field(description="The event from which days are counted.")
    opens_after_days: int | None
    closes_after_days: int | None
    closes_after_months: int | None
    confidence: str | None = Field(description="How sure it is that this is Amazon's text today.")
    sources: list[str]
    note: str | None


def policy_body(row: ClaimRow, rule: Rule | None) -> PolicyBody:
    """Returns nulls if the marketplace's window is not known: nothing is invented."""
    window = None if rule is None else _find_window(row.marketplace_id, rule.window, row.event_on)
    return PolicyBody(
        version=row.policy_version,
        rule=None if rule is None else rule.source,
        window=None if rule is None else rule.window.value,
        clock=None if window is None else window.clock,
        opens_after_days=None if window is None else window.opens,
        closes_after_days=None if window is None else window.closes_days,
        closes_after_months=None if window is None else window.closes_months,
        confidence=None if window is None else window.confidence,
        sources=[] if window is None else _sources(window),
        note=row.window_note,
    )


def _find_window(marketplace_id: str | None, window: PolicyWindow, on: date) -> WindowTerms | None:
    """The row in force in the marketplace's country on a given day."""
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


def _sources(window: WindowTerms) -> list[str]:
    """`A1: Announcement of ...`."""
    sources = load_policy().sources
    return [f"{name}: {sources[name]}" for name in window.source.split(", ")]
