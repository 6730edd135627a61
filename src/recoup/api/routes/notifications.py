"""Which mails a person receives, and when (docs/notifications.md#mails)."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Body
from pydantic import Field, field_validator, model_validator

from recoup.api.openapi import may_fail
from recoup.api.parameters import RequestModel
from recoup.api.services import CurrentCaller, ServicesOfApp
from recoup.audit.queries import record
from recoup.audit.words import Action
from recoup.body import CamelModel, Timestamp
from recoup.claims.reading.deadlines import MARKS
from recoup.config import Settings
from recoup.db.engine import Reader
from recoup.errors import ConflictError, MailError
from recoup.notifications.mail_queries import (
    MailSettings,
    find_last_digest,
    read_mail_settings,
    remember_deadlines,
    store_mail_settings,
)
from recoup.notifications.quiet import MailTimes, minute_of, time_of
from recoup.notifications.words import DigestStatus, NotificationKind
from recoup.outgoing.mail_test import ask_for_test, mail_for_test
from recoup.outgoing.smtp import Mailer
from recoup.users.caller import Caller

router = APIRouter(prefix="/api/me/notifications", tags=["account"])

_TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["07:30"])]


class NotificationsRequest(RequestModel):
    kinds: list[NotificationKind] = Field(
        max_length=20, description="Of the current workspace; empty: no mails of it."
    )
    send_at: _TimeOfDay = Field(default="08:00", description="Time of the daily mail.")
    time_zone: Annotated[str, Field(max_length=64)] = Field(
        default="UTC", description="Name of a time zone, such as Europe/Berlin."
    )
    quiet_from: _TimeOfDay | None = Field(
        default=None, description="No mail is sent from then on; null: no quiet hours."
    )
    quiet_to: _TimeOfDay | None = Field(
        default=None, description="Until then, perhaps on the next day."
    )

    @field_validator("time_zone")
    @classmethod
    def _is_time_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("must be the name of a time zone, such as Europe/Berlin") from None
        return value

    @model_validator(mode="after")
    def _has_both_ends(self) -> NotificationsRequest:
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValueError("quietFrom and quietTo need each other")
        if self.quiet_from is not None and self.quiet_from == self.quiet_to:
            raise ValueError("quietFrom and quietTo must differ")
        return self

    def settings(self) -> MailSettings:
        return MailSettings(
            kinds=tuple(dict.fromkeys(self.kinds)),
            times=MailTimes(
                time_zone=self.time_zone,
                send_at_minute=minute_of(self.send_at),
                quiet_from_minute=None if self.quiet_from is None else minute_of(self.quiet_from),
                quiet_to_minute=None if self.quiet_to is None else minute_of(self.quiet_to),
            ),
        )


class LastMailBody(CamelModel):
    day: str
    status: DigestStatus
    sent_at: Timestamp | None
    error: str | None = Field(description="Why it was not sent yet.")


class NotificationsBody(CamelModel):
    email: str | None = Field(description="Where mails go. Null: the account has no address.")
    can_send: bool = Field(description="Whether the server has a mail server (RECOUP_SMTP_URL).")
    kinds: list[NotificationKind]
    send_at: str
    time_zone: str
    quiet_from: str | None
    quiet_to: str | None
    last_mail: LastMailBody | None


class MailTestBody(CamelModel):
    email: str = Field(description="Where the mail was sent.")
    is_sent: bool = Field(description="Whether the mail server took it.")
    error: str | None = Field(description="Why it did not.")


@router.get("", responses=may_fail(), summary="Which mails you receive")
async def get_notifications(services: ServicesOfApp, caller: CurrentCaller) -> NotificationsBody:
    async with services.door.reading() as conn:
        return await _read(conn, caller, services.settings)


@router.put(
    "", responses=may_fail(ConflictError, write=True), summary="Choose which mails you receive"
)
async def put_notifications(
    services: ServicesOfApp,
    caller: CurrentCaller,
    body: Annotated[NotificationsRequest, Body()],
) -> NotificationsBody:
    """Kinds are those of the current workspace; times count for all of a person's workspaces."""
    chosen = body.settings()
    if chosen.kinds and caller.email is None:
        raise ConflictError("Your account has no email address, so no mail can be sent to you.")
    async with services.door.writing() as conn:
        before = await read_mail_settings(conn, caller.workspace_id, caller.user_id)
        await store_mail_settings(conn, caller.workspace_id, caller.user_id, chosen)
        who = caller.email or caller.name or caller.user_id
        await record(conn, Action.MAILS_CHOSEN, who, kinds=list(chosen.kinds))
        answer = await _read(conn, caller, services.settings)
    if NotificationKind.CLAIM_DEADLINE_NEAR in set(chosen.kinds) - set(before.kinds):
        async with services.database.writing() as conn:
            await remember_deadlines(conn, caller.workspace_id, caller.user_id, days=max(MARKS))
    return answer


@router.post(
    "/test", responses=may_fail(ConflictError, write=True), summary="Send yourself a test mail"
)
async def post_test_mail(services: ServicesOfApp, caller: CurrentCaller) -> MailTestBody:
    """To your own address, once a minute, also in quiet hours."""
    mailer = Mailer.of(services.settings)
    if caller.email is None:
        raise ConflictError("Your account has no email address, so no mail can be sent to you.")
    if mailer is None:
        raise ConflictError(
            "No mail server is set up yet: the operator of this server can set RECOUP_SMTP_URL and "
            "RECOUP_MAIL_FROM."
        )
    async with services.database.writing() as conn:
        await ask_for_test(conn, caller.user_id, caller.email)
    try:
        await mailer.send(mail_for_test(caller.email, services.settings.public_url))
    except MailError as exc:
        return MailTestBody(email=caller.email, is_sent=False, error=str(exc))
    return MailTestBody(email=caller.email, is_sent=True, error=None)


async def _read(conn: Reader, caller: Caller, settings: Settings) -> NotificationsBody:
    found = await read_mail_settings(conn, caller.workspace_id, caller.user_id)
    last = await find_last_digest(conn, caller.user_id)
    times = found.times
    quiet_from, quiet_to = times.quiet_from_minute, times.quiet_to_minute
    return NotificationsBody(
        email=caller.email,
        can_send=settings.smtp_url is not None,
        kinds=list(found.kinds),
        send_at=time_of(times.send_at_minute),
        time_zone=times.time_zone,
        quiet_from=None if quiet_from is None else time_of(quiet_from),
        quiet_to=None if quiet_to is None else time_of(quiet_to),
        last_mail=None
        if last is None
        else LastMailBody(
            day=last.day.isoformat(), status=last.status, sent_at=last.sent_at, error=last.error
        ),
    )
