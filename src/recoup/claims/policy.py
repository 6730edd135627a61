"""Amazon's reimbursement policy as data: read from policy.toml, rejected if it has gaps.

What the file says and why: docs/claims.md#windows.
"""

from __future__ import annotations

import enum
import hashlib
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from recoup.claims.rule import PolicyWindow

_CONFIDENCES = ("high", "medium", "low", "unconfirmed")
_ALWAYS, _FOREVER = date.min, date.max


class PolicyError(ValueError):
    """policy.toml contradicts itself; the message names the row."""


@dataclass(frozen=True, slots=True)
class PolicyMarketplace:
    """A marketplace: the country of its stock, its currency, and its time zone.

    area: within which a payment can be for a loss.
    """

    marketplace_id: str
    country: str
    currency: str
    zone: str
    area: str


@dataclass(frozen=True, slots=True)
class WindowTerms:
    """When a kind of claim may be filed in one country: valid from a day, to before another.

    opens, closes_days: days after the clock; closes_months: months. opens None: when Amazon says
    that the shipment is eligible. No end of either kind: the end is not known.
    """

    country: str
    window: PolicyWindow
    clock: str
    opens: int | None
    closes_days: int | None
    closes_months: int | None
    valid_from: date
    valid_to: date
    confidence: str
    source: str


class FeeChangeKind(enum.StrEnum):
    """The kind of a policy row that changes fees or duties for all sellers, as in the file."""

    FEE_CARD = "fee_card"
    SURCHARGE = "surcharge"
    DEFECT_FEE = "defect_fee"
    NO_PREP = "no_prep"


