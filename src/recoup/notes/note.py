"""A note: something in a connection's data that needs attention, kept while it applies.

A note is the present state, not a history: it is kept while its cause lasts and deleted with it. What
came and went is in the activity (recoup.events). Rules of claims read notes too: a note whose
code hides data means that a stream, a marketplace or a column of it counts as not read.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import Field

from recoup.body import CamelModel, Timestamp
from recoup.clock import parse_rfc3339
from recoup.ids import ConnectionId


class NoteCode(enum.StrEnum):
    """The reason for a note. The values are those of `notes[].code` in the API."""

    COLUMN_MISSING = "column_missing"
    """The file lacks a column that the stream needs. Subject: the column of the table."""
    COLUMNS_UNKNOWN = "columns_unknown"
    """The file has columns that recoup does not know."""
    ROWS_QUARANTINED = "rows_quarantined"
    """Rows could not be read; they are in quarantine."""
    FILE_SHRUNK = "file_shrunk"
    """A file has far fewer rows than an earlier one of the same time. Subject: the time."""
    REPORT_NOT_MADE = "report_not_made"
    """Amazon has not made a report yet, or never makes it. Subject: the time, if any."""
    NOT_AVAILABLE = "not_available"
    """This account, marketplace or environment cannot have the data."""
    ROLE_MISSING = "role_missing"
    """The application lacks a role. Subject: the role."""
    MARKETPLACE_REFUSED = "marketplace_refused"
    """Amazon refuses one marketplace and answers for the others. Subject: the marketplace."""
    MARKETPLACE_IGNORED = "marketplace_ignored"
    """recoup never requests a marketplace that it does not know. Subject: the marketplace."""
    DATA_DOUBTED = "data_doubted"
    """Loaded rows contradict each other, such as a settlement that does not add up."""
    RULE_WAITS = "rule_waits"
    """A claim rule was not run, as data that it needs was not read. Subject: the claim type."""
    AUTHORIZATION_EXPIRES = "authorization_expires"
    """The seller's authorization ends within 60 days, or has ended."""
    CLIENT_SECRET_EXPIRES = "client_secret_expires"  # noqa: S105 - a code, no secret
    """Amazon refuses the application's client secret within 60 days, or already."""

    @property
    def hides(self) -> bool:
        """Whether data is missing that a rule could mistake for absent."""
        return self in _HIDING


_HIDING = frozenset(
    {
        NoteCode.COLUMN_MISSING,
        NoteCode.ROWS_QUARANTINED,
        NoteCode.FILE_SHRUNK,
        NoteCode.REPORT_NOT_MADE,
        NoteCode.NOT_AVAILABLE,
        NoteCode.ROLE_MISSING,
        NoteCode.MARKETPLACE_REFUSED,
    }
)


@dataclass(frozen=True, slots=True)
class Note:
    """Something that needs attention. stream: its name, or `claims`.

    scope: a marketplace, or '' for a source that covers the region. subject: distinguishes notes
    of one code. message: a sentence for the seller. since: when it was first so. look_again_at:
    when recoup requests again what Amazon does not provide at present.
    """

    stream: str
    code: NoteCode
    message: str
    scope: str = ""
    subject: str = ""
    since: datetime | None = None
    look_again_at: datetime | None = None


class NoteBody(CamelModel):
    """Something that needs a person's attention. subject: distinguishes notes of one code."""

    stream: str
    scope: str = Field(description="A marketplace, or empty for the whole region.")
    code: NoteCode
    subject: str
    message: str
    since: Timestamp | None


class ConnectionNoteBody(NoteBody):
    connection_id: str


def note_body(note: Note) -> NoteBody:
    return NoteBody.model_validate(note, from_attributes=True)


def connection_note_body(connection_id: ConnectionId, note: Note) -> ConnectionNoteBody:
    return ConnectionNoteBody(connection_id=connection_id, **dict(note_body(note)))


def note_document(note: Note) -> dict[str, Any]:
    """The note as it is stored with a sync and sent by the API."""
    return note_body(note).document()


def note_of(document: Mapping[str, Any]) -> Note:
    """The inverse of `note_document`."""
    since = document["since"]
    return Note(
        stream=document["stream"],
        code=NoteCode(document["code"]),
        message=document["message"],
        scope=document["scope"],
        subject=document["subject"],
        since=None if since is None else parse_rfc3339(since),
    )
