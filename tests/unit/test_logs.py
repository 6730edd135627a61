"""What reaches the log when strangers can cause it thousands of times a second."""

from __future__ import annotations

import asyncio
import logging

from recoup.logs import SeldomFilter


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_one_line_when_descriptors_run_out() -> None:
    """asyncio reports each connection that it cannot accept; the log has the first and a number."""
    clock, lines = _Clock(), []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("asyncio")
    limit = SeldomFilter(clock)
    others, logger.filters = logger.filters, [limit]
    logger.addHandler(handler)
    try:
        for at in (0.0, 30.0, 61.0):
            clock.now = at
            for _ in range(2048):
                error = {"message": "socket.accept() out of system resource", "socket": at}
                asyncio.get_running_loop().call_exception_handler(error)
    finally:
        logger.filters = others
        logger.removeHandler(handler)

    assert len(lines) == 2
    assert lines[1].endswith("(4095 more like this since the last one)")
