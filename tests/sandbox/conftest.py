from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.running import Running


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    """A sandbox without limits and faults that the tests of a module only read from."""
    with Running() as running:
        yield running
