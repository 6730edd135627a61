"""The simulated night keeps to what arithmetic knows for sure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.night import Night, simulate

NIGHT = Night(sellers=400, workers=2, places=50)


def test_a_seed_is_one_night():
    """The same again; another seed is another night."""
    assert simulate(NIGHT) == simulate(NIGHT)
    assert simulate(NIGHT).lengths != simulate(replace(NIGHT, seed=2)).lengths


def test_every_sync_ends_once_within_the_places():
    """None is lost, and no worker holds more than it has places for."""
    outcome = simulate(NIGHT)

    assert len(outcome.lengths) == NIGHT.sellers
    assert outcome.most_under_way <= NIGHT.workers * NIGHT.places


@pytest.mark.parametrize(
    ("bound", "night"),
    [
        ("schedule", replace(NIGHT, starts_per_second=0.1)),
        ("workers", replace(NIGHT, worker_seconds=30.0)),
        ("database", replace(NIGHT, database_seconds=60.0)),
        ("places", replace(NIGHT, places=5)),
    ],
)
def test_what_is_scarce_bounds_the_night(bound: str, night: Night):
    """The end is near what the scarce part takes alone, and about as long after it as one wait."""
    bounds = night.bound_seconds
    assert max(bounds, key=bounds.__getitem__) == bound

    end = simulate(night).end_seconds

    assert 0.85 * bounds[bound] < end < 1.25 * bounds[bound] + 2 * bounds["amazon"]
