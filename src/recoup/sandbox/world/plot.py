"""The plot of a world: its cases, the orders they need, and their scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from recoup.sandbox.world.cases import Case, Cast, ClaimType
from recoup.sandbox.world.orders import OrderRole
from recoup.sandbox.world.plots import buyers, fees, inbound, payments, removals, warehouse
from recoup.sandbox.world.plots.scene import Scene, Stage
from recoup.sandbox.world.records import Script

_SCRIPTS: Mapping[ClaimType, Callable[[Scene], Script]] = MappingProxyType(
    {
        ClaimType.LOST: warehouse.lost,
        ClaimType.REVERSED: payments.taken_back,
        ClaimType.UNDERPAID: payments.too_small,
        ClaimType.DAMAGED: warehouse.damaged,
        ClaimType.DISPOSED: warehouse.disposed,
        ClaimType.SHORTAGE: inbound.shortage,
        ClaimType.INBOUND_DAMAGE: inbound.damage,
        ClaimType.INBOUND_FEE: inbound.wrong_fee,
        ClaimType.RETURN_MISSING: buyers.missing,
        ClaimType.NOT_RESTOCKED: buyers.not_restocked,
        ClaimType.RETURN_DAMAGED: buyers.came_back_damaged,
        ClaimType.OVERPAID: buyers.overpaid,
        ClaimType.FEE_NOT_CREDITED: buyers.kept_fee,
        ClaimType.REMOVAL_LOST: removals.lost_parcel,
        ClaimType.REMOVAL_SHORT: removals.short,
        ClaimType.FULFILLMENT_FEE: fees.heavy,
        ClaimType.STORAGE_FEE: fees.roomy,
    }
)
_ROLES: Mapping[ClaimType, Callable[[Case], OrderRole]] = MappingProxyType(
    {
        ClaimType.RETURN_MISSING: buyers.missing_role,
        ClaimType.NOT_RESTOCKED: buyers.whole_refund,
        ClaimType.RETURN_DAMAGED: buyers.whole_refund,
        ClaimType.OVERPAID: buyers.overpaid_role,
        ClaimType.FEE_NOT_CREDITED: buyers.kept_fee_role,
        ClaimType.FULFILLMENT_FEE: fees.heavy_role,
    }
)
_KEPT_SCRIPTS = 8192


class CastPlot:
    """The orders of a period with a role, as the order book needs them."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self.roles = lru_cache(8)(self._roles)

    def _roles(self, period: int) -> Mapping[int, OrderRole]:
        return {
            case.order: _ROLES[case.claim_type](case)
            for case in self._cast.cases(period)
            if case.order is not None
        }


class Scripts:
    """The scripts of the cases, with a cache of the latest ones."""

    def __init__(self, stage: Stage, cast: Cast) -> None:
        self._stage = stage
        self.cast = cast
        self.of = lru_cache(_KEPT_SCRIPTS)(self._of)

    def around(self, since: int, until: int) -> Iterator[Script]:
        """The scripts of all cases that may affect [since, until)."""
        for case in self.cast.around(since, until):
            yield self.of(case)

    def _of(self, case: Case) -> Script:
        return _SCRIPTS[case.claim_type](Scene(self._stage, case))
