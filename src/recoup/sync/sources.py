"""Which of its sources a stream is read from. Pure."""

from __future__ import annotations

import enum

from recoup.streams.stream import Stream


class Source(enum.Enum):
    """How rows come from Amazon: page by page, or as files."""

    API = "api"
    REPORT = "report"


def source_for(stream: Stream) -> Source:
    """Pages where the stream has them: they need no time to be made."""
    return Source.API if stream.api is not None else Source.REPORT
