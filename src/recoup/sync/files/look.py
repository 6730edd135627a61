"""A look at files before any is loaded: which are reports, and of which marketplaces. Blocking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from recoup.disk import temporary_space
from recoup.errors import FileRefusedError
from recoup.sync.files.archive import GivenFile
from recoup.sync.files.days import DayOrder
from recoup.sync.files.marketplaces import likely_marketplaces
from recoup.sync.files.rewrite import rewritten


@dataclass(frozen=True, slots=True)
class Seen:
    """files: those that are reports. refused: why each other one is none."""

    files: list[GivenFile]
    refused: list[str]
    marketplace_ids: tuple[str, ...]


def look_at(given: Iterable[GivenFile], order: DayOrder = DayOrder.UNKNOWN) -> Seen:
    """Raises DiskFullError."""
    files: list[GivenFile] = []
    refused: list[str] = []
    places: Counter[str] = Counter()
    for one in given:
        try:
            with temporary_space(), rewritten(one.content, one.name, order) as file:
                places.update(file.places)
        except FileRefusedError as exc:
            refused.append(str(exc))
        else:
            files.append(one)
    return Seen(files, refused, likely_marketplaces(places))
