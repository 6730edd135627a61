"""A seller whose rows a test writes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from recoup.db.engine import Database
from tests.support.claim_rows import World, make_world


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    """A seller in the United States without rows, in a transaction that is committed at the end."""
    async with database.writing() as conn:
        yield await make_world(conn)
