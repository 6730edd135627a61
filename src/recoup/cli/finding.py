"""What `recoup doctor` found, and how it is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`note` is information and not a fault; only `problem` makes the command fail.

    advice: what to do, empty where `says` tells it or nothing is to be done.
    """

    check: str
    state: State
    says: str
    advice: str = ""


def ok(check: str, says: str) -> Finding:
    return Finding(check, "ok", says)


def note(check: str, says: str, advice: str = "") -> Finding:
    return Finding(check, "note", says, advice)


def problem(check: str, says: str, advice: str = "") -> Finding:
    return Finding(check, "problem", says, advice)


def finding_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """State, check and words in columns, the advice below, and a count at the end."""
    width = max(len(one.check) for one in findings)
    for one in findings:
        yield f"{one.state:9}{one.check:{width}}  {one.says}"
        if one.advice:
            yield f"{'':{9 + width}}  -> {one.advice}"
    yield ""
    problems = sum(one.state == "problem" for one in findings)
    if problems:
        yield f"{problems} of {len(findings)} checks found a problem."
    else:
        yield f"{len(findings)} checks, no problem."
