"""Companion tasks end when they are told to, whatever becomes of the first request."""

from __future__ import annotations

import asyncio

import pytest

from recoup.sync import side_tasks


async def test_a_request_to_cancel_that_was_lost_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As `asyncio.wait_for` of Python 3.11 loses it: the task goes on as if nothing was said."""
    monkeypatch.setattr(side_tasks, "_ASK_AGAIN_SECONDS", 0.01)
    asked = 0

    async def companion() -> None:
        nonlocal asked
        while asked < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                asked += 1

    task = asyncio.create_task(companion())
    await asyncio.sleep(0)
    await side_tasks.cancel_all([task])

    assert task.done()
    assert asked == 2
