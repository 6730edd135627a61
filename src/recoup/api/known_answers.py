"""Answers as they were sent, for as long as what they show has not changed."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property

from fastapi.responses import Response

_MOST = 400
"""Each has 10 to 30 kB, and a tenth of that compressed."""
_LEVEL = 5


class KnownAnswers:
    """The newest answers by name, each with the version of its contents. Bounded."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def get(
        self, name: str, version: str, make: Callable[[], Awaitable[bytes]], *, compressed: bool
    ) -> Response:
        """The JSON of this version, or of a newer one.

        version: read before `make` reads, so that what is kept under it is never older.
        compressed: for a client that takes gzip.
        """
        known = self._known.get(name)
        if known is None or known.version != version:
            known = self._known[name] = _Known(version, await make())
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        self._known.move_to_end(name)
        if not compressed:
            return Response(known.body, media_type="application/json")
        headers = {"content-encoding": "gzip", "vary": "Accept-Encoding"}
        return Response(known.compressed, media_type="application/json", headers=headers)


@dataclass
class _Known:
    version: str
    body: bytes

    @cached_property
    def compressed(self) -> bytes:
        """Made once: it takes longer than all else of a request."""
        return gzip.compress(self.body, compresslevel=_LEVEL)
