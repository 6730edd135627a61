"""What recoup knows of an operation before it calls it: its address and its usage plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class UsagePlan:
    """A token bucket as Amazon documents it: `rate` in calls per second, `burst` a count of calls.

    Source: usage plans in the operation descriptions of Amazon's models.
    """

    rate: float
    burst: int


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the Selling Partner API; `path` has `{placeholders}`.

    role: the role that an application needs for it, as Amazon's pages name it; None: not known.
    member: where an answer has what was asked for; one without it is no answer, whatever its status.
    """

    name: str
    method: str
    path: str
    plan: UsagePlan
    role: str | None = None
    member: tuple[str, ...] = ()

    def url_path(self, values: Mapping[str, str] | None = None) -> str:
        """The path with its placeholders filled, each value fully percent-encoded.

        Raises KeyError when a placeholder has no value.
        """
        encoded = {name: quote(value, safe="") for name, value in (values or {}).items()}
        return self.path.format_map(encoded)
