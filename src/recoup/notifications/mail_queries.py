"""Queries of mails: who wants which, what the next one is to report, and whether it was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, literal, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from recoup.connections.tables import amazon_connection
from recoup.db.engine import Reader, Writer
from recoup.ids import ConnectionId, UserId, WorkspaceId, new_digest_id
from recoup.notifications.quiet import MailTimes
from recoup.notifications.tables import (
    mail_digest,
    mail_item,
    mail_preference,
    mail_subscription,
    notification,
)
from recoup.notifications.words import DigestStatus, NotificationKind
from recoup.users.tables import app_user, workspace

_s, _p, _g = mail_subscription.c, mail_preference.c, mail_digest.c
_i, _n = mail_item.c, notification.c


@dataclass(frozen=True, slots=True)
class MailSettings:
    """What a person wants of a workspace, and when of any."""

    kinds: tuple[NotificationKind, ...]
    times: MailTimes


@dataclass(frozen=True, slots=True)
class Digest:
    """The mail of a day."""

    digest_id: str
    user_id: UserId
    day: date
    status: DigestStatus
    attempts: int
    error: str | None
    sent_at: datetime | None
    email: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person whose next mail has something to report, since `waiting_since`. last_day: that of the
    newest mail.
    """

    user_id: UserId
    times: MailTimes
    waiting_since: datetime
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Item:
    """Something to report in a mail, and where it happened."""

    notification_id: str
    kind: NotificationKind
    data: dict[str, Any]
    created_at: datetime
    workspace_id: WorkspaceId
    workspace_name: str
    connection_id: ConnectionId
    account: str


async def read_mail_settings(
    conn: Reader, workspace_id: WorkspaceId, user_id: UserId
) -> MailSettings:
    """Nothing is wanted until the person says so."""
    kinds = (
        await conn.execute(
            select(_s.kinds).where(_s.workspace_id == workspace_id, _s.user_id == user_id)
        )
    ).scalar_one_or_none()
    row = (await conn.execute(select(mail_preference).where(_p.user_id == user_id))).one_or_none()
    return MailSettings(
        kinds=tuple(NotificationKind(kind) for kind in kinds or ()),
        times=MailTimes() if row is None else _times(row),
    )


async def store_mail_settings(
    conn: Writer, workspace_id: WorkspaceId, user_id: UserId, settings: MailSettings
) -> None:
    """The times count in all workspaces of the person."""
    times = settings.times
    values = {
        "time_zone": times.time_zone,
        "send_at_minute": times.send_at_minute,
        "quiet_from_minute": times.quiet_from_minute,
        "quiet_to_minute": times.quiet_to_minute,
    }
    await conn.execute(
        insert(mail_preference)
        .values(user_id=user_id, **values)
        .on_conflict_do_update(index_elements=["user_id"], set_=values)
    )
    kinds = [kind.value for kind in settings.kinds]
    await conn.execute(
        insert(mail_subscription)
        .values(workspace_id=workspace_id, user_id=user_id, kinds=kinds)
        .on_conflict_do_update(index_elements=["workspace_id", "user_id"], set_={"kinds": kinds})
    )


async def remember_deadlines(
    conn: Writer, workspace_id: WorkspaceId, user_id: UserId, *, days: int
) -> None:
    """Has the person's next mail report the deadlines of these last days too, as far as they are
    still ahead: whoever begins to want them learns of them all.
    """
    past = select(literal(user_id), _n.notification_id, _n.workspace_id).where(
        _n.workspace_id == workspace_id,
        _n.kind == NotificationKind.CLAIM_DEADLINE_NEAR.value,
        _n.created_at > func.now() - timedelta(days=days),
    )
    await conn.execute(
        insert(mail_item)
        .from_select(["user_id", "notification_id", "workspace_id"], past)
        .on_conflict_do_nothing()
    )


async def find_last_digest(conn: Reader, user_id: UserId) -> Digest | None:
    """The newest mail of a person, sent or not; not a day without one."""
    rows = await conn.execute(
        select(mail_digest)
        .where(_g.user_id == user_id, _g.status != DigestStatus.EMPTY)
        .order_by(_g.day.desc())
        .limit(1)
    )
    row = rows.one_or_none()
    return None if row is None else _digest(row)


async def list_subscribers(conn: Reader) -> list[Subscriber]:
    """Everybody for whom there is something to report."""
    last_day = select(func.max(_g.day)).where(_g.user_id == app_user.c.user_id).scalar_subquery()
    waiting = (
        select(_i.user_id, func.min(_n.created_at).label("since"))
        .join(notification, _n.notification_id == _i.notification_id)
        .group_by(_i.user_id)
        .subquery()
    )
    rows = await conn.execute(
        select(
            app_user.c.user_id.label("person"),
            waiting.c.since,
            mail_preference,
            last_day.label("last_day"),
        )
        .join(waiting, waiting.c.user_id == app_user.c.user_id)
        .outerjoin(mail_preference, _p.user_id == app_user.c.user_id)
        .where(app_user.c.email.is_not(None))
        .order_by(app_user.c.user_id)
    )
    return [
        Subscriber(
            UserId(row.person),
            MailTimes() if row.time_zone is None else _times(row),
            row.since,
            row.last_day,
        )
        for row in rows
    ]


async def count_refused_mails(conn: Reader, *, attempts: int) -> int:
    """Counts the mails that were tried at least so often and are still to be sent."""
    waiting = select(func.count()).where(
        _g.status == DigestStatus.PENDING, _g.attempts >= attempts, _g.error.is_not(None)
    )
    return int((await conn.execute(waiting)).scalar_one())


