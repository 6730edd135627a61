"""A test mail over the API: to one's own address, and what is said if it cannot be sent."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest
from pydantic import SecretStr

from recoup.config import Settings
from recoup.db.engine import Database
from recoup.users.queries import User
from tests.api.serving import Server, new_user, serving
from tests.support.mail_server import MailServer

PATH = "/api/me/notifications/test"


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with MailServer() as server:
        yield server


@pytest.fixture
async def mailing(
    settings: Settings, database: Database, mail_server: MailServer
) -> AsyncIterator[Server]:
    """A server that sends mails."""
    sends = {"smtp_url": SecretStr(mail_server.url), "mail_from": "recoup <recoup@example.com>"}
    async with serving(settings.model_copy(update=sends), database) as server:
        yield server


async def askers(client: httpx2.AsyncClient) -> list[tuple[str, str]]:
    """Who asked for test mails, by the audit log."""
    found = (await client.get("/api/audit", params={"action": "mail_tested"})).json()["items"]
    return [(one["who"], one["subject"]) for one in found]


async def test_a_person_sends_a_test_mail(
    mailing: Server, mail_server: MailServer, user: User
) -> None:
    """To the address of the account and to no other; the audit log says who asked."""
    async with mailing.client(user) as client:
        answer = await client.post(PATH, json={"email": "other@example.com"})
        log = await askers(client)

    assert answer.json() == {"email": user.email, "isSent": True, "error": None}
    (mail,) = mail_server.mails
    assert mail.recipients == (user.email,)
    assert "test mail" in mail.message["Subject"]
    assert f"{mailing.settings.public_url}/#/settings/notifications" in mail.text()
    assert log == [(user.email, user.email)]


async def test_a_second_test_mail_has_to_wait(
    mailing: Server, mail_server: MailServer, user: User, database: Database
) -> None:
    """For each person, also if the first failed: nobody is flooded, and no mail server."""
    other = await new_user(database, "other@example.com")
    mail_server.refusals.append("451 later")
    async with mailing.client(user) as client, mailing.client(other) as another:
        first, second = await client.post(PATH), await client.post(PATH)
        of_another = await another.post(PATH)
        log = await askers(client)

    assert first.json()["isSent"] is False
    assert second.status_code == 429
    assert 0 < int(second.headers["retry-after"]) <= 61
    assert of_another.json()["isSent"] is True
    assert mail_server.attempts == 2
    assert len(log) == 1


async def test_what_the_mail_server_says_is_said(
    mailing: Server, mail_server: MailServer, user: User
) -> None:
    """In the words of the daily mail: what to change, and no secret."""
    mail_server.refusals.append("554 no thanks, user:password")
    async with mailing.client(user) as client:
        answer = (await client.post(PATH)).json()

    assert answer["isSent"] is False
    assert answer["error"]
    assert "password" not in answer["error"]


async def test_a_server_without_mail_server_says_so(client: httpx2.AsyncClient) -> None:
    """Nothing is sent or logged; the operator reads what to set."""
    answer = await client.post(PATH)

    assert answer.status_code == 409
    assert "RECOUP_SMTP_URL" in answer.json()["detail"]
    assert await askers(client) == []
