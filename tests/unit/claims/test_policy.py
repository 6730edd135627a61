"""The policy file: what it says, and that a file with holes is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib import resources

import pytest

from recoup.claims.policy import FeeChangeKind, PolicyError, load_policy, parse_policy
from recoup.claims.rule import PolicyWindow

TEXT = resources.files("recoup.claims").joinpath("policy.toml").read_text("utf-8")
_US_LOST = """closes = 60
valid_from = 2024-10-23
confidence = "high"
source = ["A1"]"""


def _now(
    country: str, window: PolicyWindow
) -> tuple[int | None, int | None, int | None, str] | None:
    for row in load_policy().windows:
        if (row.country, row.window) == (country, window) and row.valid_to == date.max:
            return row.opens, row.closes_days, row.closes_months, row.confidence
    return None


@pytest.mark.parametrize(
    ("country", "window", "expected"),
    [
        ("US", PolicyWindow.FC_LOST, (0, 60, None, "high")),
        ("US", PolicyWindow.CUSTOMER_RETURN, (60, 120, None, "high")),
        ("US", PolicyWindow.REMOVAL_LOST, (15, 75, None, "high")),
        ("US", PolicyWindow.REMOVAL_OTHER, (0, 60, None, "high")),
        ("US", PolicyWindow.INBOUND, (None, None, 9, "medium")),
        ("US", PolicyWindow.FEE_DIMENSION, (0, 90, None, "medium")),
        ("US", PolicyWindow.FEE_REFERRAL, (0, 90, None, "medium")),
        ("US", PolicyWindow.REIMBURSEMENT_VALUE_DISPUTE, (0, 60, None, "medium")),
        ("GB", PolicyWindow.FC_DAMAGED, (0, 60, None, "high")),
        ("DE", PolicyWindow.CUSTOMER_RETURN, (45, 105, None, "high")),
        ("GB", PolicyWindow.REMOVAL_LOST, (15, 75, None, "high")),
        ("FR", PolicyWindow.INBOUND, (None, None, 6, "low")),
        ("GB", PolicyWindow.REIMBURSEMENT_VALUE_DISPUTE, (0, 60, None, "high")),
        ("GB", PolicyWindow.FEE_REFERRAL, (0, 90, None, "low")),
        ("AU", PolicyWindow.FEE_DIMENSION, (0, 90, None, "medium")),
        ("US", PolicyWindow.INBOUND_PROBLEM, (0, 30, None, "low")),
        ("GB", PolicyWindow.INBOUND_PROBLEM, (0, 30, None, "low")),
        ("JP", PolicyWindow.INBOUND_PROBLEM, None),
        ("AU", PolicyWindow.FC_LOST, None),
        ("AE", PolicyWindow.INBOUND, (15, 60, None, "medium")),
        ("AE", PolicyWindow.REMOVAL_OTHER, (0, 30, None, "medium")),
        ("IN", PolicyWindow.CUSTOMER_RETURN, (45, None, None, "low")),
        ("IN", PolicyWindow.REMOVAL_LOST, (0, 30, None, "low")),
        ("JP", PolicyWindow.CUSTOMER_RETURN, (45, None, 18, "low")),
        ("CA", PolicyWindow.FC_LOST, (0, 60, None, "unconfirmed")),
        ("NL", PolicyWindow.CUSTOMER_RETURN, (45, 105, None, "unconfirmed")),
        ("SG", PolicyWindow.FC_LOST, None),
    ],
)
def test_the_windows_are_those_of_the_facts(
    country: str,
    window: PolicyWindow,
    expected: tuple[int | None, int | None, int | None, str] | None,
) -> None:
    """What is not known has no row."""
    assert _now(country, window) == expected


def test_caps_and_the_value_basis_are_those_of_the_facts() -> None:
    """Caps per unit and currency; sourcing cost counts from 2025-03-31 on."""
    policy = load_policy()

    assert policy.caps["USD"] == Decimal(5000)
    assert policy.caps["GBP"] == policy.caps["EUR"] == Decimal(2000)
    assert policy.sourcing_cost_since == date(2025, 3, 31)


def test_what_changed_fees_for_everybody_has_its_days() -> None:
    """Fee card, surcharge, defect fees and the end of prep services, by country."""
    changes = {(one.kind, one.country): one for one in load_policy().fee_changes}

    assert changes[FeeChangeKind.FEE_CARD, "US"].valid_from == date(2026, 1, 15)
    for country in ("US", "CA"):
        surcharge = changes[FeeChangeKind.SURCHARGE, country]
        assert (surcharge.share, surcharge.valid_from) == (Decimal("0.035"), date(2026, 4, 17))
    defect = changes[FeeChangeKind.DEFECT_FEE, "US"]
    assert (defect.least, defect.most, defect.currency) == (Decimal("0.32"), Decimal("5.72"), "USD")
    assert changes[FeeChangeKind.NO_PREP, "US"].valid_from == date(2026, 1, 1)
    assert all(one.valid_to == date.max for one in changes.values())


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('source = ["F1"]', 'source = ["Z9"]', "no such source"),
        (
            "valid_from = 2026-04-17",
            "valid_from = 2026-04-17\nvalid_to = 2026-04-01",
            "never valid",
        ),
        ('countries = ["US", "CA"]\nfee', 'countries = ["US", "ZZ"]\nfee', "has no marketplace"),
    ],
)
def test_a_fee_change_that_contradicts_itself_is_refused(old: str, new: str, reason: str) -> None:
    """The same checks as those of windows."""
    assert old in TEXT

    with pytest.raises(PolicyError, match=reason):
        parse_policy(TEXT.replace(old, new, 1))


def test_the_version_changes_with_the_text() -> None:
    """A claim names the policy it rests on, to the letter."""
    assert parse_policy(TEXT + "# a note\n").version != load_policy().version


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("valid_to = 2024-10-23", "valid_to = 2024-10-20", "nothing from 2024-10-20"),
        ("valid_to = 2024-10-23", "valid_to = 2024-11-01", "overlap"),
        (
            _US_LOST,
            _US_LOST.replace("confidence", "valid_to = 2026-01-01\nconfidence"),
            "nothing from 2026",
        ),
        ("opens = 60\ncloses = 120", "opens = 60\ncloses = 50", "closes before it opens"),
        ('countries = ["US"]', 'countries = ["ZZ"]', "has no marketplace"),
        ('source = ["A1"]', 'source = ["Z9"]', "no such source"),
        ('confidence = "high"', 'confidence = "sure"', "unknown confidence"),
        ("closes_months = 9", "closes_months = 9\ncloses = 3", "in days and in months"),
        ("valid_from = 2025-03-31", "valid_from = 2025-04-01", "do not follow"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(old: str, new: str, reason: str) -> None:
    """No gap, no overlap, no unknown name gets into a detection."""
    assert old in TEXT

    with pytest.raises(PolicyError, match=reason):
        parse_policy(TEXT.replace(old, new, 1))
