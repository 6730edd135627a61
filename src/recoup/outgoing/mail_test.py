"""A mail that somebody sends to themselves, to see whether mails arrive."""

from __future__ import annotations

import uuid
from datetime import timedelta
from html import escape

from recoup.audit.queries import record, time_since
from recoup.audit.words import Action
from recoup.db.engine import Writer
from recoup.errors import TooManyRequestsError
from recoup.ids import UserId
from recoup.outgoing.smtp import Mail

EVERY = timedelta(minutes=1)
"""A person may ask for a test mail once in this time."""

_TEXT = (
    "This is the test mail that you asked for: mails of recoup reach you.",
    "You choose what recoup reports, and when, under Settings, Notifications:",
)


async def ask_for_test(conn: Writer, user_id: UserId, person: str) -> None:
    """Records that the person wants a test mail. Raises TooManyRequestsError."""
    since = await time_since(conn, Action.MAIL_TESTED, user_id)
    if since is not None and since < EVERY:
        raise TooManyRequestsError(EVERY - since + timedelta(seconds=1))
    await record(conn, Action.MAIL_TESTED, person)


def mail_for_test(to: str, url: str) -> Mail:
    """The mail, with a link to the settings."""
    link = f"{url}/#/settings/notifications"
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in _TEXT)
    return Mail(
        to=to,
        subject="recoup: a test mail",
        text="\n\n".join((*_TEXT, link)) + "\n",
        html=f'{paragraphs}<p><a href="{escape(link)}">{escape(link)}</a></p>',
        message_id=f"test.{uuid.uuid4().hex}",
    )
