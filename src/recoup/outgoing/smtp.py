"""Sends one mail. The home of aiosmtplib."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime

import aiosmtplib

from recoup.config import Settings
from recoup.errors import MailError
from recoup.origins import is_loopback
from recoup.smtp_url import SmtpServer, read_sender, read_smtp_url

_SECONDS = 30.0
_ADDRESS = re.compile(r"[^@\s,;<>\"()\\]+@[^@\s,;<>\"()\\]+")


@dataclass(frozen=True, slots=True)
class Mail:
    """message_id: the same for each attempt, so that a repeat can be recognised."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str


class Mailer:
    """Sends mails over the server of the settings."""

    def __init__(self, server: SmtpServer, sender: Address) -> None:
        self._server = server
        self._sender = sender

    @classmethod
    def of(cls, settings: Settings) -> Mailer | None:
        """None where no mail server is set."""
        if settings.smtp_url is None or settings.mail_from is None:
            return None
        server = read_smtp_url(settings.smtp_url.get_secret_value())
        return cls(server, read_sender(settings.mail_from))

    async def send(self, mail: Mail) -> None:
        """Raises MailError."""
        message = self._message(mail)
        server = self._server
        try:
            await aiosmtplib.send(
                message,
                sender=self._sender.addr_spec,
                recipients=[mail.to],
                hostname=server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                use_tls=server.is_tls,
                start_tls=_start_tls(server),
                timeout=_SECONDS,
            )
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as exc:
            raise MailError(_say(exc)) from None

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        if not _ADDRESS.fullmatch(mail.to) or not mail.to.isprintable():
            raise MailError("The person's address cannot be used for mail.")
        try:
            message["From"] = self._sender
            message["To"] = Address(addr_spec=mail.to) if mail.to.isascii() else mail.to
            message["Subject"] = mail.subject
        except (MessageError, ValueError, IndexError):
            raise MailError("The person's address cannot be used for mail.") from None
        message["Date"] = format_datetime(localtime())
        message["Message-ID"] = f"<{mail.message_id}@{self._sender.domain}>"
        # Holiday replies and the like are not wanted (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message


def _start_tls(server: SmtpServer) -> bool | None:
    """A password is never sent in clear over a network. None: where the server offers it.

    A server of this machine has hardly ever a certificate that anybody could check.
    """
    if server.is_tls or is_loopback(server.host):
        return False
    return True if server.user is not None else None


def _say(exc: Exception) -> str:
    """In our words: a server's answer may quote addresses, and what was sent."""
    match exc:
        case aiosmtplib.SMTPAuthenticationError():
            return "The mail server refused the user or the password of RECOUP_SMTP_URL."
        case aiosmtplib.SMTPRecipientsRefused() | aiosmtplib.SMTPRecipientRefused():
            return "The mail server refused the recipient's address."
        case aiosmtplib.SMTPSenderRefused():
            return "The mail server refused the sender of RECOUP_MAIL_FROM."
        case aiosmtplib.SMTPTimeoutError() | TimeoutError():
            return "The mail server did not answer in time."
        case aiosmtplib.SMTPConnectError() | OSError():
            return "The mail server of RECOUP_SMTP_URL cannot be reached."
        case aiosmtplib.SMTPResponseException(code=code):
            return f"The mail server refused the mail (code {code})."
    return f"The mail could not be sent ({type(exc).__name__})."
