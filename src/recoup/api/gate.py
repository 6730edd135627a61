"""Limits on connections: how many there are, and how long each may keep us waiting.

A connection either waits for its client (nothing came yet, half a head, half a body) or is being
answered. Whoever signs in nowhere can have a thousand of the first kind, so at a limit the one that
has waited longest makes room; only when all are being answered is a new one turned away.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, OrderedDict
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from recoup.api.peers import peer_key
from recoup.api.problems import MEDIA_TYPE


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """connections: all together; per_peer: those of one address. waiting: those that the system holds
    until they are accepted, which one turn of the event loop may do before any limit is looked at. Of
    more at once some are lost, and their clients try again after 1, 3, 7, 15 s and so on; Linux allows
    4096 unless told otherwise (net.core.somaxconn). The rest are seconds.

    head_seconds: from the connection, or from the last answer, to the end of a request's head.
    body_seconds: from there to the end of its body; a megabyte over a slow line.
    unread_seconds: how long a client may leave an answer unread before it is cut off.
    """

    connections: int = 24_000
    per_peer: int = 12_000
    waiting: int = 4096
    head_seconds: float = 10.0
    body_seconds: float = 60.0
    unread_seconds: float = 60.0

    def within(self, descriptors: int) -> ConnectionLimits:
        """The same, fewer where the process may open fewer files; see `file_limit`."""
        waiting = max(_FEWEST, min(self.waiting, descriptors // 4))
        connections = max(_FEWEST, min(self.connections, descriptors - waiting - OTHER_FILES))
        return ConnectionLimits(
            connections=connections,
            per_peer=min(self.per_peer, max(_FEWEST // 2, connections // 2)),
            waiting=waiting,
            head_seconds=self.head_seconds,
            body_seconds=self.body_seconds,
            unread_seconds=self.unread_seconds,
        )


OTHER_FILES = 256
"""What a process needs beside its connections: two pools of the database, files, Amazon."""
_FEWEST = 64
_RETRY_SECONDS = 5


def _refusal(status: HTTPStatus, detail: str, *, more: str = "") -> bytes:
    """A whole answer of the connection's own, with the headers that every answer has."""
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
    }
    text = json.dumps(body)
    return (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {MEDIA_TYPE}\r\n"
        f"Content-Length: {len(text)}\r\nCache-Control: no-store\r\n"
        f"X-Content-Type-Options: nosniff\r\n{more}Connection: close\r\n\r\n{text}"
    ).encode()


_TURNED_AWAY = _refusal(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Too many connections are open: try again in a few seconds.",
    more=f"Retry-After: {_RETRY_SECONDS}\r\n",
)
_NOT_HTTP = _refusal(HTTPStatus.BAD_REQUEST, "This is not a request of HTTP/1.1.")
_HEAD_TOO_LARGE = _refusal(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The head of a request is limited to 64 KiB."
)
_HEAD_BYTES = 64 * 1024
# Chunks of one byte bring five more.
_FRAMING = 8
_READ_SECONDS = 0.1
# Requests that a client sends before it has the answer to the first one.
_PIPELINED = 8


