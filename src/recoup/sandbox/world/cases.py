"""The planted claims and innocent look-alikes: which, when, on which product or order.

Every period of SPAN_DAYS has its cases. Those of the first are placed by their age at the first
edge, so that each type shows claims before, inside, at the end of and after their window; later
ones are spread evenly. Products of even index are for claims, odd ones for look-alikes: a unit
found for one case must not settle another.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.instants import DAY, HOUR, Instant
from recoup.sandbox.world.profile import Profile
from recoup.sandbox.world.timeline import Timeline

LONGEST_BEFORE = 56 * DAY
"""Nothing of a case except its order happens earlier than this before its anchor."""
LONGEST_AFTER = 66 * DAY
"""Nothing of a case happens later than this after its anchor."""
_CLOSED_BY = 24
"""Days after its delivery by which a shipment is closed, and what is missing can be claimed."""
_ANCHOR_HOUR = 13  # local time: the same date in UTC and in all three profiles
_IN_A_PERIOD = 1_000_000


class ClaimType(enum.Enum):
    """The types of claims, by the names that the API uses (docs/rules.md)."""

    LOST = "lost_in_warehouse"
    REVERSED = "reimbursement_reversed"
    UNDERPAID = "reimbursement_underpaid"
    DAMAGED = "damaged_in_warehouse"
    DISPOSED = "disposed_without_permission"
    SHORTAGE = "inbound_shortage"
    INBOUND_DAMAGE = "inbound_damage"
    INBOUND_FEE = "inbound_fee_wrong"
    RETURN_MISSING = "customer_return_missing"
    NOT_RESTOCKED = "return_not_restocked"
    RETURN_DAMAGED = "return_damaged_by_amazon"
    OVERPAID = "refund_overpaid"
    FEE_NOT_CREDITED = "refund_fee_not_credited"
    REMOVAL_LOST = "removal_lost"
    REMOVAL_SHORT = "removal_discrepancy"
    FULFILLMENT_FEE = "fulfillment_fee_overcharge"
    STORAGE_FEE = "storage_fee_overcharge"


@dataclass(frozen=True)
class CaseKind:
    """How a claim type is planted.

    `opens` and `closes` are days after the event (None: the profile's for returns, or months for
    inbound); `family` are types that could settle each other and so need products of their own;
    `lead` is how many days before its event a case begins: it stays within its period.
    """

    traps: tuple[str, ...]
    opens: int | None
    closes: int | None
    family: str
    lead: int
    of_order: bool = False


C = ClaimType
KINDS: Mapping[ClaimType, CaseKind] = {
    C.LOST: CaseKind(
        ("found_in_other_center", "paid_in_cash", "paid_with_a_unit", "found_after_payment"),
        30, 60, "lost", 1,
    ),
    C.REVERSED: CaseKind(("unit_given_back", "found_in_ledger", "paid_twice"), 0, 60, "lost", 54),
    C.UNDERPAID: CaseKind(("within_tolerance", "paid_above_cost", "paid_in_two_rows"), 0, 60, "lost", 9),
    C.DAMAGED: CaseKind(("paid_in_cash", "disposition_change", "sold_again"), 30, 60, "damaged", 1),
    C.DISPOSED: CaseKind(
        ("ordered_by_seller", "defective_stock", "damage_paid_before"), 7, 60, "disposed", 11
    ),
    C.SHORTAGE: CaseKind(
        ("received_later", "paid_in_cash", "cancelled_shipment", "never_shipped"),
        None, None, "inbound", 16,
    ),
    C.INBOUND_DAMAGE: CaseKind(
        ("damaged_by_distributor", "paid_in_cash", "not_partnered"), None, None, "inbound", 16
    ),
    C.INBOUND_FEE: CaseKind(("justified", "without_fee"), 0, 30, "inbound", 40),
    C.RETURN_MISSING: CaseKind(
        (
            "returned_late", "paid_in_cash", "paid_with_a_unit", "partial_refund",
            "one_of_several_units", "paid_as_service_issue", "merchant_fulfilled",
            "returned_as_other_sku",
        ),
        None, None, "order", 42, of_order=True,
    ),
    C.NOT_RESTOCKED: CaseKind(
        ("restocked_days_later", "restocked_days_before", "restocked_within_two_weeks"),
        None, None, "order", 42, of_order=True,
    ),
    C.RETURN_DAMAGED: CaseKind(
        ("damaged_by_customer", "defective", "status_reimbursed", "paid_in_cash"),
        None, None, "order", 42, of_order=True,
    ),
    C.OVERPAID: CaseKind(
        ("refunded_in_two_parts", "made_good_by_amazon", "replaced_only"),
        None, None, "order", 42, of_order=True,
    ),
    C.FEE_NOT_CREDITED: CaseKind(
        ("administration_fee", "partial_refund"), 14, 90, "order", 42, of_order=True
    ),
    C.REMOVAL_LOST: CaseKind(("arrived", "paid_in_cash", "disposal_order"), 15, 75, "removal", 39),
    C.REMOVAL_SHORT: CaseKind(
        ("rest_cancelled", "still_processing", "two_parcels"), 30, 60, "removal", 39
    ),
    C.FULFILLMENT_FEE: CaseKind(
        ("several_units", "within_tolerance", "given_back"), 0, 90, "fee", 7, of_order=True
    ),
    C.STORAGE_FEE: CaseKind(("volume_within_tolerance", "quantity_within_tolerance"), 0, 90, "storage", 1),
}  # fmt: skip


class Phase(enum.Enum):
    """Where the window of a planted claim is on the sandbox's first day."""

    OPEN = "open"
    NEAR = "near"
    """It closes within ten days."""
    EARLY = "early"
    EXPIRED = "expired"