async def open_digest(conn: Writer, user_id: UserId, day: date, *, now: datetime) -> None:
    """Begins the mail of a day, once; an earlier one that no server took is given up for it."""
    await conn.execute(
        insert(mail_digest)
        .values(digest_id=new_digest_id(), user_id=user_id, day=day, next_attempt_at=now)
        .on_conflict_do_nothing()
    )


async def list_given_up(conn: Writer) -> list[Digest]:
    """Ends the mails that are still not sent when a newer one has begun; returns them."""
    rows = await conn.execute(
        text(
            """
            update mail_digest old set status = 'failed'
            where status = 'pending' and exists (
                select from mail_digest new where new.user_id = old.user_id and new.day > old.day)
            returning digest_id, user_id, day, status, attempts, error, sent_at
            """
        )
    )
    return [_digest(row) for row in rows]


_TAKE = text(
    """
    with chosen as (
        select digest_id from mail_digest
        where status = 'pending' and next_attempt_at <= :now
        order by next_attempt_at
        limit :most
        for update skip locked
    )
    update mail_digest g
    set attempts = attempts + 1, next_attempt_at = :now + make_interval(secs => :lease)
    from chosen, app_user u
    where g.digest_id = chosen.digest_id and u.user_id = g.user_id
    returning g.digest_id, g.user_id, g.day, g.status, g.attempts, g.error, g.sent_at, u.email
    """
)


async def take_due_digests(
    conn: Writer, *, now: datetime, most: int, lease: timedelta
) -> list[Digest]:
    """Takes mails for one attempt each: nobody else takes them for as long as the lease lasts."""
    values = {"now": now, "most": most, "lease": lease.total_seconds()}
    rows = await conn.execute(_TAKE, values)
    return [_digest(row, email=row.email) for row in rows]


async def list_items(conn: Reader, user_id: UserId) -> list[Item]:
    """What the next mail reports, oldest first; what the person wants no more is left out."""
    a, w = amazon_connection.c, workspace.c
    rows = await conn.execute(
        select(
            notification,
            w.name.label("workspace_name"),
            a.selling_partner_id,
            a.region,
        )
        .join(mail_item, _i.notification_id == _n.notification_id)
        .join(
            mail_subscription,
            (_s.workspace_id == _i.workspace_id) & (_s.user_id == _i.user_id),
        )
        .join(workspace, w.workspace_id == _n.workspace_id)
        .join(amazon_connection, a.connection_id == _n.connection_id)
        .where(_i.user_id == user_id, _n.kind == func.any(_s.kinds))
        .order_by(_n.created_at, _n.notification_id)
    )
    return [
        Item(
            notification_id=row.notification_id,
            kind=NotificationKind(row.kind),
            data=row.data,
            created_at=row.created_at,
            workspace_id=WorkspaceId(row.workspace_id),
            workspace_name=row.workspace_name,
            connection_id=ConnectionId(row.connection_id),
            account=f"{row.selling_partner_id} ({row.region})",
        )
        for row in rows
    ]


async def end_digest(
    conn: Writer, digest: Digest, status: DigestStatus, reported: Sequence[str]
) -> None:
    """The mail is sent, or there was nothing to send; what it reported is reported once.

    reported: the notifications that were looked at. Those that came since stay for the next mail;
    those that the person wants no more are dropped.
    """
    await conn.execute(
        update(mail_digest)
        .where(_g.digest_id == digest.digest_id, _g.status == DigestStatus.PENDING)
        .values(
            status=status,
            error=None,
            sent_at=func.now() if status is DigestStatus.SENT else None,
        )
    )
    unwanted = (
        select(_n.notification_id)
        .join(mail_item, _i.notification_id == _n.notification_id)
        .join(mail_subscription, (_s.workspace_id == _i.workspace_id) & (_s.user_id == _i.user_id))
        .where(_i.user_id == digest.user_id, _n.kind != func.all(_s.kinds))
    )
    await conn.execute(
        delete(mail_item).where(
            _i.user_id == digest.user_id,
            or_(_i.notification_id.in_(reported), _i.notification_id.in_(unwanted)),
        )
    )


async def postpone_digest(
    conn: Writer, digest: Digest, *, until: datetime, error: str | None
) -> None:
    """It is tried again then. error: why it was not sent; null for quiet hours."""
    values: dict[str, Any] = {"next_attempt_at": until}
    if error is not None:
        values["error"] = error
    await conn.execute(
        update(mail_digest)
        .where(
            _g.digest_id == digest.digest_id,
            _g.status == DigestStatus.PENDING,
            _g.attempts == digest.attempts,
        )
        .values(values)
    )


async def list_workspaces_with_mails(conn: Reader, user_id: UserId) -> list[WorkspaceId]:
    """Those of which a person wants mails."""
    rows = await conn.execute(
        select(_s.workspace_id).where(_s.user_id == user_id, func.cardinality(_s.kinds) > 0)
    )
    return [WorkspaceId(row.workspace_id) for row in rows]


def _times(row: Row[Any]) -> MailTimes:
    return MailTimes(
        time_zone=row.time_zone,
        send_at_minute=row.send_at_minute,
        quiet_from_minute=row.quiet_from_minute,
        quiet_to_minute=row.quiet_to_minute,
    )


def _digest(row: Row[Any], *, email: str | None = None) -> Digest:
    return Digest(
        digest_id=row.digest_id,
        user_id=UserId(row.user_id),
        day=row.day,
        status=DigestStatus(row.status),
        attempts=row.attempts,
        error=row.error,
        sent_at=row.sent_at,
        email=email,
    )
