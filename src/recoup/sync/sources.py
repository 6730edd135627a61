"""Where rows come from. The plan of a sync chooses (recoup.sync.choice)."""

from __future__ import annotations

import enum


class Source(enum.Enum):
    """How rows come from Amazon: page by page, or as files."""

    API = "api"
    REPORT = "report"
