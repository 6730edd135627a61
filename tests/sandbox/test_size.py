"""A million orders are told as they are asked for: little memory, an early first page, fast files."""

from __future__ import annotations

import subprocess
import sys
from json import loads

import pytest

# In a process of its own, so that nobody else's memory and nobody else's caches are measured.
PROGRAM = """
import json, re, time
from pathlib import Path
from itertools import islice
from tests.sandbox.report_reading import MIDNIGHT, WHOLE, new_world, request
from recoup.sandbox.reports import all_report_types
from recoup.sandbox.reports.report import document_bytes
from recoup.sandbox.truth import truth
from recoup.sandbox.world.instants import DAY

def peak_megabytes():
    # Not getrusage: its maximum survives an exec, and is then that of the test's own process.
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status).group(1)) / 1024

def spent(work):
    begins = time.process_time()
    result = work()
    return time.process_time() - begins, result

def yardstick():
    # A loop in Python, which is as slow as the rest where the machine is slow or busy.
    return spent(lambda: sum(len(str(number)) for number in range(2_000_000)))[0]

before = yardstick()
world = new_world(1, 1_000_000)
page, _ = spent(lambda: [world.orders.story(index) for index in range(100)])
order_file = all_report_types()[WHOLE]
file_seconds, size = spent(
    lambda: sum(map(len, document_bytes(order_file, world, request(world))))
)
loop_seconds = (before + yardstick()) / 2
world.stock_rows(MIDNIGHT)
week = request(world, since=MIDNIGHT - 7 * DAY)
for name in ("GET_LEDGER_DETAIL_VIEW_DATA", "GET_LEDGER_SUMMARY_VIEW_DATA",
             "GET_FBA_REIMBURSEMENTS_DATA", "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"):
    for _ in document_bytes(all_report_types()[name], world, week):
        pass
list(islice(world.ledger.iter_entries(world.start, MIDNIGHT, MIDNIGHT), 500))
planted = len(truth(world)["claims"])
print(json.dumps({
    "loops for the first page": page / loop_seconds,
    "file MB": size / 1e6,
    "MB per loop": size / 1e6 / (file_seconds / loop_seconds),
    "memory MB": peak_megabytes(),
    "planted": planted,
}))
"""


@pytest.fixture(scope="module")
def measured():
    """What a fresh process needs for a world of a million orders. The unit of time is a loop in
    Python of about a fifth of a second, measured before and after.
    """
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=300
    )
    return loads(done.stdout)


def test_a_million_orders_fit_into_300_megabytes(measured):
    """A year's order file, the stock, the ledger's week and the plants stay below the limit."""
    assert measured["file MB"] > 300
    assert measured["planted"] > 500
    assert measured["memory MB"] < 300


def test_the_first_page_needs_no_preparation(measured):
    """A hundred orders of a million cost about a loop, and not the world that they are from."""
    assert measured["loops for the first page"] < 5


def test_the_order_file_is_written_fast(measured):
    """Some 40 MB/s: eight or nine megabytes in the time of a loop, whatever else the machine does."""
    assert measured["MB per loop"] > 4
