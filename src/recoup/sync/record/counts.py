"""Numbers of loaded rows that verify each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from recoup.errors import RecoupError


@dataclass(frozen=True, slots=True)
class Loaded:
    """What happened to the rows that were read: read = loaded + unchanged + quarantined.

    loaded: rows new or changed. unchanged: rows that were stored as they are, or repeated by
    another row of the same page or file. None is the remainder of the others: a row that is lost
    on its way would hide in it.
    """

    read: int
    loaded: int
    unchanged: int
    quarantined: int

    def proven(self, source: str, what: str, error: type[RecoupError]) -> Self:
        """Raises `error` unless every row is counted; `what` names the whole, such as page."""
        if self.read != self.loaded + self.unchanged + self.quarantined:
            raise error(
                f"{source}: of {self.read} rows {self.loaded} were written, {self.unchanged} were "
                f"already stored and {self.quarantined} could not be read. Nothing of the {what} was kept: "
                "either recoup has an error, or something in the database drops rows."
            )
        return self
