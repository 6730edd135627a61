"""The page of errors: what the API answers, and how recoup itself deals with each."""

from __future__ import annotations

import inspect

from docs.reference.markdown import page, table
from recoup import errors
from recoup.api.problems import INTERNAL_ERROR, KINDS, kind_of
from recoup.errors import RecoupError, Recovery

_INTRODUCTION = """\
An error of the API is `application/problem+json` (RFC 9457): `type`, `title`, `status` and `detail`, and
members of its own for some. Programs decide by `type` and `status`; `detail` is for people."""

_RECOVERIES = """\
A sync decides by an error's recovery, never by its text:
"""


def errors_page() -> str:
    """Problems of the API, recoveries of a sync, and the classes behind both."""
    problems = {(kind.status, f"/problems/{kind.slug}", kind.title) for kind in KINDS.values()}
    problems.add((INTERNAL_ERROR.status, INTERNAL_ERROR.type, INTERNAL_ERROR.title))
    rows = [(str(status), f"`{slug}`", title) for status, slug, title in sorted(problems)]
    return page(
        "Errors",
        _INTRODUCTION,
        table(("status", "type", "title"), rows),
        "## Recovery\n",
        _RECOVERIES,
        table(("recovery", "what a sync does"), _recoveries()),
        "## Classes\n",
        table(("class", "when", "recovery", "problem"), [_row(cls) for cls in _classes()]),
    )


def _recoveries() -> list[tuple[str, str]]:
    """Each recovery with the docstring below it in the source."""
    lines = inspect.getsource(Recovery).splitlines()
    return [
        (f"`{one.value}`", lines[number + 1].strip().strip('"'))
        for one in Recovery
        for number, line in enumerate(lines)
        if line.strip().startswith(f"{one.name} =")
    ]


def _classes() -> list[type[RecoupError]]:
    """Every error that recoup raises on purpose, in the order of their definition."""
    return [
        cls
        for cls in vars(errors).values()
        if isinstance(cls, type) and issubclass(cls, RecoupError)
    ]


def _row(cls: type[RecoupError]) -> tuple[str, ...]:
    says = (inspect.getdoc(cls) or "").splitlines()[0]
    kind = kind_of(cls)
    problem = f"{kind.status} `{kind.slug}`" if kind else ""
    return f"`{cls.__name__}`", says, f"`{cls.recovery.value}`", problem
