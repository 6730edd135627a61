"""Messages of ended syncs: one sentence per cause, however many streams it affects. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from recoup.notes.note import Note
from recoup.sync.record.progress import COMPLETE, MESSAGES


def complete_message(notes: Sequence[Note]) -> str:
    """All readable data was read; with the number of notes that need attention."""
    return f"Sync completed; {to_look_at(len(notes))}" if notes else MESSAGES[COMPLETE]


def to_look_at(number: int) -> str:
    return f"{number:,} {'thing' if number == 1 else 'things'} to look at"


def failed_message(streams: Iterable[str], retry_at: datetime | None) -> str:
    """Names the failed streams; `error` of the sync contains the reasons."""
    names = named(sorted(set(streams)))
    then = (
        "the next sync continues"
        if retry_at is None
        else f"recoup tries again at {retry_at:%H:%M} UTC"
    )
    return f"Sync failed: {names}. The data of the other streams was kept; {then}."


def failed_reasons(reasons: Mapping[str, str]) -> str:
    """The reason of each failed stream: streams with the same reason share one sentence."""
    return "; ".join(f"{named(streams)}: {reason}" for reason, streams in by_reason(reasons))


def by_reason(reasons: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Each reason once, in the order of the affected streams."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for stream, reason in reasons.items():
        found[reason].append(stream)
    return list(found.items())


def named(streams: Sequence[str]) -> str:
    """`orders`, `orders and returns`, `ledger, orders and removal shipments`."""
    names = [one.replace("_", " ") for one in streams]
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
