"""docs/sandbox.md says what there is."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from recoup.cli.sandbox import sandbox as command
from recoup.sandbox.config import FaultKind
from recoup.sandbox.oddities import oddity_names
from recoup.sandbox.operations import OPERATIONS
from recoup.sandbox.report_jobs.documents import DOWNLOAD_OPERATION
from tests.sandbox.running import Running

TEXT = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()


@pytest.mark.parametrize("option", inspect.signature(command).parameters)
def test_every_option_is_told(option):
    """The table of options names it."""
    assert f"`--{option.replace('_', '-')}" in TEXT


@pytest.mark.parametrize("kind", list(FaultKind), ids=lambda kind: kind.value)
def test_every_fault_is_told(kind):
    """The table of faults names it."""
    assert f"| `{kind.value}` |" in TEXT


@pytest.mark.parametrize("kind", oddity_names())
def test_every_odd_kind_is_told(kind):
    """A table of kinds names it, and where it was met."""
    row = next((line for line in TEXT.splitlines() if line.startswith(f"| `{kind}` |")), "")

    assert re.search(r"#\d+|sellers' reports|help page", row)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_operation_is_told(operation):
    """By its name or as part of a group of operations."""
    groups = {
        "/notifications/": "Notifications v1",
        "/reports/2021-06-30/schedules": "four operations of schedules",
        "/finances/v0": "...ByGroupId, ...ByOrderId",
    }
    grouped = [words for prefix, words in groups.items() if operation.path.startswith(prefix)]

    assert operation.name in TEXT or any(words in TEXT for words in grouped)


def test_the_control_requests_work_as_written():
    """Each curl line of the document is answered with 200."""
    lines = re.findall(
        r"^curl -s (-X POST )?http://127\.0\.0\.1:8001(\S+)(?: -d '(.*)')?$", TEXT, re.MULTILINE
    )
    assert len(lines) == 7
    with Running() as sandbox:
        for post, path, body in lines:
            method = "POST" if post else "GET"
            answer = sandbox.client.request(method, path, content=body or None)
            assert answer.status_code == 200, path
        assert DOWNLOAD_OPERATION in sandbox.client.get("/_sandbox/calls").json()
