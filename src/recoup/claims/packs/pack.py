"""A pack: the claims of a group with everything that a person needs to file them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from recoup.claims.lifecycle import Standing, days_left
from recoup.claims.packs.attachments import Attachment, Store, attachments_of
from recoup.claims.packs.details import Fact, PackItem, item_of
from recoup.claims.packs.grouping import Group, GroupKey
from recoup.claims.packs.instructions import Instructions, MenuPath, Need, Route, load_instructions
from recoup.claims.packs.sentences import TITLE
from recoup.claims.packs.text import WrittenText, subject_of, told_facts, write_text
from recoup.claims.packs.written import one_line, written_month
from recoup.claims.policy import load_policy
from recoup.money import Money
from recoup.spapi.endpoints import find_seller_central

_BY_STANDING: Mapping[Standing, str] = {
    Standing.TO_REVIEW: "The evidence is weak: read it claim by claim, and file only what you find "
    "to be true.",
    Standing.WINDOW_UNKNOWN: "recoup does not know until when Amazon accepts this: look up the last "
    "day in Seller Central.",
}


@dataclass(frozen=True)
class Pack:
    """Claims that are filed together. Its texts need claims that were read with their evidence."""

    key: GroupKey
    items: tuple[PackItem, ...]
    deadline: date | None
    days_left: int | None
    attachments: tuple[Attachment, ...]
    instructions: Instructions

    @property
    def title(self) -> str:
        """`Units missing from a shipment: FBA15ABC`; of a batch of several claims, its month."""
        title = TITLE[self.key.type]
        if self.key.subject is not None:
            return one_line(f"{title}: {self.key.subject.code}")
        if self.key.month is None or len(self.items) == 1:
            return subject_of(self.items)
        return f"{title}, {written_month(self.items[0].event_on)}"

    @property
    def route(self) -> Route:
        return self.instructions.route_of(self.key.type)

    @property
    def path(self) -> MenuPath:
        return self.route.path_in(self._country)

    @property
    def is_path_confirmed(self) -> bool:
        """Whether a page about this marketplace shows the path."""
        return self._country is not None and self._country in self.path.countries

    @property
    def seller_central(self) -> str | None:
        return find_seller_central(self.key.marketplace_id)

    @property
    def help_page(self) -> str | None:
        if self.route.help is None or self.seller_central is None:
            return None
        return f"{self.seller_central}/{self.route.help}"

    @property
    def amount(self) -> Money | None:
        """The sum of the known amounts; see `unvalued_count`."""
        known = [item.amount for item in self.items if item.amount is not None]
        return sum(known[1:], known[0]) if known else None

    @property
    def unvalued_count(self) -> int:
        return sum(item.amount is None for item in self.items)

    @property
    def quantity(self) -> int:
        return sum(item.quantity for item in self.items)

    @property
    def facts(self) -> list[Fact]:
        return told_facts(self.items)

    @cached_property
    def written(self) -> WrittenText:
        return write_text(self.items, [one.kind for one in self.attachments if one.proofs])

    @property
    def checks(self) -> list[str]:
        """What to look at before filing; each once."""
        return [*dict.fromkeys(self._checks())]

    @property
    def missing(self) -> list[Attachment]:
        """The documents that Amazon requires and the store does not hold."""
        return [one for one in self.attachments if one.is_missing and one.need is Need.REQUIRED]

    @property
    def _country(self) -> str | None:
        known = load_policy().marketplaces
        return next(
            (one.country for one in known if one.marketplace_id == self.key.marketplace_id), None
        )

    def _checks(self) -> Iterator[str]:
        if self.key.standing in _BY_STANDING:
            yield _BY_STANDING[self.key.standing]
        if self.unvalued_count:
            yield "A claim has no known amount: enter the sourcing cost, or expect Amazon's estimate."
        yield from self.route.checks
        for item in self.items:
            for note in item.notes():
                yield note[:1].upper() + note[1:].rstrip(".") + "."


def pack_of(group: Group, store: Store, instructions: Instructions | None = None) -> Pack:
    instructions = instructions or load_instructions()
    items = tuple(item_of(row) for row in group.claims)
    deadlines = [row.deadline for row in group.claims if row.deadline is not None]
    first = min(deadlines, default=None)
    return Pack(
        key=group.key,
        items=items,
        deadline=first,
        days_left=days_left(first, group.claims[0].today_on),
        attachments=tuple(attachments_of(group.key, items, store, instructions)),
        instructions=instructions,
    )
