"""The objects that routes use, created once per application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from recoup.actor import Actor
from recoup.api.known_answers import KnownAnswers
from recoup.api.metrics import Metrics
from recoup.api.one_flight import SharedAnswer
from recoup.config import Settings
from recoup.db.engine import Database
from recoup.db.shared_reads import BatchedReads
from recoup.errors import TooManyStreamsError, UnauthenticatedError
from recoup.events.hub import Hub
from recoup.ids import UserId, WorkspaceId
from recoup.jobs.queue import Queue
from recoup.sync.access import SellerAccess
from recoup.users.caller import Caller
from recoup.users.credential_queries import Use
from recoup.users.identity_provider import IdentityProvider
from recoup.users.last_uses import LastUses
from recoup.users.passwords import Passwords
from recoup.users.tokens import TokenReader

_STREAM_RETRY = timedelta(seconds=10)
_MAX_USER_AGENT = 200


@dataclass(frozen=True, slots=True)
class StreamTiming:
    """The interval of comments in an open event stream, and its maximum duration."""

    heartbeat_seconds: float
    lifetime_seconds: float


class OpenStreams:
    """How many event streams each user has open, and how many that may be."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[UserId] = Counter()

    @contextmanager
    def one_more(self, user_id: UserId) -> Iterator[None]:
        """Raises TooManyStreamsError."""
        if self._open[user_id] >= self._most:
            raise TooManyStreamsError(self._most, retry_after=_STREAM_RETRY)
        self._open[user_id] += 1
        try:
            yield
        finally:
            self._open[user_id] -= 1
            if not self._open[user_id]:
                del self._open[user_id]


class StopSignal:
    """Calls what wants to know of it; a task for each who waits would be dear."""

    def __init__(self) -> None:
        self._is_set = False
        self._calls: set[Callable[[], None]] = set()

    def set(self) -> None:
        self._is_set = True
        for call in list(self._calls):
            call()

    @contextmanager
    def calling(self, call: Callable[[], None]) -> Iterator[None]:
        """Calls it when the signal is set, at once if it is set already."""
        self._calls.add(call)
        if self._is_set:
            call()
        try:
            yield
        finally:
            self._calls.discard(call)


@dataclass(frozen=True, slots=True)
class Services:
    """database: what a request reads and writes of its workspace, and nothing else; without a
    workspace it is empty. door: people, their sessions and links, before and beside any workspace.
    """

    settings: Settings
    database: Database
    door: Database
    queue: Queue
    access: SellerAccess
    hub: Hub
    metrics: Metrics
    timing: StreamTiming
    open_streams: OpenStreams
    passwords: Passwords
    last_uses: LastUses
    tokens: TokenReader
    uses: BatchedReads[bytes, Use]
    """Who calls, by the digest of the secret."""
    identity_provider: IdentityProvider | None = None
    known_statuses: KnownAnswers = field(default_factory=KnownAnswers)
    """Those of GET /api/sync/status/{syncId}, by sync."""
    stopping: StopSignal = field(default_factory=StopSignal)
    """Set when the server is about to stop: open event streams end."""

    def of(self, workspace_id: WorkspaceId | None, *, by: Actor) -> Services:
        """The same for one caller, see `Database.of`."""
        named = object.__new__(Services)  # `replace` takes five times as long, for each request
        for name in self.__slots__:
            object.__setattr__(named, name, getattr(self, name))
        object.__setattr__(named, "database", self.database.of(workspace_id, by=by))
        object.__setattr__(named, "door", self.door.of(workspace_id, by=by))
        return named


@dataclass(frozen=True, slots=True)
class OpenAnswers:
    """What anybody may ask without signing in, and what costs queries."""

    readiness: SharedAnswer[dict[str, str]]
    metrics: SharedAnswer[bytes]


async def _open_answers(request: Request) -> OpenAnswers:
    answers: OpenAnswers = request.app.state.open_answers
    return answers


async def _services(request: Request) -> Services:
    """For one request: the only place that opens the walls of its workspace."""
    services: Services = request.app.state.services
    return services.of(getattr(request.state, "workspace_id", None), by=actor_of(request))


def actor_of(request: Request) -> Actor:
    """Who sends a request, and from where."""
    caller: Caller | None = getattr(request.state, "caller", None)
    address, user_agent = request.client and request.client.host, user_agent_of(request)
    if caller is None:
        return Actor(address=address, user_agent=user_agent)
    return Actor(
        who=caller.email or caller.name or caller.user_id,
        user_id=caller.user_id,
        credential_id=caller.credential_id,
        address=address,
        user_agent=user_agent,
    )


def user_agent_of(request: Request) -> str | None:
    """What the client calls itself, as far as a table should hold it."""
    agent = request.headers.get("user-agent", "")[:_MAX_USER_AGENT].replace("\0", "")
    return agent or None


async def _caller(request: Request) -> Caller:
    """The caller found by `authentication`. Raises UnauthenticatedError for an unguarded route."""
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        raise UnauthenticatedError("This call needs a user.")
    return caller


# Coroutines: FastAPI calls a plain function in a thread, which takes longer than what they do.
ServicesOfApp = Annotated[Services, Depends(_services)]
OpenAnswersOfApp = Annotated[OpenAnswers, Depends(_open_answers)]
CurrentCaller = Annotated[Caller, Depends(_caller)]


async def _user(caller: CurrentCaller) -> UserId:
    return caller.user_id


async def _workspace(caller: CurrentCaller) -> WorkspaceId:
    return caller.workspace_id


CurrentUser = Annotated[UserId, Depends(_user)]
CurrentWorkspace = Annotated[WorkspaceId, Depends(_workspace)]
