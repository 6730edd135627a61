"""A short way to the routes that are asked most: a status, an event stream, a page of a list.

On its way to a route the framework looks through all of them twice, and builds stacks and closures
for what these routes do not have; that takes longer than the answer. A route stays the one
definition: what it needs is read from its signature. Whatever is not plainly valid goes the long way,
which knows how to refuse it.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.params import Depends, Header, Path, Query
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from recoup.api.problems import problem_of, response_of
from recoup.errors import RecoupError, TooManyStreamsError

_MOST_PARAMETERS = 20


class _OddError(Exception):
    """The framework must look at it."""


@dataclass(slots=True)
class _Asked:
    """A request to one of the routes. end: what stands in the path for the parameter."""

    request: Request
    end: str
    query: Mapping[str, str]


_Give = Callable[[_Asked], Any]
_Depend = Callable[[_Asked], Awaitable[Any]]


class ShortWay:
    """ASGI middleware, the innermost one: whoever comes here is signed in."""

    def __init__(
        self, app: ASGIApp, *, routers: Iterable[APIRouter], paths: frozenset[str]
    ) -> None:
        """Raises TypeError for a route that needs more than is known here, KeyError for none."""
        self._app = app
        self._ways: dict[str, _Way] = {}
        for router in routers:
            for route in router.routes:
                if isinstance(route, APIRoute) and route.path in paths and _is_get(route):
                    self._ways[route.path.partition("{")[0]] = _Way(route)
        if unknown := {path for path in paths if path.partition("{")[0] not in self._ways}:
            raise KeyError(f"no such routes: {unknown}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = None
        if scope["type"] == "http" and scope["method"] == "GET":
            response = await self._answer(scope, receive)
        if response is None:
            await self._app(scope, receive, send)
            return
        try:
            await response(scope, receive, send)
        except TooManyStreamsError as exc:  # before anything was sent
            await response_of(problem_of(exc))(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response | None:
        path: str = scope["path"]
        way, end = self._ways.get(path), ""
        if way is None:
            before, slash, end = path.rpartition("/")
            way = self._ways.get(before + slash)
        if way is None or way.has_end is not bool(end):
            return None
        try:
            given = await way.give(Request(scope, receive), end)
            scope["route"] = way.route
            return await way.endpoint(**given)
        except _OddError:
            return None
        except RecoupError as exc:
            return response_of(problem_of(exc))


class _Way:
    """To one route."""

    def __init__(self, route: APIRoute) -> None:
        self.route = route
        self.endpoint: Callable[..., Awaitable[Response]] = route.endpoint
        self.has_end = "{" in route.path
        self._names: set[str] = set()
        self._give = self._giver(route.endpoint)

    async def give(self, request: Request, end: str) -> dict[str, Any]:
        """The arguments. Raises _OddError, and what the dependencies raise."""
        return await self._give(_Asked(request, end, self._query(request)))

    def _query(self, request: Request) -> Mapping[str, str]:
        text = request.scope["query_string"]
        if not text:
            return {}
        try:
            pairs = parse_qsl(
                text.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS
            )
        except ValueError:
            raise _OddError from None
        found = dict(pairs)
        if len(found) < len(pairs) or not found.keys() <= self._names:
            raise _OddError
        return found

    def _giver(self, function: Callable[..., Any]) -> Callable[[_Asked], Awaitable[dict[str, Any]]]:
        hints = get_type_hints(function, include_extras=True)
        plain: dict[str, _Give] = {}
        dependencies: dict[str, _Depend] = {}
        for name, parameter in inspect.signature(function).parameters.items():
            match get_args(hints[name])[-1:]:
                case (Depends(dependency=dependency),) if dependency is not None:
                    dependencies[name] = self._of_dependency(dependency)
                case _:
                    plain[name] = self._of_hint(hints[name], parameter)

        async def give(asked: _Asked) -> dict[str, Any]:
            given = {name: one(asked) for name, one in plain.items()}
            for name, depend in dependencies.items():
                given[name] = await depend(asked)
            return given

        return give

    def _of_hint(self, hint: Any, parameter: inspect.Parameter) -> _Give:
        if hint is Request:
            return _give_request
        kind, *about = get_args(hint)
        match about[-1] if about else None:
            case Path():
                return _of_path(TypeAdapter(hint))
            case Header(alias=str(alias)) if kind == str | None:
                return _of_header(alias)
            case Query(alias=None) if isinstance(kind, type) and issubclass(kind, BaseModel):
                self._names |= {f.alias or name for name, f in kind.model_fields.items()}
                return _of_query(kind)
            case Query(alias=str(alias)) if kind == str | None:
                self._names.add(alias)
                return _of_parameter(alias)
        raise TypeError(f"{self.route.path}: the short way cannot give {parameter}")

    def _of_dependency(self, dependency: Callable[..., Awaitable[Any]]) -> _Depend:
        give = self._giver(dependency)

        async def depend(asked: _Asked) -> Any:
            return await dependency(**await give(asked))

        return depend


def _is_get(route: APIRoute) -> bool:
    return "GET" in (route.methods or ())


def _give_request(asked: _Asked) -> Request:
    return asked.request


def _of_path(adapter: TypeAdapter[Any]) -> _Give:
    def give(asked: _Asked) -> Any:
        return _valid(adapter.validate_python, asked.end)

    return give


def _of_query(model: type[BaseModel]) -> _Give:
    def give(asked: _Asked) -> Any:
        return _valid(model.model_validate, asked.query)

    return give


def _of_parameter(alias: str) -> _Give:
    def give(asked: _Asked) -> str | None:
        return asked.query.get(alias)

    return give


def _of_header(alias: str) -> _Give:
    def give(asked: _Asked) -> str | None:
        return asked.request.headers.get(alias)

    return give


def _valid(validate: Callable[[Any], Any], value: object) -> Any:
    try:
        return validate(value)
    except ValidationError:
        raise _OddError from None
