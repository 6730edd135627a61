"""How far a stream is, when pages and reports read parts of one scope."""

from __future__ import annotations

from datetime import timedelta

import pytest

from recoup.spapi.operations.orders import SEARCH_ORDERS
from recoup.spapi.operations.reports import CREATE_REPORT
from recoup.streams._window import Window
from recoup.sync.record.channel import Channel
from recoup.sync.record.stream_state import LOADED_SHARE, StreamState
from tests.support.catalog import NOW, ORDERS, YEAR

_OLD = Window(YEAR.since, NOW - timedelta(days=73))


def test_a_divided_scope_is_as_far_as_both_of_its_parts() -> None:
    """Reports bring four fifths of the year: loaded, they are four fifths of the work."""
    state = StreamState(ORDERS)
    state.divide("", [YEAR], [_OLD])
    state.note_report(("", 1), LOADED_SHARE)
    assert state.fraction == pytest.approx(0.8)
    state.advance("", Channel.API, 0.5)
    assert state.fraction == pytest.approx(0.9)


def test_a_scope_that_is_divided_anew_does_not_fall_back() -> None:
    """What pages leave to reports begins again, and the progress that was shown stays."""
    state = StreamState(ORDERS)
    state.advance("", Channel.API, 0.6)
    state.divide("", [YEAR], [YEAR])
    state.note_report(("", 1), 0.0)
    assert state.fraction == pytest.approx(0.6)
    state.note_report(("", 1), LOADED_SHARE)
    assert state.fraction == pytest.approx(0.99), "all is done only when the stream says so"


def test_a_stream_waits_for_the_limits_of_every_source_that_it_is_read_from() -> None:
    """So the message of a waiting sync is right while pages and reports go on side by side."""
    state = StreamState(ORDERS)
    assert state.operations == {SEARCH_ORDERS}
    state.channels[""] = frozenset(Channel)
    assert {SEARCH_ORDERS, CREATE_REPORT} <= state.operations
