"""A stack of real processes per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.stack import Stack, running_stack


@pytest.fixture
def stack(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """600 orders and all that belongs to them: a sync takes some seconds, long enough to be killed in."""
    with running_stack(database_url, tmp_path, orders=600, speed=400) as stack:
        stack.connect()
        yield stack
