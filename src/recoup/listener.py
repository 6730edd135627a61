"""A socket that accepts connections for one of recoup's servers."""

from __future__ import annotations

import socket


def open_listener(host: str, port: int) -> socket.socket:
    """Listens at an address; port 0 takes any free one. Raises OSError when it cannot be had."""
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
    listener = socket.create_server((host, port), family=family)
    # asyncio sets this for sockets that name their protocol, which create_server's do not. Without it
    # the body of an answer waits up to 40 ms for the client to acknowledge the head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
