"""The next step of a stream, from its cursor. Pure: the transactions are elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from recoup.ids import SyncId
from recoup.streams._stream import Api, Snapshot, Stream, Windows
from recoup.streams._turns import has_turn, midnight_of, sweep_pieces
from recoup.streams._window import Window, next_window, plan_todo, subtract, union
from recoup.sync.cursors.queries import Cursor

# A snapshot has no windows; its one piece of work is written as this one.
WHOLE = Window(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
_SHORTEST_WINDOW = timedelta(hours=1)
_LONG_WINDOW = timedelta(days=365)


def begin(
    cursor: Cursor,
    stream: Stream,
    sync_id: SyncId,
    *,
    now: datetime,
    marketplace_ids: Sequence[str],
    repeat_after: timedelta = timedelta(0),
    reread_since: datetime | None = None,
) -> Cursor:
    """Adds this sync's work to the cursor; unchanged if an earlier attempt has begun it.

    marketplace_ids: those of the connection. repeat_after: how long Amazon would refuse to make the
    report again, or send the same once more; what is younger is left as it is. reread_since: from when
    on all is read again (recoup.streams._stream.Windows).
    """
    if cursor.sync_id == sync_id:
        return cursor
    cursor = _lengthen(_widen(cursor, stream, marketplace_ids))
    rule = stream.cursor
    if isinstance(rule, Snapshot):
        is_fresh = _is_younger(cursor, repeat_after, now) or not _is_due(rule, cursor.read_at, now)
        todo_now = () if is_fresh else (WHOLE,)
        return replace(forget_page(cursor), sync_id=sync_id, todo=todo_now)
    if _is_younger(cursor, repeat_after, now):
        return replace(cursor, sync_id=sync_id, todo=())
    todo = _todo(cursor, rule, now=now, repeat_after=repeat_after, reread_since=reread_since)
    return replace(cursor, sync_id=sync_id, todo=tuple(todo))


def _is_younger(cursor: Cursor, span: timedelta, now: datetime) -> bool:
    """Never for no span at all: Amazon's clock is known to the second, so an age may be below zero."""
    return bool(span) and cursor.read_at is not None and now - cursor.read_at < span


def _is_due(rule: Windows | Snapshot, read_at: datetime | None, now: datetime) -> bool:
    """Whether the stream's turn has come since it was read. A stream that was never read is due."""
    return not rule.on or read_at is None or has_turn(rule.on, since=read_at, now=now)


def _todo(
    cursor: Cursor,
    rule: Windows,
    *,
    now: datetime,
    repeat_after: timedelta,
    reread_since: datetime | None,
) -> list[Window]:
    read_at = _reached_at(cursor, rule)
    again: list[Window] = []
    is_fresh = False
    if read_at is not None:
        again = sweep_pieces(rule.sweep, overlap=rule.overlap, since=read_at, now=now)
        if reread_since is not None and reread_since < now:
            again.append(Window(reread_since, now))
        is_fresh = now - read_at < repeat_after or not _is_due(rule, read_at, now)
    return plan_todo(
        cursor.closed,
        since=midnight_of(now) - rule.history,
        until=(now - rule.holdback).replace(microsecond=0),
        overlap=rule.overlap,
        again=again,
        only_holes=is_fresh,
    )


def _reached_at(cursor: Cursor, rule: Windows) -> datetime | None:
    """When the sync began that read up to the newest closed time.

    Not `cursor.read_at`: a sync that begins before midnight and ends after it has not done the work
    of the new day.
    """
    ends = [window.until for window in cursor.closed]
    return max(ends) + rule.holdback if ends else None


def _widen(cursor: Cursor, stream: Stream, marketplace_ids: Sequence[str]) -> Cursor:
    """A marketplace new to a region's cursor has unread history, so all is read again."""
    if cursor.scope or not stream.names_marketplaces:
        return cursor
    known = cursor.marketplace_ids
    if known is not None and not set(marketplace_ids) <= set(known):
        cursor = replace(forget_page(cursor), closed=(), read_at=None)
    return replace(cursor, marketplace_ids=tuple(marketplace_ids))


def _lengthen(cursor: Cursor) -> Cursor:
    """Each sync tries windows twice as long: what was too long for one sync may fit another day."""
    longest = cursor.longest_window
    if longest is None:
        return cursor
    return replace(cursor, longest_window=2 * longest if longest < _LONG_WINDOW else None)


def open_next(
    cursor: Cursor,
    rule: Windows | Snapshot,
    source: Api,
    *,
    todo: Sequence[Window],
    now: datetime,
) -> Cursor | None:
    """The cursor with the window to request next open in it; None if all is done.

    todo: what of the cursor's is left to pages. Goes on in the open window where its page token is
    still good.
    """
    if not todo:
        return None
    if isinstance(rule, Snapshot):
        return forget_page(cursor)
    if (
        cursor.open_window is not None
        and cursor.page_token_at is not None
        and now - cursor.page_token_at < source.token_lifetime
    ):
        return cursor
    limits = [span for span in (source.longest, cursor.longest_window) if span is not None]
    window = next_window(todo, longest=min(limits) if limits else None)
    return replace(forget_page(cursor), open_window=window)


def turn_page(cursor: Cursor, *, token: str, now: datetime) -> Cursor:
    """Another page of the open window follows."""
    return replace(cursor, page_token=token, page_token_at=now)


def close_window(cursor: Cursor, rule: Windows | Snapshot, *, until: datetime | None) -> Cursor:
    """Closes the open window, read to its end. `until`: Amazon's own watermark, if it sent one.

    What lies behind the watermark is not closed, yet this sync has done what it could.
    """
    if isinstance(rule, Snapshot):
        return replace(forget_page(cursor), todo=())
    window = cursor.open_window
    assert window is not None
    end = min(window.until, until) if until is not None else window.until
    closed = cursor.closed
    if window.since < end:
        closed = tuple(union([*closed, Window(window.since, end)]))
    return replace(forget_page(cursor), closed=closed, todo=tuple(subtract(cursor.todo, [window])))


def shorten(cursor: Cursor) -> Cursor:
    """Halves the next requests, as the open window could not be finished (a page token died)."""
    window = cursor.open_window
    if window is None:
        return forget_page(cursor)
    return replace(forget_page(cursor), longest_window=max(window.length / 2, _SHORTEST_WINDOW))


def forget_page(cursor: Cursor) -> Cursor:
    """Leaves the open window; it will be read from its first page."""
    return replace(cursor, open_window=None, page_token=None, page_token_at=None)
