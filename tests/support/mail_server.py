"""A small SMTP server on a real socket (RFC 5321): it keeps what it is sent, or refuses as it is told.

async with MailServer() as server:
    ...
    (mail,) = server.mails
"""

from __future__ import annotations

import asyncio
import base64
from collections import deque
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Self

from tests.support.patience import PATIENCE


@dataclass(frozen=True)
class Received:
    """A mail as it came: the envelope, and the parsed message."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    def text(self) -> str:
        part = self.message.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    def html(self) -> str:
        part = self.message.get_body(("html",))
        assert part is not None
        return str(part.get_content())


class MailServer:
    """refusals: answers to the next mails, such as `451 later`; when there are none, each is taken.

    password: the only one with which AUTH PLAIN succeeds; None offers no AUTH.
    """

    def __init__(self, *, password: str | None = None) -> None:
        self._password = password
        self._server: asyncio.Server | None = None
        self._handlers: set[asyncio.Task[None]] = set()
        self._arrival = asyncio.Condition()
        self.refusals: deque[str] = deque()
        self.mails: list[Received] = []
        self.attempts = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        assert self._server is not None
        self._server.close()
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"smtp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def wait_for(self, count: int) -> None:
        """Returns once so many mails have come; TimeoutError after PATIENCE."""
        async with asyncio.timeout(PATIENCE), self._arrival:
            await self._arrival.wait_for(lambda: len(self.mails) >= count)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, or the test is over
        finally:
            self._handlers.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(text: str) -> None:
            writer.write(f"{text}\r\n".encode())
            await writer.drain()

        sender, recipients = "", []
        await say("220 test")
        while line := (await reader.readline()).decode().strip():
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                offers = ["test", *(["AUTH PLAIN"] if self._password else []), "SMTPUTF8"]
                await say(
                    "\r\n".join([f"250-{one}" for one in offers[:-1]] + [f"250 {offers[-1]}"])
                )
            elif verb == "AUTH":
                given = base64.b64decode(line.split(" ")[2]).decode().split("\0")[2]
                await say("235 welcome" if given == self._password else "535 no")
            elif verb == "MAIL":
                sender, recipients = _path(line), []
                await say("250 ok")
            elif verb == "RCPT":
                recipients.append(_path(line))
                await say("250 ok")
            elif verb == "DATA":
                await say("354 go on")
                await say(await self._take(reader, sender, tuple(recipients)))
            elif verb == "QUIT":
                await say("221 bye")
                return
            else:
                await say("250 ok")

    async def _take(
        self, reader: asyncio.StreamReader, sender: str, recipients: tuple[str, ...]
    ) -> str:
        content = await reader.readuntil(b"\r\n.\r\n")
        self.attempts += 1
        if self.refusals:
            return self.refusals.popleft()
        raw = content.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        message = message_from_bytes(raw, policy=default)
        assert isinstance(message, EmailMessage)
        async with self._arrival:
            self.mails.append(Received(sender, recipients, message))
            self._arrival.notify_all()
        return "250 taken"


def _path(line: str) -> str:
    return line[line.index("<") + 1 : line.index(">")]
