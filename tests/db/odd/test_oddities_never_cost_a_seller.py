"""The law of oddities: the same world told oddly gives the same claims, or fewer with the reason told.

Never another claim, never a dearer one, and never more money in sum. The plain run of a seed is made
once and held against every kind.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from recoup.db.embedded import EmbeddedServer
from recoup.sandbox.oddities import ALL, load_oddities, oddity_names
from tests.support.odd_worlds import Told, tell_world

_SEEDS = (1, 2, 3)
_TOGETHER = tuple(name for name in oddity_names() if not load_oddities((name,))[0].hides_facts)
"""Kinds that leave every claim exactly as it is, alone and beside each other."""
_ALONE = ("more_columns", "partial_files", "split_rows")
"""Harmless each by itself. Beside short rows nobody can tell which cells of a broken line are missing,
nor that a line is short behind a cell of an unknown column.
"""
_TELLING = (
    "localized_headings",
    "partial_files",
    "renamed_columns",
    "shifted_rows",
    "split_rows",
    "unnamed_fees",
)
"""The kinds that cost sellers most where software believed them: these run every time."""
_QUICK = [
    (ALL, "us", 1),
    ("mixed_fee_previews", "eu", 1),
    *((kind, "us", 1) for kind in _TELLING),
]
_EVERY = [
    (kind, profile, seed)
    for kind in (*oddity_names(), ALL)
    for profile in ("us", "eu")
    for seed in _SEEDS
]


@pytest.fixture(scope="module")
def plain() -> dict[tuple[str, int], Told]:
    """The plain runs so far, by profile and seed."""
    return {}


async def _plain(
    plain: dict[tuple[str, int], Told],
    postgres: EmbeddedServer,
    template: str,
    folder: Path,
    profile: str,
    seed: int,
) -> Told:
    """The plain run of a seed, made once."""
    if (profile, seed) not in plain:
        plain[profile, seed] = await tell_world(postgres, template, folder, profile, seed)
    return plain[profile, seed]


async def _hold(
    case: tuple[str, str, int],
    plain: dict[tuple[str, int], Told],
    postgres: EmbeddedServer,
    template: str,
    folder: Path,
) -> None:
    kind, profile, seed = case
    expected = await _plain(plain, postgres, template, folder, profile, seed)
    told = await tell_world(postgres, template, folder, profile, seed, odd=(kind,))

    assert expected.claims, "a world without claims proves nothing"
    assert told.others(expected) == []
    assert told.dearer(expected) == []
    assert told.untold(expected) == []
    assert told.money() <= expected.money()
    if kind in _TOGETHER + _ALONE and profile == "us":
        assert told.lost(expected) == []


async def test_a_plain_world_leaves_nothing_to_tell(
    plain: dict[tuple[str, int], Told], postgres: EmbeddedServer, template: str, tmp_path: Path
) -> None:
    """Nothing fails, waits or is noted: a reason that is always there explains no missing claim."""
    told = await _plain(plain, postgres, template, tmp_path, "us", 1)

    assert told.reasons == ()


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
async def test_harmless_kinds_together_leave_every_claim_as_it_is(
    seed: int,
    plain: dict[tuple[str, int], Told],
    postgres: EmbeddedServer,
    template: str,
    tmp_path: Path,
) -> None:
    """Neither one less nor one for less, and none more: nothing that a claim needs is missing."""
    expected = await _plain(plain, postgres, template, tmp_path, "us", seed)

    told = await tell_world(postgres, template, tmp_path, "us", seed, odd=_TOGETHER)

    assert told.lost(expected) == []
    assert told.others(expected) == []


class _LedgerNotes:
    """What was ever told of the ledger's files, and what of it a later sync no longer told.

    Each time of the ledger is whole in every second file, not all times in the same sync, and the
    sandbox's clock brings new ones.
    """

    def __init__(self) -> None:
        self.told: set[str] = set()
        self.gone: set[str] = set()
        self.went = False

    def all_went(self, told: Told) -> bool:
        """Looks at the notes of one more sync. Those that it is the first to tell had no time to go."""
        now = {one.split(" has ")[0] for one in told.reasons if one.startswith("ledger ")}
        self.gone |= self.told - now
        self.went = bool(self.gone) and self.gone == self.told
        self.told |= now
        return self.went


async def test_notes_go_with_their_cause_and_claims_stay(
    plain: dict[tuple[str, int], Told], postgres: EmbeddedServer, template: str, tmp_path: Path
) -> None:
    """Every second file of the ledger is whole again, while returns have other dates in each: every
    note on the ledger ends, and all claims are as they were in the beginning.
    """
    odd = ("moved_return_dates", "partial_files")
    expected = await _plain(plain, postgres, template, tmp_path, "us", 1)
    notes = _LedgerNotes()

    told = await tell_world(*(postgres, template, tmp_path, "us", 1), odd=odd, until=notes.all_went)

    assert notes.went, notes.told - notes.gone
    assert told.lost(expected) == []
    assert told.others(expected) == []


@pytest.mark.parametrize("case", _QUICK, ids=str)
async def test_a_world_told_oddly_gives_no_other_and_no_dearer_claim(
    case: tuple[str, str, int],
    plain: dict[tuple[str, int], Told],
    postgres: EmbeddedServer,
    template: str,
    tmp_path: Path,
) -> None:
    """All oddities at once, and the most harmful ones alone."""
    await _hold(case, plain, postgres, template, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("case", _EVERY, ids=str)
async def test_the_law_holds_for_every_kind_alone_and_all_together(
    case: tuple[str, str, int],
    plain: dict[tuple[str, int], Told],
    postgres: EmbeddedServer,
    template: str,
    tmp_path: Path,
) -> None:
    """Every kind that there is, in two profiles and over several seeds."""
    await _hold(case, plain, postgres, template, tmp_path)
