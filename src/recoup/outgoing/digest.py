"""The mail of a day to a person: what is read for it, and when it is sent."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from recoup.claims.reading.deadlines import list_due
from recoup.clock import Clock, utc_now
from recoup.config import Settings
from recoup.db.engine import Database, Reader
from recoup.errors import MailError
from recoup.events.queries import record_activity
from recoup.events.words import ActivityType
from recoup.ids import UserId
from recoup.logs import get_logger
from recoup.notifications.mail_queries import (
    Digest,
    Item,
    end_digest,
    list_given_up,
    list_items,
    list_subscribers,
    list_workspaces_with_mails,
    open_digest,
    postpone_digest,
    take_due_digests,
)
from recoup.notifications.quiet import MailTimes
from recoup.notifications.words import DigestStatus, NotificationKind
from recoup.outgoing.digest_text import AccountNews, digest_mail
from recoup.outgoing.smtp import Mailer

_log = get_logger(__name__)
_AT_ONCE = 10
_LEASE = timedelta(minutes=5)
_FIRST_WAIT = timedelta(minutes=2)
_LONGEST_WAIT = timedelta(hours=4)
_FACTOR = 2


class Postman:
    """Sends mails that are due. Any number of workers may do so at once."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        mailer: Mailer | None,
        clock: Clock = utc_now,
    ) -> None:
        self._settings = settings
        self._database = database
        self._mailer = mailer
        self._clock = clock

    async def send_due(self) -> None:
        """A mail a day at most for each person; nothing without a mail server, nor if nothing is new.

        May be killed anywhere: what was taken is taken again after five minutes, and a mail that a
        server took before the crash comes again with the same Message-ID.
        """
        if self._mailer is None:
            return
        now = self._clock()
        await self._begin(now)
        async with self._database.writing() as conn:
            due = await take_due_digests(conn, now=now, most=_AT_ONCE, lease=_LEASE)
            times = {one.user_id: one.times for one in await list_subscribers(conn)}
        for digest in due:
            await self._attempt(self._mailer, digest, times.get(digest.user_id, MailTimes()), now)

    async def _begin(self, now: datetime) -> None:
        async with self._database.reading() as conn:
            subscribers = await list_subscribers(conn)
        for one in subscribers:
            day = one.times.day_of(now)
            is_done = one.last_day is not None and one.last_day >= day
            is_news = one.waiting_since < one.times.moment_of(day)
            if is_news and not is_done and one.times.quiet_until(now) is None:
                async with self._database.writing() as conn:
                    await open_digest(conn, one.user_id, day, now=now)
        async with self._database.writing() as conn:
            for digest in await list_given_up(conn):
                _log.warning("mail_given_up", user_id=digest.user_id, error=digest.error)
                for workspace_id in await list_workspaces_with_mails(conn, digest.user_id):
                    await record_activity(
                        conn,
                        workspace_id,
                        activity_type=ActivityType.MAIL_FAILED,
                        message=f"The mail of {digest.day} was not sent: {digest.error}",
                    )

    async def _attempt(
        self, mailer: Mailer, digest: Digest, times: MailTimes, now: datetime
    ) -> None:
        quiet_until = times.quiet_until(now)
        if quiet_until is not None:
            async with self._database.writing() as conn:
                await postpone_digest(conn, digest, until=quiet_until, error=None)
            return
        async with self._database.reading() as conn:
            reported, news = await _read_news(conn, digest.user_id, now)
        status = DigestStatus.EMPTY
        if news and digest.email is not None:
            mail = digest_mail(
                news, to=digest.email, digest_id=digest.digest_id, url=self._settings.public_url
            )
            try:
                await mailer.send(mail)
            except MailError as exc:
                await self._retry(digest, str(exc), now)
                return
            status = DigestStatus.SENT
        async with self._database.writing() as conn:
            await end_digest(conn, digest, status, reported)
        _log.info("mail_ended", user_id=digest.user_id, status=status)

    async def _retry(self, digest: Digest, error: str, now: datetime) -> None:
        """Until the next mail is due, which contains the same."""
        wait = min(_FIRST_WAIT * _FACTOR ** (digest.attempts - 1), _LONGEST_WAIT)
        async with self._database.writing() as conn:
            await postpone_digest(conn, digest, until=now + wait, error=error)
        _log.warning("mail_not_sent", user_id=digest.user_id, attempt=digest.attempts, error=error)


async def _read_news(
    conn: Reader, user_id: UserId, now: datetime
) -> tuple[list[str], list[AccountNews]]:
    """What was looked at, and what of it is still to be reported: a claim that was filed meanwhile
    has no deadline any more.
    """
    items = await list_items(conn, user_id)
    by_account: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_account[item.connection_id].append(item)
    found = []
    for of_account in by_account.values():
        near = [
            item.created_at
            for item in of_account
            if item.kind is NotificationKind.CLAIM_DEADLINE_NEAR
        ]
        account = of_account[0]
        news = AccountNews(
            workspace_name=account.workspace_name,
            connection_id=account.connection_id,
            account=account.account,
            due=tuple(await list_due(conn, account.connection_id, near, now)) if near else (),
            others=tuple(
                item for item in of_account if item.kind is not NotificationKind.CLAIM_DEADLINE_NEAR
            ),
        )
        if news.due or news.others:
            found.append(news)
    return [item.notification_id for item in items], found
