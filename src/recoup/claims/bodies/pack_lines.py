"""A pack as plain text that reads on its own: for a terminal, a mail or a printer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from recoup.claims.bodies.pack import (
    AttachmentBody,
    FactBody,
    PackBody,
    PackItemBody,
    RouteBody,
)
from recoup.claims.bodies.packet import NOT_SUBMITTED
from recoup.claims.packs.instructions import Need
from recoup.claims.packs.written import (
    written_day,
    written_money,
    written_units,
    written_worth,
)
from recoup.money import Money


def pack_lines(pack: PackBody) -> list[str]:
    """Sections with headings; the text to paste stands between two lines."""
    return [
        pack.title,
        "=" * len(pack.title),
        *_overview(pack),
        NOT_SUBMITTED,
        *_section("Where to click", where_lines(pack.how)),
        *_section("Check before you file", (f"- {check}" for check in pack.checks)),
        *_section("Facts", (f"{fact.label}: {fact.value}" for fact in pack.facts)),
        *_section("Claims", item_lines(pack) if len(pack.items) > 1 else ()),
        *_section("Attach", (f"- {line}" for line in attachment_lines(pack))),
        *_section("Title of the case", (pack.subject,)),
        *_section("Text to paste", ("-" * 40, *pack.text.splitlines(), "-" * 40)),
        *_section("Filed before", (f"- Case {one.case_id}" for one in pack.filings)),
    ]


def amount_words(pack: PackBody) -> str:
    """`$12.30, and 1 claim without a known amount`."""
    known = pack.amount
    parts = [written_money(Money(known.amount, known.currency))] if known else []
    if pack.unvalued_count:
        count = pack.unvalued_count
        claims = "1 claim" if count == 1 else f"{count:,} claims"
        parts.append(f"{claims} without a known amount")
    return ", and ".join(parts)


def deadline_words(pack: PackBody) -> str:
    if pack.deadline is None or pack.days_left is None:
        return "not known: look up the last day in Seller Central"
    days = "today" if pack.days_left == 0 else f"{pack.days_left:,} days left"
    return f"{written_day(pack.deadline)} ({'1 day left' if pack.days_left == 1 else days})"


def where_lines(how: RouteBody) -> Iterator[str]:
    """The route, its menu path, and how sure that is."""
    yield how.title
    yield " > ".join(how.steps)
    yield path_note(how)
    yield how.seller_central or "The address of this marketplace's Seller Central is not known."
    if how.help_page:
        yield f"Amazon's help page: {how.help_page}"


def path_note(how: RouteBody) -> str:
    """Whether a page about this marketplace shows the path, and when it was read."""
    read = f"read {written_day(how.read_on)}"
    if how.is_confirmed:
        return f"Amazon's page for this marketplace shows this path ({read}); Amazon may have moved it."
    if how.confirmed_for:
        places = ", ".join(how.confirmed_for)
        return (
            f"This path is shown for {places} ({read}); it is not confirmed for this marketplace."
        )
    return f"recoup knows no page of Amazon that shows this path ({read}); search Seller Central for it."


def attachment_lines(pack: PackBody) -> Iterator[str]:
    """Each required document with what is stored of it."""
    for one in pack.attachments:
        yield f"{one.title} ({one.about.code}): {attachment_state(one)}"
    if pack.needs_list:
        yield "The list of all claims as a spreadsheet: not all of them fit into the text"
    if not pack.attachments and not pack.needs_list:
        yield "Nothing, unless Amazon asks for more"


def attachment_state(one: AttachmentBody) -> str:
    if one.proofs:
        return ", ".join(proof.file_name for proof in one.proofs)
    return "MISSING" if one.need is Need.REQUIRED else "only if Amazon asks; none stored"


def item_lines(pack: PackBody) -> Iterator[str]:
    for item in pack.items:
        facts = ", ".join(f"{fact.label} {fact.value}" for fact in told_apart(item))
        counted = f"{written_units(item.quantity)}, {item_worth(item)}"
        yield f"- {facts or written_day(item.event_date)}, {counted}"


def told_apart(item: PackItemBody) -> list[FactBody]:
    """What a claim is, without its number of units, which is told of every claim."""
    return [fact for fact in item.facts if fact.label != "Units"]


def item_worth(item: PackItemBody) -> str:
    """`$12.30`, or that the amount is not known."""
    known = item.amount
    return written_worth(Money(known.amount, known.currency) if known else None)


def _overview(pack: PackBody) -> Iterator[str]:
    claims = "1 claim" if pack.claim_count == 1 else f"{pack.claim_count:,} claims"
    yield f"Marketplace: {pack.marketplace or 'not known'}"
    yield f"Worth: {amount_words(pack)} ({claims}, {written_units(pack.quantity)})"
    yield f"Last safe day: {deadline_words(pack)}"
    yield f"Pack: {pack.pack_id}, version {pack.version}"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    """Nothing for a section without lines."""
    told = [*lines]
    return ["", title, "-" * len(title), *told] if told else []
