"""Detection: runs every rule over one connection as of a day, and stores the claims found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date

from recoup.claims.detection.cases import WORK_OFF
from recoup.claims.detection.gap_queries import find_gaps
from recoup.claims.detection.gaps import CLAIMS, RulesToRun, choose_rules, notes_of
from recoup.claims.detection.held import JudgedDays, hold_back
from recoup.claims.detection.horizon import find_horizon, keep_what_changes
from recoup.claims.detection.judged_days import is_of_files, judged_days_of, old_gaps, read_days
from recoup.claims.detection.prepare import prepare
from recoup.claims.detection.store import Stored, lock_detection, store
from recoup.claims.detection.temporary_table import change_tables
from recoup.claims.detection.vague import Vague, find_vague
from recoup.claims.detection.window_and_value import find_events, make_found, tune, value_claims
from recoup.claims.policy import Policy, load_policy
from recoup.claims.rule import Rule
from recoup.claims.rules import all_rules
from recoup.db.engine import Writer
from recoup.ids import ConnectionId, SyncId
from recoup.notes.note import Note, NoteCode
from recoup.notes.queries import list_notes, replace_notes


@dataclass(frozen=True, slots=True)
class Detection:
    """The result of a detection.

    skipped: rules that did not run, as something they need was not read. waits: sentences for the
    seller about those, and about rules that did not run everywhere; news: those that are new.
    """

    as_of: date
    stored: Stored
    skipped: tuple[Rule, ...]
    waits: tuple[Note, ...] = ()
    news: tuple[Note, ...] = ()


async def detect(
    conn: Writer,
    connection_id: ConnectionId,
    as_of: date,
    *,
    sync_id: SyncId | None = None,
    unread: Collection[str] = (),
    rules: Sequence[Rule] | None = None,
    policy: Policy | None = None,
) -> Detection:
    """Finds all claims as of a day of the marketplace, and stores them in the caller's transaction.

    The same rows and day produce the same claims, however often. A rule that needs what was not
    read is not run and its claims stay as they are: what was not read cannot withdraw a claim, and
    half of the truth must not make one. Unread data is recorded in the database
    (recoup.claims.detection.gaps); `unread` are tables that the caller knows of besides. Nor does what
    was deleted with age change a claim (recoup.claims.detection.horizon).
    """
    policy = policy or load_policy()
    all_of_them = tuple(rules or all_rules())
    await lock_detection(conn, connection_id)
    found = await find_gaps(conn, connection_id, sync_id=sync_id, unread=unread)
    days = await read_days(conn, connection_id) if await is_of_files(conn, connection_id) else {}
    gaps = [*found.gaps, *old_gaps(days, as_of)]
    to_run = choose_rules(all_of_them, gaps, found.rows)
    values: dict[str, object] = {
        "connection_id": connection_id,
        "as_of": as_of,
        "sync_id": sync_id,
        "policy_version": policy.version,
    }
    horizon = await find_horizon(conn, connection_id)
    spans = judged_days_of(to_run.run, days)
    vague = await _find_claims(conn, connection_id, as_of, to_run, policy, horizon, spans)
    stored = await store(conn, values, [rule.type.value for rule in to_run.run])
    notes = notes_of(to_run, vague)
    news = await _tell(conn, connection_id, all_of_them, notes)
    return Detection(as_of, stored, to_run.waiting, notes, tuple(news))


async def delete_unseen(
    conn: Writer,
    connection_id: ConnectionId,
    as_of: date,
    *,
    delete: Callable[[], Awaitable[None]],
) -> int:
    """Runs `delete`, which removes rows, without a later detection changing claims for it.

    Returns the number of events that stay as judged. Needs a transaction of REPEATABLE READ, which
    nothing has read in yet. Stores no claim.
    """
    policy = load_policy()
    await lock_detection(conn, connection_id)

    async def search() -> list[str]:
        # Rules that wait are run too: what they would find must not depend on the deletion either.
        unread = await find_gaps(conn, connection_id)
        to_run = choose_rules(all_rules(), (), unread.rows)
        await _find_claims(conn, connection_id, as_of, to_run, policy, None)
        waiting = choose_rules(all_rules(), unread.gaps, unread.rows).waiting
        return [rule.type.value for rule in waiting]

    return await keep_what_changes(conn, connection_id, search=search, delete=delete)


async def _find_claims(
    conn: Writer,
    connection_id: ConnectionId,
    as_of: date,
    to_run: RulesToRun,
    policy: Policy,
    horizon: date | None,
    spans: Collection[JudgedDays] = (),
) -> list[Vague]:
    """Leaves the results of rules in temporary tables, stores nothing. Returns vague findings."""
    values: dict[str, object] = {"connection_id": connection_id, "as_of": as_of}
    await tune(conn)
    await prepare(conn, connection_id, as_of, policy)
    await make_found(conn)
    await find_events(conn, to_run.run, values)
    await change_tables(conn, WORK_OFF)
    types = [rule.type.value for rule in to_run.run]
    vague = await find_vague(conn)
    await hold_back(
        conn,
        values,
        types,
        watched=to_run.watched,
        refused=to_run.refused,
        is_vague=bool(vague),
        horizon=horizon,
        spans=spans,
    )
    await value_claims(conn, values)
    return vague


async def _tell(
    conn: Writer, connection_id: ConnectionId, rules: Sequence[Rule], notes: Sequence[Note]
) -> list[Note]:
    """Replaces the notes about these rules; returns the new ones."""
    judged = {rule.type.value for rule in rules}
    others = [
        note
        for note in await list_notes(conn, connection_id)
        if note.code is NoteCode.RULE_WAITS and note.subject not in judged
    ]
    codes = {NoteCode.RULE_WAITS}
    news = await replace_notes(conn, connection_id, CLAIMS, "", codes, [*notes, *others])
    return [note for note in news if note not in others]
