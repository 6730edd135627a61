"""What is said of a sync that has ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from recoup.notes.note import Note, NoteCode
from recoup.sync.record.ending import complete_message, failed_message, failed_reasons
from recoup.sync.record.progress import differs

NOW = datetime(2026, 11, 15, 12, tzinfo=UTC)


def test_one_cause_is_one_sentence() -> None:
    """However many streams it hit; another cause is another sentence."""
    reasons = {f"stream_{n:02}": "Amazon refuses the refresh token" for n in range(15)}
    told = failed_reasons({**reasons, "claims": "an internal error of recoup"})

    assert told.count("Amazon refuses the refresh token") == 1
    assert all(name.replace("_", " ") in told for name in reasons)
    assert told.endswith("; claims: an internal error of recoup")


def test_a_failure_names_its_streams() -> None:
    """Each once, in words."""
    assert failed_message(["returns", "orders", "orders"], None).startswith(
        "Sync failed: orders and returns. "
    )
    assert failed_message(["removal_shipments", "a", "b"], None).startswith(
        "Sync failed: a, b and removal shipments. "
    )


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (0, "Sync completed successfully"),
        (1, "Sync completed; 1 thing to look at"),
        (3, "Sync completed; 3 things to look at"),
    ],
)
def test_a_complete_sync_counts_what_to_look_at(number: int, message: str) -> None:
    """Its message says how many things a person should look at."""
    notes = [Note("returns", NoteCode.DATA_DOUBTED, "odd", subject=str(n)) for n in range(number)]

    assert complete_message(notes) == message


@pytest.mark.parametrize(
    ("told", "until", "is_news"),
    [
        (None, None, False),
        (None, timedelta(minutes=1), True),
        (timedelta(minutes=1), None, True),
        (timedelta(seconds=60), timedelta(seconds=70), False),
        (timedelta(seconds=60), timedelta(seconds=80), True),
        (timedelta(hours=1), timedelta(minutes=65), False),
        (timedelta(hours=1), timedelta(hours=2), True),
    ],
)
def test_a_wait_is_told_anew_when_it_matters(
    told: timedelta | None, until: timedelta | None, *, is_news: bool
) -> None:
    """An estimate that moves by seconds is no event for every reader."""
    moments = [None if one is None else NOW + one for one in (told, until)]

    assert differs(*moments, now=NOW) is is_news
