"""The parts of a stream that are read separately. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from recoup.streams._stream import Scope, Stream


@dataclass(frozen=True, slots=True)
class Section:
    """Marketplaces that are read together; `scope` is that of their cursor."""

    scope: str
    marketplace_ids: tuple[str, ...]


def sections_of(
    stream: Stream, marketplace_ids: Sequence[str], cursors: Collection[str]
) -> list[Section]:
    """One section per marketplace; for a regional source one, plus one per separate marketplace.

    cursors: the scopes of the stream that have a cursor.
    """
    if stream.scope is Scope.MARKETPLACE:
        return [Section(one, (one,)) for one in marketplace_ids]
    together = tuple(one for one in marketplace_ids if one not in cursors)
    sections = [Section("", together)] if together or not marketplace_ids else []
    return sections + [Section(one, (one,)) for one in marketplace_ids if one in cursors]
