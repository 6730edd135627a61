"""A filing pack as the API, the command line and the printed page show it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pydantic import Field

from recoup.body import CamelModel, Money, Timestamp
from recoup.claims.bodies.proof import ProofBody, proof_body
from recoup.claims.bodies.totals import plain_amount
from recoup.claims.lifecycle import Standing
from recoup.claims.packs.attachments import Attachment
from recoup.claims.packs.details import Fact, PackItem
from recoup.claims.packs.grouping import version_of_all
from recoup.claims.packs.instructions import Need
from recoup.claims.packs.pack import Pack
from recoup.claims.packs.queries import PackFiling
from recoup.claims.packs.text import own_facts, shared_facts
from recoup.claims.proofs.kinds import ProofKind, SubjectKind
from recoup.claims.rule import ClaimType
from recoup.money import Money as ExactMoney
from recoup.streams.sales_channels import marketplace_name


class FactBody(CamelModel):
    label: str
    value: str


class SubjectBody(CamelModel):
    kind: SubjectKind
    code: str


class RouteBody(CamelModel):
    """Where to click."""

    name: str
    title: str
    steps: list[str] = Field(description="The menu path in Seller Central.")
    is_confirmed: bool = Field(
        description="Whether a page of Amazon about this marketplace shows the path."
    )
    confirmed_for: list[str] = Field(description="Countries for which it is shown; may be none.")
    seller_central: str | None = Field(description="Null where its address is not known.")
    help_page: str | None
    sources: list[str]
    read_on: date = Field(description="When the sources were read.")


class AttachmentBody(CamelModel):
    kind: ProofKind
    title: str
    need: Need
    about: SubjectBody
    proofs: list[ProofBody] = Field(description="What the proof store holds.")
    is_missing: bool
    sources: list[str]


class PackItemBody(CamelModel):
    claim_id: str
    version: str = Field(description="Of what the pack says of the claim; for `filed`.")
    quantity: int = Field(description="Units of this claim.")
    amount: Money | None = Field(description="Of this claim; null where it is not known.")
    event_date: date
    facts: list[FactBody] = Field(description="Those in which it differs from the others.")


class PackFilingBody(CamelModel):
    case_id: str
    filed_at: Timestamp
    claim_count: int


class PackSummaryBody(CamelModel):
    pack_id: str
    title: str
    type: ClaimType
    standing: Standing
    connection_id: str
    marketplace_id: str | None
    marketplace: str | None
    about: SubjectBody | None = Field(description="Null for a batch of small claims.")
    month: str | None = Field(description="Of a batch: the month of its events.")
    route: str
    route_title: str
    claim_count: int
    quantity: int
    amount: Money | None = Field(description="The sum of the known amounts.")
    unvalued_count: int = Field(description="How many claims have no known amount.")
    deadline: date | None = Field(description="The earliest last safe day of its claims.")
    days_left: int | None
    missing: list[str] = Field(description="Required documents that the proof store lacks.")


class PackBody(PackSummaryBody):
    version: str = Field(description="Changes with each claim of the pack.")
    how: RouteBody
    facts: list[FactBody] = Field(description="What all claims have in common.")
    items: list[PackItemBody]
    subject: str = Field(description="The title of the case.")
    text: str = Field(description="To paste; fewer than 2,000 characters.")
    needs_list: bool = Field(description="The text lacks claims: attach the list (text/csv).")
    checks: list[str] = Field(description="What to look at before filing.")
    attachments: list[AttachmentBody]
    filings: list[PackFilingBody] = Field(description="Earlier filings of this pack.")


def pack_summary_body(pack: Pack) -> PackSummaryBody:
    """One entry of GET /api/packs."""
    key = pack.key
    subject = key.subject
    return PackSummaryBody(
        pack_id=key.pack_id,
        title=pack.title,
        type=key.type,
        standing=key.standing,
        connection_id=key.connection_id,
        marketplace_id=key.marketplace_id,
        marketplace=None if key.marketplace_id is None else marketplace_name(key.marketplace_id),
        about=None if subject is None else SubjectBody(kind=subject.kind, code=subject.code),
        month=key.month,
        route=pack.route.name,
        route_title=pack.route.title,
        claim_count=len(pack.items),
        quantity=pack.quantity,
        amount=_money(pack.amount),
        unvalued_count=pack.unvalued_count,
        deadline=pack.deadline,
        days_left=pack.days_left,
        missing=[f"{one.requirement.title} ({one.subject.code})" for one in pack.missing],
    )


def pack_body(pack: Pack, filings: Iterable[PackFiling] = ()) -> PackBody:
    """GET /api/packs/{packId}."""
    summary = pack_summary_body(pack)
    written = pack.written
    shared = shared_facts(pack.items)
    return PackBody(
        **{name: getattr(summary, name) for name in PackSummaryBody.model_fields},
        version=version_of_all({item.claim_id: item.version for item in pack.items}),
        how=_route(pack),
        facts=[_fact(fact) for fact in pack.facts],
        items=[_item(item, shared) for item in pack.items],
        subject=written.subject,
        text=written.text,
        needs_list=not written.is_whole,
        checks=pack.checks,
        attachments=[_attachment(one) for one in pack.attachments],
        filings=[
            PackFilingBody(case_id=one.case_id, filed_at=one.filed_at, claim_count=len(one.claims))
            for one in filings
        ],
    )


def _route(pack: Pack) -> RouteBody:
    return RouteBody(
        name=pack.route.name,
        title=pack.route.title,
        steps=list(pack.path.steps),
        is_confirmed=pack.is_path_confirmed,
        confirmed_for=list(pack.path.countries),
        seller_central=pack.seller_central,
        help_page=pack.help_page,
        sources=[*dict.fromkeys((*pack.path.sources, *pack.route.sources))],
        read_on=pack.instructions.read_on,
    )


def _attachment(one: Attachment) -> AttachmentBody:
    return AttachmentBody(
        kind=one.kind,
        title=one.requirement.title,
        need=one.need,
        about=SubjectBody(kind=one.subject.kind, code=one.subject.code),
        proofs=[proof_body(row) for row in one.proofs],
        is_missing=one.is_missing,
        sources=list(one.requirement.sources),
    )


def _item(item: PackItem, shared: list[Fact]) -> PackItemBody:
    return PackItemBody(
        claim_id=item.claim_id,
        version=item.version,
        quantity=item.quantity,
        amount=_money(item.amount),
        event_date=item.event_on,
        facts=[_fact(fact) for fact in own_facts(item, shared)],
    )


def _fact(fact: Fact) -> FactBody:
    return FactBody(label=fact.label, value=fact.value)


def _money(value: ExactMoney | None) -> Money | None:
    if value is None:
        return None
    return Money(amount=plain_amount(value.amount), currency=value.currency)