class Gate(ServerState):
    """The connections of one server."""

    def __init__(self, limits: ConnectionLimits) -> None:
        super().__init__()
        self.limits = limits
        self._of_peer: Counter[str] = Counter()
        self._inside: set[GatedConnection] = set()
        # Ordered by when the wait began. A plain dict gets slow where the first ones leave first.
        self._waiting: OrderedDict[GatedConnection, None] = OrderedDict()
        self._waiting_of: dict[str, OrderedDict[GatedConnection, None]] = {}

    def enter(self, new: GatedConnection) -> bool:
        """Counts a connection. False if there is no room for it."""
        if self._of_peer[new.peer] >= self.limits.per_peer:
            room = self._make_room(self._waiting_of.get(new.peer))
        elif len(self._inside) >= self.limits.connections:
            room = self._make_room(self._waiting)
        else:
            room = True
        if room:
            self._inside.add(new)
            self._of_peer[new.peer] += 1
        return room

    def leave(self, gone: GatedConnection) -> None:
        """No longer counts a connection; nothing for one that was turned away."""
        if gone not in self._inside:
            return
        self.stops_waiting(gone)
        self._inside.remove(gone)
        self._of_peer[gone.peer] -= 1
        if not self._of_peer[gone.peer]:
            del self._of_peer[gone.peer]

    def waits(self, one: GatedConnection) -> None:
        """From now on it may have to make room, after those that have waited longer."""
        self._waiting[one] = None
        self._waiting_of.setdefault(one.peer, OrderedDict())[one] = None

    def stops_waiting(self, one: GatedConnection) -> None:
        self._waiting.pop(one, None)
        of_peer = self._waiting_of.get(one.peer)
        if of_peer is not None:
            of_peer.pop(one, None)
            if not of_peer:
                del self._waiting_of[one.peer]

    def _make_room(self, waiting: OrderedDict[GatedConnection, None] | None) -> bool:
        if not waiting:
            return False
        longest = next(iter(waiting))
        self.leave(longest)
        longest.cut()
        return True


class _Stage(Enum):
    HEAD = auto()
    BODY = auto()
    ANSWER = auto()


class GatedConnection(HttpToolsProtocol):
    """uvicorn's protocol, with an end to each wait for the client, and to what it holds for it.

    The time of a wait is the whole time: a byte now and then does not prolong it. The parser itself
    collects a head, and the fields after a body, without any limit.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(server_state, Gate), "serve_api passes one"
        self._gate = server_state
        self._stage: _Stage | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._body_comes = False
        # Of the request that is coming: all bytes, and those of its body.
        self._bytes = self._body_bytes = 0
        self.peer = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self.peer = peer_key(self.client[0] if self.client else None)
        if self._gate.enter(self):
            self._look()
        else:
            transport.write(_TURNED_AWAY)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gate.leave(self)
        for timer in (self._deadline, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._bytes += len(data)
        super().data_received(data)
        if self._bytes - self._body_bytes > _HEAD_BYTES + _FRAMING * self._body_bytes:
            self._refuse(_HEAD_TOO_LARGE)
        elif len(self.pipeline) > _PIPELINED:
            self.cut()
        self._look()

    def on_headers_complete(self) -> None:
        """Raises ValueError, which is answered with 400, unless there is one Host (RFC 9112, 3.2)."""
        if [name for name, _ in self.headers].count(b"host") != 1:
            raise ValueError("none or several Host fields")
        self._body_comes = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._body_comes = False
        self._bytes = self._body_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(self._gate.limits.unread_seconds, self.cut)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the name is the interface
        """Replaces uvicorn's plain text by a problem."""
        self._refuse(_NOT_HTTP)

    def cut(self) -> None:
        """Ends the connection without a word. A request in the middle of its body ends with it."""
        self.transport.abort()

    def _refuse(self, answer: bytes) -> None:
        """Says why and closes, without a word where an answer has begun."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(answer)
        self.transport.close()

    def _look(self) -> None:
        """Begins the wait for what the client owes now, if it is another one than before."""
        stage = self._find_stage()
        if stage is self._stage or self.transport.is_closing():
            return
        self._stage = stage
        if self._deadline is not None:
            self._deadline.cancel()
        self._gate.stops_waiting(self)
        if stage is not _Stage.ANSWER:
            limits = self._gate.limits
            seconds = limits.head_seconds if stage is _Stage.HEAD else limits.body_seconds
            self._deadline = self.loop.call_later(seconds, self._look_again)
            self._gate.waits(self)

    def _look_again(self) -> None:
        """Time is up; but where thousands come at once, what the client sent may lie unread for
        longer than that. The loop reads it before it calls again.
        """
        self._deadline = self.loop.call_later(_READ_SECONDS, self.cut)

    def _find_stage(self) -> _Stage:
        if self._body_comes:
            return _Stage.BODY
        is_answered = self.cycle is None or self.cycle.response_complete
        return _Stage.HEAD if is_answered and not self.pipeline else _Stage.ANSWER