@dataclass(frozen=True, slots=True)
class FeeChange:
    """A rule for every seller in one country from a day on, to before another.

    share: of a surcharge, the part of the fee that comes on top. least, most, currency: of a defect
    fee, the bounds per unit. All null where the kind has none.
    """

    kind: FeeChangeKind
    country: str
    valid_from: date
    valid_to: date
    share: Decimal | None
    currency: str | None
    least: Decimal | None
    most: Decimal | None
    source: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole file. caps: maximum per unit, by currency. families: of a payment, by its reason.

    sourcing_cost_since: the first day on which a unit lost before an order is worth what it cost.
    """

    version: str
    sources: Mapping[str, str]
    marketplaces: tuple[PolicyMarketplace, ...]
    warehouse_areas: Mapping[str, str]
    windows: tuple[WindowTerms, ...]
    caps: Mapping[str, Decimal]
    sourcing_cost_since: date
    families: Mapping[str, str]
    fee_changes: tuple[FeeChange, ...]


@cache
def load_policy() -> Policy:
    """Loads the policy that comes with this version of recoup."""
    return parse_policy(resources.files("recoup.claims").joinpath("policy.toml").read_text("utf-8"))


def parse_policy(text: str) -> Policy:
    """Raises PolicyError for gaps, overlaps and invalid rows."""
    raw = tomllib.loads(text)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    marketplaces = tuple(
        PolicyMarketplace(one["id"], one["country"], one["currency"], one["zone"], one["area"])
        for one in raw["marketplace"]
    )
    countries = {one.country for one in marketplaces}
    if len(countries) != len(marketplaces):
        raise PolicyError("a country has two marketplaces")
    windows = tuple(
        window for row in raw["window"] for window in _windows(row, countries, raw["sources"])
    )
    _check_validity(windows)
    return Policy(
        version=f"{raw['version']}+{digest}",
        sources=MappingProxyType(raw["sources"]),
        marketplaces=marketplaces,
        warehouse_areas=MappingProxyType(raw["warehouse_areas"]),
        windows=windows,
        caps=MappingProxyType({c["currency"]: Decimal(c["per_unit"]) for c in raw["cap"]}),
        sourcing_cost_since=_sourcing_cost_since(raw["value"]),
        families=MappingProxyType(
            {reason: family for family, reasons in raw["families"].items() for reason in reasons}
        ),
        fee_changes=tuple(
            change
            for kind in FeeChangeKind
            for row in raw.get(kind, ())
            for change in _fee_changes(kind, row, countries, raw["sources"])
        ),
    )


def _fee_changes(
    kind: FeeChangeKind, row: Mapping[str, Any], countries: set[str], sources: Mapping[str, str]
) -> Iterable[FeeChange]:
    """Returns one change for each country that a row names."""
    name = f"{kind} in {row['countries']}"
    valid_from, valid_to = row["valid_from"], row.get("valid_to", _FOREVER)
    if valid_from >= valid_to:
        raise PolicyError(f"{name}: is never valid")
    if unknown := set(row["source"]) - set(sources):
        raise PolicyError(f"{name}: no such source {sorted(unknown)}")
    for country in row["countries"]:
        if country not in countries:
            raise PolicyError(f"{name}: {country} has no marketplace")
        yield FeeChange(
            kind=kind,
            country=country,
            valid_from=valid_from,
            valid_to=valid_to,
            share=_decimal(row.get("share")),
            currency=row.get("currency"),
            least=_decimal(row.get("least")),
            most=_decimal(row.get("most")),
            source=", ".join(row["source"]),
        )


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _windows(
    row: Mapping[str, Any], countries: set[str], sources: Mapping[str, str]
) -> Iterable[WindowTerms]:
    """Returns one window for each country and claim that a row names."""
    name = f"{row['claims']} in {row['countries']}"
    opens, days, months = row.get("opens"), row.get("closes"), row.get("closes_months")
    valid_from, valid_to = row.get("valid_from", _ALWAYS), row.get("valid_to", _FOREVER)
    if row["confidence"] not in _CONFIDENCES:
        raise PolicyError(f"{name}: unknown confidence {row['confidence']!r}")
    if days is not None and months is not None:
        raise PolicyError(f"{name}: closes in days and in months")
    if days is not None and days <= (opens or 0):
        raise PolicyError(f"{name}: closes before it opens")
    if valid_from >= valid_to:
        raise PolicyError(f"{name}: is never valid")
    if unknown := set(row["source"]) - set(sources):
        raise PolicyError(f"{name}: no such source {sorted(unknown)}")
    for country in row["countries"]:
        if country not in countries:
            raise PolicyError(f"{name}: {country} has no marketplace")
        for claim in row["claims"]:
            yield WindowTerms(
                country=country,
                window=PolicyWindow(claim),
                clock=row["clock"],
                opens=opens,
                closes_days=days,
                closes_months=months,
                valid_from=valid_from,
                valid_to=valid_to,
                confidence=row["confidence"],
                source=", ".join(row["source"]),
            )


def _check_validity(windows: Sequence[WindowTerms]) -> None:
    """Checks that each country's rows of a window have no gap and no overlap, until now."""
    series: defaultdict[tuple[str, PolicyWindow], list[WindowTerms]] = defaultdict(list)
    for window in windows:
        series[window.country, window.window].append(window)
    for (country, name), rows in series.items():
        rows.sort(key=lambda row: row.valid_from)
        for earlier, later in pairwise(rows):
            if later.valid_from < earlier.valid_to:
                raise PolicyError(f"{name} in {country}: rows overlap at {later.valid_from}")
            if later.valid_from > earlier.valid_to:
                raise PolicyError(f"{name} in {country}: nothing from {earlier.valid_to} on")
        if rows[-1].valid_to != _FOREVER:
            raise PolicyError(f"{name} in {country}: nothing from {rows[-1].valid_to} on")


def _sourcing_cost_since(values: Sequence[Mapping[str, Any]]) -> date:
    """Checks that the bases follow each other without gap and end with the sourcing cost."""
    ends: list[date] = [_ALWAYS, *(value.get("valid_to", _FOREVER) for value in values)]
    starts: list[date] = [*(value.get("valid_from", _ALWAYS) for value in values), _FOREVER]
    if ends != starts or values[-1]["basis"] != "sourcing cost":
        raise PolicyError("value: the bases do not follow each other up to sourcing cost")
    return starts[-2]
