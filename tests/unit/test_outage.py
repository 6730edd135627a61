"""A worker leaves syncs alone while the database fails them."""

from __future__ import annotations

from recoup.jobs.outage import OutagePause


def test_pauses_grow_to_half_a_minute_and_begin_small_again():
    """Pauses double up to 30 s, syncs that fail together share one, and a success resets them."""
    now = 0.0
    pause = OutagePause(lambda: now)
    assert not pause.is_on

    lengths = []
    for _ in range(6):
        lengths.append(pause.begin())
        assert pause.is_on
        assert pause.begin() == lengths[-1], "several syncs fail together: one pause"
        now += lengths[-1]
        assert not pause.is_on

    assert lengths == [2, 4, 8, 16, 30, 30]
    pause.forget()
    assert pause.begin() == 2
