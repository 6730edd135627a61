from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from recoup.sandbox.clock import WorldClock, parse_duration
from recoup.sandbox.config import Fault, FaultKind, SandboxConfig, parse_fault
from recoup.sandbox.world.instants import to_text


@pytest.mark.parametrize("kind", list(FaultKind))
def test_every_fault_can_be_named(kind):
    """KIND:RATE names any kind of fault."""
    assert parse_fault(f"{kind.value}:0.25") == Fault(kind, 0.25)


@pytest.mark.parametrize(
    "text", ["", "429", "teapot:0.1", "429:", "429:often", "429:1.1", "500:-1"]
)
def test_a_wrong_fault_is_explained_in_one_line(text):
    """What is no fault is refused with a message that quotes it."""
    with pytest.raises(ValueError, match=r"^fault '.*': ") as refused:
        parse_fault(text)

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("wrong", [{"orders": -1}, {"speed": 0}, {"speed": -2}])
def test_an_impossible_config_is_refused(wrong):
    """A sandbox cannot have a negative number of orders or stand still."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SandboxConfig(**wrong)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P1D", timedelta(days=1)),
        ("PT6H", timedelta(hours=6)),
        ("P2W", timedelta(weeks=2)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_durations_are_read(text, duration):
    """The simple ISO 8601 durations mean what they say."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "P", "PT", "1D", "P1DT", "P1Y", "-P1D", "P99999999999D"])
def test_other_durations_are_refused(text):
    """What has no fixed length, no unit or is too long is refused."""
    with pytest.raises(ValueError, match=r"duration|ten years"):
        parse_duration(text)


def test_the_clock_runs_and_the_edge_stands():
    """Time passes by itself; the edge of events moves by advances alone."""
    elapsed = [0.0]
    clock = WorldClock(
        date(2026, 11, 15),
        wall=lambda: datetime(2030, 1, 1, 12, 30, tzinfo=UTC),
        monotonic=lambda: elapsed[0],
    )
    assert clock.now() == datetime(2026, 11, 15, 12, 30, tzinfo=UTC)

    elapsed[0] = 60
    assert clock.now() == datetime(2026, 11, 15, 12, 31, tzinfo=UTC)
    assert to_text(clock.edge) == "2026-11-15T00:00:00Z"

    clock.advance(timedelta(hours=30))
    assert clock.now() == datetime(2026, 11, 16, 18, 31, tzinfo=UTC)
    assert to_text(clock.edge) == "2026-11-16T06:00:00Z"


def test_a_world_started_at_midnight_hides_nothing():
    """Two minutes before now is never before the edge, even in the first minute of a day."""
    clock = WorldClock(None, wall=lambda: datetime(2026, 11, 15, 0, 0, 5, tzinfo=UTC))

    assert clock.now() - timedelta(minutes=2) > datetime(2026, 11, 15, tzinfo=UTC)
