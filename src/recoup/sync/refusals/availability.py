"""Data that an account cannot have is no failure: it is reported, and requested again the next day.

Amazon refuses a stream in several ways that no retry helps: a role is missing, a marketplace is not
the seller's, a report type is not for this account. Each becomes a note with the day of the next
look. Until then nothing is requested; then one call finds out (docs/architecture.md#unavailable).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from recoup.db.engine import Reader
from recoup.errors import (
    BadRequestError,
    ForbiddenError,
    NotAvailableError,
    RecoupError,
    RefusedError,
    ReportNotMadeError,
)
from recoup.notes.note import Note, NoteCode
from recoup.notes.queries import has_notes, list_notes
from recoup.spapi.operations.reports import role_of
from recoup.streams._stream import Stream
from recoup.streams._turns import midnight_of
from recoup.sync.cursors.sections import Section
from recoup.sync.record.lease_queries import hold_fence
from recoup.sync.record.stream_state import SectionRefusal, StreamState
from recoup.sync.record.tell_notes import tell_notes
from recoup.sync.work import Work

_CODES = frozenset({NoteCode.NOT_AVAILABLE, NoteCode.ROLE_MISSING, NoteCode.MARKETPLACE_REFUSED})
_ASKED = _CODES | {NoteCode.REPORT_NOT_MADE}
"""The codes of the notes that the reading of a stream writes."""


@dataclass(frozen=True, slots=True)
class Asleep:
    """Parts of a stream that Amazon refused and that are not requested before the next day.

    notes: those that say so. was_unavailable: whether all of it was refused until today, so that one
    call is to find out whether it still is.
    """

    notes: tuple[Note, ...] = ()
    was_unavailable: bool = False

    def covers(self, section: Section) -> bool:
        """Whether a whole section waits."""
        scopes = {note.scope for note in self._of_sections()}
        if "" in scopes or section.scope in scopes:
            return True
        ids = section.marketplace_ids
        return bool(ids) and scopes.issuperset(ids)

    @property
    def datasets(self) -> frozenset[str]:
        """Datasets that are left out of the request until then."""
        return frozenset(note.subject for note in self.notes if _is_of_dataset(note))

    @property
    def reason(self) -> str:
        """The reported reason why the stream is not available."""
        return self._of_sections()[0].message

    def _of_sections(self) -> list[Note]:
        return [note for note in self.notes if not _is_of_dataset(note)]


def _is_of_dataset(note: Note) -> bool:
    return note.code is NoteCode.NOT_AVAILABLE and bool(note.subject)


def asleep(notes: Sequence[Note], stream: Stream, *, now: datetime) -> Asleep:
    """The parts of the stream that wait for the next day, from the notes of its connection."""
    told = [note for note in notes if note.stream == stream.name and note.code in _CODES]
    waiting = [note for note in told if note.look_again_at and note.look_again_at > now]
    due = [note for note in told if note not in waiting and not note.scope]
    return Asleep(tuple(waiting), any(not _is_of_dataset(note) for note in due))


async def read_asleep(conn: Reader, work: Work, stream: Stream) -> Asleep:
    """The same, from stored notes."""
    notes = await list_notes(conn, work.connection.connection_id)
    return asleep(notes, stream, now=work.api.now())


@dataclass(frozen=True, slots=True)
class Reading:
    """How the sections of a stream were read.

    read: to their end, as far as nothing was refused of them. waiting: not requested, nor anything
    reported of them again. failures: what failed for any other reason than a refusal.
    """

    read: tuple[Section, ...]
    waiting: tuple[Section, ...]
    failures: tuple[RecoupError, ...] = field(default=())


async def conclude(work: Work, state: StreamState, reading: Reading, waits: Asleep) -> None:
    """Reports what is not available, and ends the stream accordingly.

    Returns when what Amazon gives of it was read. Raises NotAvailableError when it returns nothing of
    it, and the first failure when something else went wrong.
    """
    failures = reading.failures
    look_at = midnight_of(work.api.now()) + timedelta(days=1)
    name = state.stream.name
    late = [
        Note(name, NoteCode.REPORT_NOT_MADE, str(one), subject=one.subject)
        for one in failures
        if isinstance(one, ReportNotMadeError)
    ]
    if failures and not reading.read:
        # It is not known whether the rest is refused or failing: earlier notes stay.
        await _tell(work, state, late, codes={NoteCode.REPORT_NOT_MADE})
        raise failures[0]
    if not reading.read and state.refusals:
        note, error = _whole(state, look_at)
        await _tell(work, state, [note], codes=_ASKED)
        raise error
    if not reading.read and reading.waiting:
        raise NotAvailableError(waits.reason, is_news=False)
    notes = [
        _refused_marketplace(name, one, refusal.error, look_at)
        for refusal in state.refusals
        for one in refusal.marketplace_ids
    ]
    notes += [
        _refused_dataset(name, dataset, error, look_at)
        for dataset, error in state.refused_datasets.items()
    ]
    kept = [note for note in waits.notes if _still_waits(note, reading)]
    await _tell(work, state, [*notes, *kept, *late], codes=_ASKED)
    if failures:
        raise failures[0]


def _still_waits(note: Note, reading: Reading) -> bool:
    if _is_of_dataset(note):
        return True
    return any(note.scope in (one.scope, *one.marketplace_ids) for one in reading.waiting)


async def _tell(
    work: Work, state: StreamState, notes: Sequence[Note], *, codes: Collection[NoteCode]
) -> None:
    """Replaces the stream's notes of these codes, in all scopes."""
    connection_id, name = work.connection.connection_id, state.stream.name
    if not notes and not await has_notes(work.database, connection_id, name, codes):
        return  # as nearly always
    async with work.seat.at_work(), work.database.writing() as conn:
        known = [
            note
            for note in await list_notes(conn, connection_id)
            if note.stream == name and note.code in codes
        ]
        scopes = sorted({note.scope for note in (*known, *notes)})
        for scope in scopes:
            await tell_notes(
                conn,
                connection_id,
                work.fence.sync_id,
                stream=name,
                scope=scope,
                codes=codes,
                notes=[note for note in notes if note.scope == scope],
            )
        if scopes:
            await hold_fence(conn, work.fence)


