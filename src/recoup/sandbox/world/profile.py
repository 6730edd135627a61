"""The marketplaces of a seller, and Amazon's formats of numbers and days there.

Sources: docs/amazon.md#marketplaces (ids), docs/claims.md#windows, docs/amazon.md#report-files (formats).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from recoup.sandbox.world.instants import DAY, HOUR, Instant


@dataclass(frozen=True)
class Marketplace:
    """A marketplace the seller takes part in."""

    marketplace_id: str
    name: str
    country: str
    currency: str
    language: str
    domain: str


UNITED_STATES = Marketplace("ATVPDKIKX0DER", "Amazon.com", "US", "USD", "en_US", "www.amazon.com")
CANADA = Marketplace("A2EUQ1WTGCTBG2", "Amazon.ca", "CA", "CAD", "en_CA", "www.amazon.ca")
UNITED_KINGDOM = Marketplace(
    "A1F83G8C2ARO7P", "Amazon.co.uk", "GB", "GBP", "en_GB", "www.amazon.co.uk"
)
GERMANY = Marketplace("A1PA6795UKMFR9", "Amazon.de", "DE", "EUR", "de_DE", "www.amazon.de")
FRANCE = Marketplace("A13V1IB3VIYZZH", "Amazon.fr", "FR", "EUR", "fr_FR", "www.amazon.fr")


@dataclass(frozen=True)
class Profile:
    """The marketplaces of a seller, and the format of Amazon's files there.

    `utc_offset_hours` is the fixed offset of the ledger's days. `warehouses` maps a fulfillment
    center to its country. `returns_open` and `returns_close` are days after a refund,
    `inbound_months` months after a delivery (docs/claims.md#windows).
    """

    name: str
    home: Marketplace
    marketplaces: tuple[Marketplace, ...]
    order_prefix: int
    utc_offset_hours: int
    decimal_comma: bool
    metric: bool
    warehouses: Mapping[str, str]
    places: tuple[tuple[str, str, str], ...]
    returns_open: int
    returns_close: int
    inbound_months: int

    @property
    def centers(self) -> tuple[str, ...]:
        return tuple(self.warehouses)

    def local_day(self, moment: int) -> int:
        """The day in the ledger's time zone, counted from 1970-01-01."""
        return (moment + self.utc_offset_hours * HOUR) // DAY

    def midnight(self, local_day: int) -> Instant:
        """The beginning of a day of the ledger."""
        return Instant(local_day * DAY - self.utc_offset_hours * HOUR)

    def local_date(self, moment: Instant) -> date:
        return (datetime.fromtimestamp(moment, UTC) + timedelta(hours=self.utc_offset_hours)).date()

    def amount(self, cents: int) -> str:
        """`12.34`, or `12,34` where the marketplace writes a decimal comma."""
        text = decimal_text(cents)
        return text.replace(".", ",") if self.decimal_comma else text


def decimal_text(cents: int) -> str:
    """`-12.34`"""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02d}"


def _centers(country: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, country)


US = Profile(
    name="us",
    home=UNITED_STATES,
    marketplaces=(UNITED_STATES, CANADA),
    order_prefix=111,
    utc_offset_hours=-7,
    decimal_comma=False,
    metric=False,
    warehouses=MappingProxyType(
        _centers("US", "PHL7", "ONT8", "MDW2", "FTW1", "TPA1", "LAS7", "SBD1", "BDL2")
    ),
    places=(("Seattle", "WA", "98101"), ("Austin", "TX", "73301"), ("Denver", "CO", "80202")),
    returns_open=60,
    returns_close=120,
    inbound_months=9,
)
UK = Profile(
    name="uk",
    home=UNITED_KINGDOM,
    marketplaces=(UNITED_KINGDOM,),
    order_prefix=202,
    utc_offset_hours=0,
    decimal_comma=False,
    metric=True,
    warehouses=MappingProxyType(_centers("GB", "BHX4", "LTN4", "MAN1", "EDI4", "DSA6", "BRS1")),
    places=(("Leeds", "", "LS1 4DY"), ("Bristol", "", "BS1 5TR"), ("Cardiff", "", "CF10 1EP")),
    returns_open=45,
    returns_close=105,
    inbound_months=6,
)
EU = Profile(
    name="eu",
    home=GERMANY,
    marketplaces=(GERMANY, FRANCE),
    order_prefix=302,
    utc_offset_hours=1,
    decimal_comma=True,
    metric=True,
    warehouses=MappingProxyType(
        _centers("DE", "DTM2", "LEJ1", "MUC3", "STR1", "HAM2") | _centers("PL", "WRO5")
    ),
    places=(
        ("München", "Bayern", "80331"),
        ("Köln", "Nordrhein-Westfalen", "50667"),
        ("Leipzig", "Sachsen", "04109"),
    ),
    returns_open=45,
    returns_close=105,
    inbound_months=6,
)
PROFILES: Mapping[str, Profile] = MappingProxyType({one.name: one for one in (US, UK, EU)})
"""By the name a sandbox is started with."""
