"""Detection: run every rule over one connection as of a day, and keep what was found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from recoup.claims.case_queries import work_off_cases
from recoup.claims.detect_queries import find_events, make_found, tune, value_claims
from recoup.claims.policy import Policy, load_policy
from recoup.claims.prepare_queries import prepare
from recoup.claims.rule import Rule
from recoup.claims.rules import all_rules
from recoup.claims.store_queries import Stored, lock_detection, store
from recoup.db.engine import Writer
from recoup.ids import ConnectionId, SyncId


@dataclass(frozen=True, slots=True)
class Detection:
    """What a detection came to. skipped: rules that did not run, as a table they read is stale."""

    as_of: date
    stored: Stored
    skipped: tuple[Rule, ...]


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
    """Find all claims as of a day of the marketplace, and store them in the caller's transaction.

    The same rows and day give the same claims, however often. A rule that reads a table of
    `unread` is not run and its claims stay as they are: what was not read cannot withdraw a claim,
    and half of the truth must not make one.
    """
    policy = policy or load_policy()
    chosen = [rule for rule in rules or all_rules() if not set(rule.reads) & set(unread)]
    skipped = tuple(rule for rule in rules or all_rules() if rule not in chosen)
    values: dict[str, object] = {
        "connection_id": connection_id,
        "as_of": as_of,
        "sync_id": sync_id,
        "policy_version": policy.version,
    }
    await lock_detection(conn, connection_id)
    await _find_claims(conn, connection_id, as_of, chosen, policy)
    stored = await store(conn, values, [rule.type.value for rule in chosen])
    return Detection(as_of, stored, skipped)


async def _find_claims(
    conn: Writer,
    connection_id: ConnectionId,
    as_of: date,
    rules: Sequence[Rule],
    policy: Policy,
) -> None:
    """Leave what the rules find in temporary tables; nothing is stored."""
    values: dict[str, object] = {"connection_id": connection_id, "as_of": as_of}
    await tune(conn)
    await prepare(conn, connection_id, as_of, policy)
    await make_found(conn)
    for rule in rules:
        await find_events(conn, rule, values)
    await work_off_cases(conn)
    await value_claims(conn, values)