_PHASES = tuple(Phase)


@dataclass(frozen=True, slots=True)
class WantedClaim:
    """A claim that the sandbox is asked to plant."""

    claim_type: ClaimType
    phase: Phase


def parse_wanted_claim(text: str) -> WantedClaim:
    """The claim that `TYPE` or `TYPE:PHASE` names; open without a phase.

    Raises ValueError with one line that says what is wrong.
    """
    name, _, phase = text.partition(":")
    try:
        return WantedClaim(ClaimType(name), Phase(phase or Phase.OPEN.value))
    except ValueError:
        types, phases = (", ".join(one.value for one in words) for words in (ClaimType, Phase))
        raise ValueError(
            f"claim {text!r}: expected TYPE or TYPE:PHASE with TYPE one of {types}, "
            f"and PHASE one of {phases}"
        ) from None


@dataclass(frozen=True, slots=True)
class Case:
    """One planted story. `trap` is None for a real claim; `anchor` is when its clock starts."""

    uid: int
    claim_type: ClaimType
    trap: str | None
    anchor: Instant
    product: int
    order: int | None


def window_of(claim_type: ClaimType, profile: Profile) -> tuple[int, int]:
    """Days after the event on which the window opens and closes."""
    kind = KINDS[claim_type]
    if kind.opens is not None and kind.closes is not None:
        return kind.opens, kind.closes
    if kind.family == "inbound":
        return _CLOSED_BY, profile.inbound_months * 30
    return profile.returns_open, profile.returns_close


