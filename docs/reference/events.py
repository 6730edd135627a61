"""The page of events and of entries in the activity, from the enums that name them."""

from __future__ import annotations

import enum
import inspect

from docs.reference.markdown import page, table
from recoup.events.words import ActivityType, EventType
from recoup.notes.note import NoteCode

_INTRODUCTION = """\
What `GET /api/sse/status` sends, what `GET /api/sync/activity` lists, and the codes of notes.
[The API guide](../api.md#follow-with-server-sent-events) shows how to follow a feed. Ignore types that you do not know."""


def events_page() -> str:
    """Events, activities and notes, each with its meaning."""
    return page(
        "Events, activity and notes",
        _INTRODUCTION,
        f"## Events\n\n{table(('type', 'data'), _members(EventType))}",
        f"## Activity\n\nThe types below, and the code of a note that is new.\n\n"
        f"{table(('type', 'meaning'), _members(ActivityType))}",
        f"## Notes\n\n{table(('code', 'meaning'), _members(NoteCode))}",
    )


def _members(words: type[enum.StrEnum]) -> list[tuple[str, str]]:
    """Each member with the docstring below it in the source."""
    source = inspect.getsource(words)
    return [(f"`{one.value}`", _docstring(source, one.name)) for one in words]


def _docstring(source: str, name: str) -> str:
    _, _, after = source.partition(f"    {name} = ")
    _, quotes, text = after.partition('"""')
    return " ".join(text.partition(quotes)[0].split())
