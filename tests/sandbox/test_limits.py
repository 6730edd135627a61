from __future__ import annotations

import socket

from hypothesis import given, strategies as st

from recoup.sandbox.limits import full_bucket
from tests.sandbox.running import ORDERS, SELLERS, YEAR_AGO, Running, error_of
from tests.support.patience import PATIENCE


@given(st.floats(0.001, 50), st.integers(1, 40), st.lists(st.floats(0, 500), max_size=80))
def test_no_window_lets_more_through_than_rate_and_burst(rate, burst, waits):
    """From any call on, what passes is at most the burst plus what refilled since."""
    now, bucket, passed = 0.0, full_bucket(rate, burst, 0.0), []
    for wait in waits:
        now += wait
        if bucket.take(now):
            passed.append(now)

    for first, begins in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + (passed[last] - begins) * rate + 1e-6


def test_a_bucket_refills_at_its_rate():
    """An empty bucket gives one call per 1/rate seconds, and never holds more than its burst."""
    bucket = full_bucket(0.5, 3, 100.0)

    assert [bucket.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(at) for at in (101.0, 102.0, 102.5, 104.0)] == [False, True, False, True]
    assert [bucket.take(1000.0) for _ in range(4)] == [True, True, True, False]


def test_the_call_beyond_the_burst_is_refused():
    """After 20 searches comes 429 in Amazon's words without the rate header, and it is counted."""
    with Running(limits=True) as sandbox:
        token = sandbox.token()
        answers = [sandbox.get(ORDERS, token, createdAfter=YEAR_AGO) for _ in range(22)]

        assert [answer.status_code for answer in answers] == [200] * 20 + [429] * 2
        assert error_of(answers[-1]) == (429, "QuotaExceeded")
        assert answers[0].headers["x-amzn-RateLimit-Limit"] == "0.0056"
        assert "x-amzn-RateLimit-Limit" not in answers[-1].headers
        expected = {
            "calls": 22,
            "accepted": 20,
            "throttled": 2,
            "bucketExceeded": True,
            "faults": {},
        }
        assert sandbox.client.get("/_sandbox/calls").json()["searchOrders"] == expected
        assert sandbox.world()["calls"]["searchOrders"] == expected


def test_each_seller_and_operation_has_a_bucket_of_its_own():
    """One seller's empty bucket hinders neither another seller nor another operation."""
    with Running(limits=True) as sandbox:
        token = sandbox.token()
        while sandbox.get(SELLERS, token).status_code == 200:
            pass

        assert sandbox.get(SELLERS, sandbox.token("Atzr|other")).status_code == 200
        assert sandbox.get(ORDERS, token, createdAfter=YEAR_AGO).status_code == 200


def test_the_bucket_refills_with_the_world_s_time():
    """Three minutes after the burst one more search is allowed, and only one."""
    with Running(limits=True) as sandbox:
        token = sandbox.token()
        while sandbox.get(ORDERS, token, createdAfter=YEAR_AGO).status_code == 200:
            pass
        sandbox.control("clock", {"advance": "PT3M"})

        statuses = [sandbox.get(ORDERS, token, createdAfter=YEAR_AGO).status_code for _ in "ab"]
        assert statuses == [200, 429]


def test_speed_multiplies_the_refill_and_is_told():
    """At speed 100 the header says 0.56, and two seconds of the world bring one more search."""
    with Running(limits=True, speed=100) as sandbox:
        token = sandbox.token()
        while (answer := sandbox.get(ORDERS, token, createdAfter=YEAR_AGO)).status_code == 200:
            assert answer.headers["x-amzn-RateLimit-Limit"] == "0.56"
        sandbox.control("clock", {"advance": "PT2S"})

        assert sandbox.get(ORDERS, token, createdAfter=YEAR_AGO).status_code == 200


def test_a_call_counts_once_it_has_arrived_whole():
    """Who dies while it sends createReport has asked for no report, and is charged for none."""
    with (
        Running(limits=True) as sandbox,
        socket.create_connection(("127.0.0.1", sandbox.port)) as one,
    ):
        one.settimeout(PATIENCE)
        one.sendall(
            b"POST /reports/2021-06-30/reports HTTP/1.1\r\nhost: sandbox\r\ncontent-length: 2\r\n"
            b"x-amz-access-token: " + sandbox.token().encode() + b"\r\nexpect: 100-continue\r\n\r\n"
        )
        assert b"100 Continue" in one.recv(100), "the sandbox waits for the body"
        assert "createReport" not in sandbox.client.get("/_sandbox/calls").json()
        one.sendall(b"{}")

        assert b"400" in one.recv(100), "nothing was asked for"
        assert sandbox.client.get("/_sandbox/calls").json()["createReport"]["calls"] == 1
