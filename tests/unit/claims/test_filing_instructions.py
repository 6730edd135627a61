"""How claims are filed, as data: complete, and honest about what is not known."""

from __future__ import annotations

from importlib import resources

import pytest

from recoup.claims.packs.instructions import (
    FilingError,
    Need,
    load_instructions,
    parse_instructions,
)
from recoup.claims.packs.sentences import ASKED, HAPPENED, TITLE
from recoup.claims.policy import load_policy
from recoup.claims.rule import ClaimType

TEXT = resources.files("recoup.claims.packs").joinpath("filing.toml").read_text("utf-8")


@pytest.mark.parametrize("claim_type", list(ClaimType))
def test_every_type_has_a_route_and_sentences(claim_type: ClaimType) -> None:
    """With a path and checks; each of it has a source."""
    instructions = load_instructions()
    route = instructions.route_of(claim_type)

    assert route.checks
    assert route.sources
    assert all(path.steps and path.sources for path in route.paths)
    assert all(
        requirement.sources for requirement in instructions.requirements_of(claim_type, None)
    )
    assert all(claim_type in texts for texts in (TITLE, HAPPENED, ASKED))


def test_underpaid_goes_to_the_revaluation_tool_and_missing_units_to_the_shipments_page() -> None:
    """Not to a case."""
    instructions = load_instructions()

    underpaid = instructions.route_of(ClaimType.REIMBURSEMENT_UNDERPAID)
    shortage = instructions.route_of(ClaimType.INBOUND_SHORTAGE)
    assert "Reimbursement Revaluation" in underpaid.title
    assert "Research missing units" in shortage.title
    assert shortage.path_in("GB").steps[:2] == ("Inventory", "Manage FBA Shipments")
    assert shortage.path_in("US").steps[0] == "Shipping Queue"


def test_a_country_without_its_own_path_gets_one_that_names_others() -> None:
    """So that the pack can say for whom it is confirmed."""
    shortage = load_instructions().route_of(ClaimType.INBOUND_SHORTAGE)

    for country in {one.country for one in load_policy().marketplaces} - {"US", "IN"}:
        path = shortage.path_in(country)
        assert path.countries
        assert ("GB" in path.countries) == (country in path.countries or "GB" in path.countries)
    assert "JP" not in shortage.path_in("JP").countries
    assert shortage.path_in(None).countries


def test_measurements_are_demanded_for_volume_and_not_for_age() -> None:
    """Of a storage fee, each cause is proved in its own way."""
    requirements = load_instructions().requirements_of
    fee = ClaimType.STORAGE_FEE_OVERCHARGE

    assert [one.need for one in requirements(fee, "volume")] == [Need.REQUIRED]
    assert requirements(fee, "age") == []


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ('types = ["inbound_shortage"]\ngroups', "types = []\ngroups", "inbound_shortage"),
        (
            'types = ["inbound_damage"]\ngroups',
            'types = ["inbound_damage", "removal_lost"]\ngroups',
            "removal_lost",
        ),
        ('source = ["A26"]', 'source = ["A99"]', "A99"),
        ('source = ["A26"]', "source = []", "source"),
    ],
)
def test_a_file_with_a_gap_is_refused(before: str, after: str, named: str) -> None:
    """A type without a route or with two, a row without a source or with an unknown one."""
    assert before in TEXT
    with pytest.raises(FilingError, match=named):
        parse_instructions(TEXT.replace(before, after, 1))
