"""How claims are filed in Seller Central, as data: read from filing.toml, rejected if it has gaps.

What the file says and why: docs/filing.md#routes.
"""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from recoup.claims.proofs.kinds import ProofKind, SubjectKind
from recoup.claims.rule import ClaimType


class FilingError(ValueError):
    """filing.toml contradicts itself; the message names the row."""


class Need(enum.StrEnum):
    """Whether Amazon requires a document always, or in some cases only."""

    REQUIRED = "required"
    IF_ASKED = "if_asked"


@dataclass(frozen=True, slots=True)
class MenuPath:
    """Where to click. countries: those whose own page shows it; none: no source names a country."""

    countries: tuple[str, ...]
    steps: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A way of filing. groups: what one filing is about. help: the path of Amazon's page.

    is_batched: whether small groups can be filed together.
    """

    name: str
    title: str
    types: tuple[ClaimType, ...]
    groups: SubjectKind
    help: str | None
    is_batched: bool
    checks: tuple[str, ...]
    sources: tuple[str, ...]
    paths: tuple[MenuPath, ...]

    def path_in(self, country: str | None) -> MenuPath:
        """The path of the country, else one without a country, else the first one of another."""
        named = [path for path in self.paths if country in path.countries]
        general = [path for path in self.paths if not path.countries]
        return (named or general or list(self.paths))[0]


@dataclass(frozen=True, slots=True)
class Requirement:
    """A document to attach. of: what it is about, so that it is kept once for each.

    causes: those of a fee for which it is required; none: for all.
    """

    types: tuple[ClaimType, ...]
    causes: tuple[str, ...]
    kind: ProofKind
    of: SubjectKind
    need: Need
    title: str
    sources: tuple[str, ...]

    @property
    def in_words(self) -> str:
        """For a list of what to attach."""
        return f"{self.title} (if Amazon asks for it)" if self.need is Need.IF_ASKED else self.title


@dataclass(frozen=True, slots=True)
class Instructions:
    """The whole file. small: what a group must be worth, by currency, not to be batched."""

    version: str
    read_on: date
    small: Mapping[str, Decimal]
    routes: tuple[Route, ...]
    requirements: tuple[Requirement, ...]

    def route_of(self, claim_type: ClaimType) -> Route:
        return next(route for route in self.routes if claim_type in route.types)

    def requirements_of(self, claim_type: ClaimType, cause: str | None) -> list[Requirement]:
        return [
            requirement
            for requirement in self.requirements
            if claim_type in requirement.types
            and (not requirement.causes or cause in requirement.causes)
        ]


@cache
def load_instructions() -> Instructions:
    """Loads the instructions that come with this version of recoup."""
    folder = resources.files("recoup.claims.packs")
    return parse_instructions(folder.joinpath("filing.toml").read_text("utf-8"))


def parse_instructions(text: str) -> Instructions:
    """Raises FilingError for a type without a route or with two, and for a row without a source."""
    raw = tomllib.loads(text)
    sources: Mapping[str, str] = raw["sources"]
    routes = tuple(_route(row, sources) for row in raw["route"])
    for claim_type in ClaimType:
        ways = [route.name for route in routes if claim_type in route.types]
        if len(ways) != 1:
            raise FilingError(f"{claim_type}: one route is needed, not {ways}")
    return Instructions(
        version=raw["version"],
        read_on=raw["read"],
        small=MappingProxyType({name: Decimal(value) for name, value in raw["small"].items()}),
        routes=routes,
        requirements=tuple(_requirement(row, sources) for row in raw["attachment"]),
    )


def _route(row: Mapping[str, Any], sources: Mapping[str, str]) -> Route:
    name = row["name"]
    paths = tuple(
        MenuPath(tuple(one["countries"]), tuple(one["steps"]), _sources(name, one, sources))
        for one in row.get("path", ())
    )
    if not paths:
        raise FilingError(f"{name}: no menu path")
    return Route(
        name=name,
        title=row["title"],
        types=_types(row["types"]),
        groups=SubjectKind(row["groups"]),
        help=row.get("help"),
        is_batched=row["batched"],
        checks=tuple(row["checks"]),
        sources=_sources(name, row, sources),
        paths=paths,
    )


def _requirement(row: Mapping[str, Any], sources: Mapping[str, str]) -> Requirement:
    return Requirement(
        types=_types(row["types"]),
        causes=tuple(row.get("causes", ())),
        kind=ProofKind(row["kind"]),
        of=SubjectKind(row["of"]),
        need=Need(row["need"]),
        title=row["title"],
        sources=_sources(row["title"], row, sources),
    )


def _types(names: Iterable[str]) -> tuple[ClaimType, ...]:
    return tuple(ClaimType(name) for name in names)


def _sources(name: str, row: Mapping[str, Any], sources: Mapping[str, str]) -> tuple[str, ...]:
    """The sources of a row in full."""
    if not row["source"] or set(row["source"]) - set(sources):
        raise FilingError(f"{name}: no such source {row['source']}")
    return tuple(sources[key] for key in row["source"])
