"""The definition of an operation: its address and its usage plan."""

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
    member: where an answer has what was requested; one without it is no answer, whatever its status.
    items: the same of a list. Null is an empty one (selling-partner-api-models issue 4358); a list
    that is not named at all was not answered.
    """

    name: str
    method: str
    path: str
    plan: UsagePlan
    role: str | None = None
    member: tuple[str, ...] = ()
    items: tuple[str, ...] = ()

    def url_path(self, values: Mapping[str, str] | None = None) -> str:
        """The path with its placeholders filled, each value fully percent-encoded.

        Raises KeyError when a placeholder has no value.
        """
        # Half a surrogate, which JSON can hold, becomes a question mark: an id that nobody has.
        encoded = {
            name: quote(value, safe="", errors="replace") for name, value in (values or {}).items()
        }
        return self.path.format_map(encoded)
