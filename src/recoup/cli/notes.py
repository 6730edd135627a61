"""Notes that need a person's attention, as lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recoup.notes.note import NoteBody


def note_lines(notes: Sequence[NoteBody]) -> list[str]:
    """Nothing without notes; otherwise a heading and a line for each, with its first day."""
    from recoup.sync.record.ending import to_look_at

    if not notes:
        return []
    return [f"{to_look_at(len(notes))}:", *(f"  {_line(note)}" for note in notes)]


def waiting_lines(notes: Sequence[NoteBody]) -> list[str]:
    """The waiting claim rules: the list may not contain everything that Amazon owes."""
    if not notes:
        return []
    return ["Not searched at present:", *(f"  {note.message}{_since(note)}" for note in notes)]


def _line(note: NoteBody) -> str:
    from recoup.streams.sales_channels import marketplace_name

    where = f"{note.stream} in {marketplace_name(note.scope)}" if note.scope else note.stream
    return f"{where}: {note.message}{_since(note)}"


def _since(note: NoteBody) -> str:
    return f" (since {note.since:%Y-%m-%d})" if note.since else ""
