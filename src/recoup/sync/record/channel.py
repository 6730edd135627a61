"""The source of rows. The plan of a sync chooses it (recoup.sync.planning.channel_choice)."""

from __future__ import annotations

import enum


class Channel(enum.Enum):
    """How Amazon delivers rows: page by page, or as files."""

    API = "api"
    REPORT = "report"
