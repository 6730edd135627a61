"""Which documents a pack needs, and which of them the proof store holds. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from recoup.claims.packs.details import PackItem
from recoup.claims.packs.grouping import GroupKey
from recoup.claims.packs.instructions import Instructions, Need, Requirement
from recoup.claims.proofs.kinds import ProofKind, Subject, SubjectKind
from recoup.claims.proofs.queries import ProofRow


@dataclass(frozen=True, slots=True)
class Store:
    """What is known of an account's documents. orders: the purchase orders of products, by code."""

    proofs: Mapping[Subject, Sequence[ProofRow]] = field(default_factory=dict)
    orders: Mapping[str, Iterable[str]] = field(default_factory=dict)

    def about(self, subjects: Iterable[Subject], kind: ProofKind) -> list[ProofRow]:
        found = (one for subject in subjects for one in self.proofs.get(subject, ()))
        return [one for one in found if one.kind is kind]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A required document about one subject, with what is stored of it."""

    requirement: Requirement
    subject: Subject
    proofs: tuple[ProofRow, ...]

    @property
    def kind(self) -> ProofKind:
        return self.requirement.kind

    @property
    def need(self) -> Need:
        return self.requirement.need

    @property
    def is_missing(self) -> bool:
        return not self.proofs


def attachments_of(
    key: GroupKey, items: Sequence[PackItem], store: Store, instructions: Instructions
) -> Iterator[Attachment]:
    """Each required document once for each thing that it is about."""
    for requirement in instructions.requirements_of(key.type, key.cause):
        seen: set[Subject] = set()
        for subject, also in _subjects(key, items, requirement.of, store):
            if subject not in seen:
                seen.add(subject)
                proofs = store.about((subject, *also), requirement.kind)
                yield Attachment(requirement, subject, tuple(proofs))


def codes_of(items: Iterable[PackItem]) -> set[str]:
    """SKUs and FNSKUs of claims."""
    return {code for item in items for code in (item.sku, item.fnsku) if code}


def subjects_of(
    key: GroupKey, items: Sequence[PackItem], orders: Mapping[str, Iterable[str]]
) -> set[Subject]:
    """Everything that documents of a pack can be about."""
    store = Store(orders=orders)
    return {
        one
        for kind in SubjectKind
        for subject, also in _subjects(key, items, kind, store)
        for one in (subject, *also)
    }


def _subjects(
    key: GroupKey, items: Sequence[PackItem], kind: SubjectKind, store: Store
) -> Iterator[tuple[Subject, Sequence[Subject]]]:
    """The subjects of a kind, each with others under which its document may be stored."""
    if kind is SubjectKind.MARKETPLACE:
        if key.marketplace_id:
            yield Subject(kind, key.marketplace_id), ()
    elif kind is SubjectKind.PRODUCT:
        for item in items:
            codes = [code for code in (item.fnsku, item.sku) if code]
            if codes:
                yield Subject(kind, codes[0]), _also(codes, store)
    else:
        for item in items:
            code = _code(item, kind)
            if code:
                yield Subject(kind, code), ()


def _also(codes: Sequence[str], store: Store) -> list[Subject]:
    """The other code of a product, and the purchase orders that brought it."""
    orders = sorted({order for code in codes for order in store.orders.get(code, ())})
    return [
        *(Subject(SubjectKind.PRODUCT, code) for code in codes[1:]),
        *(Subject(SubjectKind.PURCHASE_ORDER, order) for order in orders),
    ]


def _code(item: PackItem, kind: SubjectKind) -> str | None:
    match kind:
        case SubjectKind.SHIPMENT:
            value = item.key.get("shipmentId")
        case SubjectKind.REMOVAL_ORDER:
            value = item.key.get("removalOrderId")
        case SubjectKind.ORDER:
            value = item.order_id
        case _:
            value = None
    return str(value) if value else None
