"""Wires that can be cut: a proxy in front of the sandbox, or of PostgreSQL for other machines."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from recoup.listener import open_listener

_CHUNK_BYTES = 65536


class Wire:
    """Carries bytes to `target` and back, in a thread, until it is closed.

    target: an address, or the path of a socket. listener: where to accept; by default on loopback.
    An address on loopback is named by what answers there too (the sandbox tells where a report's file
    is): it is replaced by that of this wire, which is as long.
    """

    def __init__(self, target: str | Path, *, listener: socket.socket | None = None) -> None:
        self._target = target
        self._listener = listener or open_listener("127.0.0.1", 0)
        self._loop = asyncio.new_event_loop()
        self._is_cut = False
        self._open: set[asyncio.StreamWriter] = set()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.cancel)
        self._thread.join(30)

    def cut(self) -> None:
        """Every connection breaks in the middle of whatever it carries, and none is accepted."""
        self._loop.call_soon_threadsafe(self._cut)

    def mend(self) -> None:
        """After a `cut` before it, however shortly."""
        self._loop.call_soon_threadsafe(self._mend)

    def _cut(self) -> None:
        self._is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def _mend(self) -> None:
        self._is_cut = False

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._carry, sock=self._listener)
        host, port = self._listener.getsockname()
        self.url = f"http://{host}:{port}"
        self._end = asyncio.create_task(asyncio.Event().wait())
        self._up.set()
        await asyncio.wait({self._end})
        self._cut()
        server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            there, back = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, back}
        try:
            await asyncio.gather(_copy(reader, back), _copy(there, writer, self._rename))
        finally:
            self._open -= {writer, back}

    def _rename(self, piece: bytes) -> bytes:
        if isinstance(self._target, Path) or len(self._target) != len(self.url):
            return piece
        return piece.replace(self._target.encode(), self.url.encode())

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(self._target)
        to = urlsplit(self._target)
        return await asyncio.open_connection(to.hostname, to.port)


async def _copy(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    change: Callable[[bytes], bytes] = bytes,
) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(_CHUNK_BYTES):
            writer.write(change(piece))
            await writer.drain()
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