def claims_per_type(orders: int) -> int:
    """The number of claims of each type in a period: 4 for 2,000 orders."""
    if orders < 2000:
        return -(-orders // 500) if orders >= 50 else 0
    return 4 + (orders - 2000) // 20_000


@dataclass(frozen=True, slots=True)
class _Part:
    """A case before its order is found. slot: apart for claims that could settle each other."""

    number: int
    trap: str | None
    phase: Phase | None
    slot: int


class Cast:
    """All cases of a seller, and the orders with a role in them.

    wanted: the claims to plant, all in the first period and each in the middle of its phase, so
    that those of a type and a phase happen on one day; None: claims of every type, and look-alikes.
    """

    def __init__(
        self,
        key: bytes,
        profile: Profile,
        orders: Timeline,
        products: int,
        wanted: Sequence[WantedClaim] | None = None,
    ) -> None:
        self._key = key
        self._profile = profile
        self._orders = orders
        self._wanted = wanted
        self._half = products // 2
        self._span = orders.span_seconds
        self.cases = lru_cache(8)(self._cases)

    def around(self, since: int, until: int) -> list[Case]:
        """The cases that may affect [since, until), by their anchors."""
        low, high = since - LONGEST_AFTER, until + LONGEST_BEFORE
        first = max(0, (low - self._orders.start) // self._span)
        last = max(0, (high - self._orders.start) // self._span)
        return [
            case
            for period in range(first, last + 1)
            for case in self.cases(period)
            if low <= case.anchor < high
        ]

    def _cases(self, period: int) -> tuple[Case, ...]:
        """Every case of a period by its anchor, without those that found no free order."""
        taken: set[int] = set()
        found = []
        for place, (claim_type, kind) in enumerate(KINDS.items()):
            for part in self._parts(claim_type, period):
                uid = (period * 100 + place) * _IN_A_PERIOD + part.number
                case = self._make(uid, claim_type, part, period)
                if kind.of_order:
                    order = self._find_order(case, taken)
                    if order is None:
                        continue
                    taken.add(order)
                    case = replace(case, order=order)
                found.append(case)
        return tuple(sorted(found, key=lambda case: (case.anchor, case.uid)))

    def _parts(self, claim_type: ClaimType, period: int) -> Iterator[_Part]:
        """The cases of a type in a period: what is wanted, or claims and then look-alikes."""
        if self._wanted is not None:
            mine = [
                (slot, wanted.phase)
                for slot, wanted in enumerate(self._wanted)
                if period == 0 and wanted.claim_type is claim_type
            ]
            for number, (slot, phase) in enumerate(mine):
                yield _Part(number, None, phase, slot)
            return
        traps, count = KINDS[claim_type].traps, claims_per_type(self._orders.count)
        family = [one for one in KINDS if KINDS[one].family == KINDS[claim_type].family]
        first = (period * len(family) + family.index(claim_type)) * count
        for number in range(count):
            yield _Part(number, None, _PHASES[number % len(_PHASES)], first + number)
        for number in range(3 * count + bool(count)):
            yield _Part(count + number, traps[number % len(traps)], None, 0)

    def _make(self, uid: int, claim_type: ClaimType, part: _Part, period: int) -> Case:
        dice = Dice(self._key, "case", uid)
        today = self._profile.local_day(Instant(self._orders.start + self._span))
        if period == 0:
            day = today - self._age(dice, claim_type, part.phase)
        else:
            day = (
                today
                + (period - 1) * (self._span // DAY)
                + dice.between(KINDS[claim_type].lead, 358)
            )
        half = self._half
        product = 2 * (part.slot % half) if part.trap is None else 2 * dice.roll(half) + 1
        anchor = Instant(self._profile.midnight(day) + _ANCHOR_HOUR * HOUR)
        return Case(uid, claim_type, part.trap, anchor, product, None)

    def _age(self, dice: Dice, claim_type: ClaimType, phase: Phase | None) -> int:
        """Days before the first edge; None is the phase of a look-alike."""
        opens, closes = window_of(claim_type, self._profile)
        if phase is None:
            return dice.between(max(opens + 3, min(32, closes - 20)), closes - 2)
        youngest, oldest = {
            Phase.EARLY: (2, max(3, opens - 2)),
            Phase.OPEN: (opens + 2, closes - 15),
            Phase.NEAR: (closes - 10, closes - 3),
            Phase.EXPIRED: (closes + 6, min(closes + 70, 320)),
        }[phase]
        if self._wanted is not None:
            return (youngest + oldest) // 2
        return dice.between(youngest, oldest)

    def _find_order(self, case: Case, taken: set[int]) -> int | None:
        """A free order of the right age: shipped about the anchor, or delivered well before it."""
        about_now = case.claim_type is ClaimType.FULFILLMENT_FEE
        index = self._orders.count_before(Instant(case.anchor - (2 if about_now else 14) * DAY)) - 1
        oldest = case.anchor - (6 if about_now else 40) * DAY
        while index >= 0 and (created := self._orders.at(index)) >= oldest:
            if index not in taken and (about_now or created < case.anchor - 11 * DAY):
                return index
            index -= 1
        return None
