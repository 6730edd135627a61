"""The loaded data as lines: a table, then the gaps and their reasons."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from recoup.cli.output import align

if TYPE_CHECKING:
    from recoup.sync.cursors.coverage_body import CoverageBody, CoveredStream, HoleBody

_HEADER = ("stream", "marketplace", "from", "to", "rows", "as of", "holes")


def coverage_table(body: CoverageBody) -> list[str]:
    """One line per stream and marketplace; a hole shows the days between which data is missing."""
    from recoup.streams.sales_channels import marketplace_name

    streams = body.streams
    rows = [
        (
            one.name,
            marketplace_name(one.marketplace_id or ""),
            _day(one.since),
            _day(one.until),
            one.rows,
            "never" if one.as_of is None else f"{one.as_of:%Y-%m-%d %H:%M}",
            len(one.holes),
        )
        for one in streams
    ]
    missing = [
        f"  {_named(one)}{_span(hole)}: {hole.reason}" for one in streams for hole in one.holes
    ]
    return [
        *align(_HEADER, rows),
        "",
        *(["Missing:", *missing] if missing else ["Nothing is missing."]),
    ]


def _named(stream: CoveredStream) -> str:
    from recoup.streams.sales_channels import marketplace_name

    place = stream.marketplace_id
    return f"{stream.name} in {marketplace_name(place)}" if place else stream.name


def _span(hole: HoleBody) -> str:
    """The days; for a hole within one day, the minutes."""
    since, until = hole.since, hole.until
    if since is None or until is None:
        return ""
    if since.date() == until.date():
        return f" on {_day(since)} from {since:%H:%M} to {until:%H:%M}"
    return f" from {_day(since)} to {_day(until)}"


def _day(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d}"