def _whole(state: StreamState, look_at: datetime) -> tuple[Note, NotAvailableError]:
    """Nothing of the stream is available: the note about it, and the error that ends it.

    Raises RefusedError when the refusal may be of the request itself.
    """
    name, noun = state.stream.name, state.stream.noun
    errors = [refusal.error for refusal in state.refusals]
    lacking = next((one for one in errors if isinstance(one, NotAvailableError)), None)
    if lacking is not None:
        text = f"{lacking} {_again(look_at)}"
        note = Note(name, NoteCode.NOT_AVAILABLE, text, look_again_at=look_at)
        return note, NotAvailableError(text)
    forbidden = next((one for one in errors if isinstance(one, ForbiddenError)), None)
    if forbidden is not None:
        role = role_for(state.stream, forbidden)
        text = (
            f"Amazon denies access to {noun} ({forbidden}). The application may lack the role {role}: "
            "add the role in Seller Central under Apps and Services, Develop Apps, then "
            f"authorize the application again. {_again(look_at)}"
        )
        note = Note(name, NoteCode.ROLE_MISSING, text, subject=role, look_again_at=look_at)
        return note, NotAvailableError(text, role=role)
    reason = state.stream.api.refused_means if state.stream.api else None
    if reason is None:
        told = "; ".join(
            f"{', '.join(one.marketplace_ids) or 'all'}: {one.error}" for one in state.refusals
        )
        raise RefusedError(
            f"Amazon refuses the request for {noun}. {told}. No permission is missing: the next sync "
            "makes it again."
        )
    text = f"The {noun} are not available: {reason} ({errors[0]}). {_again(look_at)}"
    note = Note(name, NoteCode.NOT_AVAILABLE, text, look_again_at=look_at)
    return note, NotAvailableError(text)


def role_for(stream: Stream, error: ForbiddenError) -> str:
    """The role that is missing if Amazon refuses the operation of this stream."""
    api = stream.api
    if api is not None and error.operation == api.operation.name and api.operation.role:
        return api.operation.role
    return role_of(stream.report.report_type) if stream.report else "that it needs"


def _refused_marketplace(
    stream: str, marketplace_id: str, error: RecoupError, look_at: datetime
) -> Note:
    if isinstance(error, NotAvailableError):
        text = f"Marketplace {marketplace_id}: {error} {_again(look_at)}"
        code = NoteCode.NOT_AVAILABLE
        return Note(stream, code, text, marketplace_id, look_again_at=look_at)
    text = (
        f"Amazon denies access to marketplace {marketplace_id} ({error}); the other marketplaces were "
        "read. If you sell there, check the application's permission for it in Seller Central. "
        f"{_again(look_at)}"
    )
    code = NoteCode.MARKETPLACE_REFUSED
    return Note(stream, code, text, marketplace_id, marketplace_id, look_again_at=look_at)


def _refused_dataset(stream: str, dataset: str, error: RecoupError, look_at: datetime) -> Note:
    text = (
        f"Amazon denies access to the dataset {dataset} ({error}); everything else was read. "
        "The application may lack a role for it. "
        f"{_again(look_at)}"
    )
    return Note(stream, NoteCode.NOT_AVAILABLE, text, subject=dataset, look_again_at=look_at)


def _again(look_at: datetime) -> str:
    return f"recoup tries again on {look_at:%Y-%m-%d}."


def is_refusal(error: BaseException) -> bool:
    """Whether Amazon refuses the request, and may accept it without a part of it."""
    if isinstance(error, ForbiddenError):
        return True
    return isinstance(error, BadRequestError) and error.recovery is BadRequestError.recovery


def refuse_section(state: StreamState, section: Section, error: RecoupError) -> None:
    """Records that Amazon refuses a whole section."""
    state.refusals.append(SectionRefusal(section.scope, section.marketplace_ids, error))
