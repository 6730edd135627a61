"""The text that a person pastes into Seller Central. Pure.

Below 2,000 characters, in the seller's words, and without any id that Amazon does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from recoup.claims.packs.details import Fact, PackItem, charges_of, facts_of
from recoup.claims.packs.sentences import ASKED, HAPPENED, HAPPENED_BY_CAUSE, TITLE
from recoup.claims.packs.written import (
    one_line,
    written_list,
    written_money,
    written_units,
    written_worth,
)
from recoup.claims.proofs.kinds import ProofKind
from recoup.money import Money

LONGEST = 1999
_MORE = "... and {count:,} more; the complete list is in the attached file."
_NAMING = (
    *("Shipment ID", "Order ID", "Removal order ID", "Reimbursement ID", "Reversal ID"),
    *("FNSKU", "SKU"),
)
"""The facts that name what a pack is about, the best first."""
_PROOFS = {
    ProofKind.INVOICE: "supplier invoice",
    ProofKind.PROOF_OF_DELIVERY: "proof of delivery",
    ProofKind.PACKING_SLIP: "packing slip",
    ProofKind.CARRIER_DOCUMENT: "carrier's documents",
    ProofKind.PHOTOS: "photos",
    ProofKind.MEASUREMENTS: "measurements",
    ProofKind.COST_APPROVAL: "approved sourcing cost",
    ProofKind.SCREENSHOT: "screenshot",
    ProofKind.OTHER: "further documents",
}


@dataclass(frozen=True, slots=True)
class WrittenText:
    """is_whole: whether every line had room; if not, the list of the claims must be attached."""

    subject: str
    text: str
    is_whole: bool


_OF_EACH = ("Units", "Charge", "Refunded too much", "Referral fee", "Credit", "Fee")
"""How the labels of counts and amounts begin: they are of one claim, also if all have the same."""


def write_text(items: Sequence[PackItem], attached: Iterable[ProofKind] = ()) -> WrittenText:
    """The text for claims of one type, which are filed together."""
    claim_type = items[0].type
    number = sum(item.quantity for item in items)
    sentence = HAPPENED_BY_CAUSE.get(items[0].cause or "", HAPPENED[claim_type])
    happened = sentence.format(
        units=written_units(number),
        was="was" if number == 1 else "were",
        has="has" if number == 1 else "have",
    )
    shared = shared_facts(items)
    before = ["Hello,", happened]
    after = [" ".join(filter(None, (ASKED[claim_type], _due(items)))), *_attached(attached)]
    after.append("Thank you.")
    room = LONGEST - len("\n\n".join([*before, "", "", *after])) - len(_MORE) - 8
    block, room, _ = _fitting([f"{fact.label}: {fact.value}" for fact in told_facts(items)], room)
    lines, _, left_out = _fitting(_lines(items, shared), room)
    if left_out:
        lines.append(_MORE.format(count=left_out))
    paragraphs = [*before, "\n".join(block), "\n".join(lines), *after]
    return WrittenText(
        subject=subject_of(items),
        text="\n\n".join(filter(None, paragraphs)),
        is_whole=not left_out,
    )


def subject_of(items: Sequence[PackItem]) -> str:
    """The title with what the form is about, where all claims have it."""
    values = {fact.label: fact.value for fact in shared_facts(items)}
    named = next((values[label] for label in _NAMING if label in values), None)
    title = TITLE[items[0].type]
    return one_line(title if named is None else f"{title}: {named}")


def shared_facts(items: Sequence[PackItem]) -> list[Fact]:
    """The facts that are the same for all claims; of one claim, all of them."""
    first, *others = (facts_of(item) for item in items)
    return [fact for fact in first if all(fact in facts for facts in others)]


def told_facts(items: Sequence[PackItem]) -> list[Fact]:
    """The same for a reader, who would take a count for that of the whole pack."""
    shared = shared_facts(items)
    if len(items) == 1:
        return shared
    return [
        replace(fact, label=f"{fact.label}, each") if fact.label.startswith(_OF_EACH) else fact
        for fact in shared
    ]


def own_facts(item: PackItem, shared: Sequence[Fact]) -> list[Fact]:
    """The facts in which a claim differs from the others of its pack."""
    return [fact for fact in facts_of(item) if fact not in shared]


def known_total(items: Iterable[PackItem]) -> Money | None:
    """What the claims come to; None if one of them has no known amount."""
    amounts = [item.amount for item in items]
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(amounts) or not known:
        return None
    return sum(known[1:], known[0])


def _lines(items: Sequence[PackItem], shared: Sequence[Fact]) -> list[str]:
    lines = []
    for item in items:
        if len(items) > 1:
            facts = [fact for fact in own_facts(item, shared) if fact.label != "Units"]
            said = [f"{_inside(fact.label)} {fact.value}" for fact in facts]
            lines.append(f"- {', '.join((*said, *_counted(item, facts)))}")
        lines += [f"- {charge}" for charge in charges_of(item)]
    return lines


def _counted(item: PackItem, facts: Sequence[Fact]) -> Iterator[str]:
    """The units and the amount of a claim, where its facts do not state them."""
    units, worth = f"{item.quantity:,}", written_worth(item.amount)
    if not any(fact.label.startswith("Units") and fact.value == units for fact in facts):
        yield written_units(item.quantity)
    if not any(fact.value == worth for fact in facts):
        yield worth


def _inside(label: str) -> str:
    """A label within a sentence: `FNSKU`, but `order ID`."""
    return label if label.split(maxsplit=1)[0].isupper() else label[0].lower() + label[1:]


def _due(items: Sequence[PackItem]) -> str | None:
    total = known_total(items)
    if total is None or total.amount <= Decimal(0):
        return None
    return f"By my calculation {written_money(total)} is due."


def _attached(kinds: Iterable[ProofKind]) -> list[str]:
    words = [_PROOFS[kind] for kind in dict.fromkeys(kinds)]
    return [f"Attached: {written_list(words)}."] if words else []


def _fitting(lines: Sequence[str], room: int) -> tuple[list[str], int, int]:
    """The first lines that have room, the room that is left, and how many lines had none."""
    taken: list[str] = []
    for line in lines:
        if len(line) + 1 > room:
            break
        taken.append(line)
        room -= len(line) + 1
    return taken, room, len(lines) - len(taken)
