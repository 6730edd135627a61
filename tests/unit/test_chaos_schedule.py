"""The schedule of `make chaos` can be repeated."""

from __future__ import annotations

from itertools import pairwise

from tests.chaos.schedule import Kind, schedule


def test_a_seed_deals_the_same_blows_again() -> None:
    """A failed run is repeated by its seed; a longer run begins as the shorter one."""
    blows = list(schedule(7, 300))

    assert blows == list(schedule(7, 300))
    assert blows[:60] == list(schedule(7, 60))
    assert blows != list(schedule(8, 300))


def test_every_kind_of_blow_falls_and_postgresql_restarts_every_5_to_40_seconds() -> None:
    """Nothing is left out by chance, and PostgreSQL has time to come back between two restarts."""
    now, restarts = 0.0, []
    for blow in schedule(1, 300):
        now += blow.gap_seconds
        if blow.kind in {Kind.RESTART_POSTGRES, Kind.KILL_POSTGRES}:
            restarts.append(now)

    assert {blow.kind for blow in schedule(1, 300)} == set(Kind)
    # The blow that is due falls with the next gap, which is up to 5 s long.
    assert all(5 <= later - earlier <= 45 for earlier, later in pairwise(restarts))
