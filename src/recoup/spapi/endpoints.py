"""Amazon's hosts by environment and region, and its known marketplaces.

Sources: SP-API developer guide, "Selling Partner API endpoints"; page "marketplace-ids".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import urlsplit

from recoup.errors import ForbiddenHostError

TOKEN_PATH = "/auth/o2/token"  # noqa: S105 - a path, not a password

LWA = "https://api.amazon.com"
"""Login with Amazon: one host for all regions and for Amazon's sandbox."""
# Where Amazon keeps the files of reports, at any address of S3, and those of its sandbox
# (docs/amazon.md#report-files). Nothing less: a bucket of one's own is free.
_DOCUMENT_HOSTS = re.compile(
    r"tortuga-prod-(na|eu|fe)\.s3"
    r"(-external-1|[.-](dualstack\.)?[a-z]{2}-[a-z]+-\d)?\.amazonaws\.com"
    r"|d34o8swod1owfl\.cloudfront\.net"
)


class Region(StrEnum):
    """One authorisation of a seller covers one region."""

    NA = "NA"
    EU = "EU"
    FE = "FE"


class Environment(StrEnum):
    """The server: recoup's own sandbox, Amazon's sandbox, or production."""

    LOCAL = "local"
    SANDBOX = "sandbox"
    PRODUCTION = "production"


_HOMES: Mapping[Region, str] = {Region.NA: "US", Region.EU: "GB", Region.FE: "JP"}
_EUROPE = "sellercentral-europe.amazon.com"
_SELLER_CENTRALS: Mapping[str, str] = {
    "US": "sellercentral.amazon.com",
    "CA": "sellercentral.amazon.ca",
    "MX": "sellercentral.amazon.com.mx",
    "BR": "sellercentral.amazon.com.br",
    **dict.fromkeys(("GB", "DE", "FR", "IT", "ES"), _EUROPE),
    "BE": "sellercentral.amazon.com.be",
    "NL": "sellercentral.amazon.nl",
    "SE": "sellercentral.amazon.se",
    "PL": "sellercentral.amazon.pl",
    "EG": "sellercentral.amazon.eg",
    "TR": "sellercentral.amazon.com.tr",
    "SA": "sellercentral.amazon.sa",
    "AE": "sellercentral.amazon.ae",
    "IN": "sellercentral.amazon.in",
    "SG": "sellercentral.amazon.sg",
    "AU": "sellercentral.amazon.com.au",
    "JP": "sellercentral.amazon.co.jp",
}
# Ireland's and South Africa's are on no page that we found.


@dataclass(frozen=True, slots=True)
class Marketplace:
    """A marketplace: ISO 3166 country, region, ISO 4217 currency."""

    country: str
    region: Region
    currency: str


def amazons_endpoint(environment: Environment, region: Region) -> str:
    """Amazon's own address of the Selling Partner API: its sandbox's or production's."""
    host = f"sellingpartnerapi-{region.lower()}.amazon.com"
    return f"https://sandbox.{host}" if environment is Environment.SANDBOX else f"https://{host}"


def seller_central(region: Region, country: str | None = None) -> str:
    """The address of the Seller Central whose consent page a seller opens (docs/amazon.md#consent).

    `country`: ISO 3166. Without one, or for one whose address is not known, that of the region's
    largest marketplace.
    """
    return f"https://{_SELLER_CENTRALS.get(country or '', _SELLER_CENTRALS[_HOMES[region]])}"


def find_seller_central(marketplace_id: str | None) -> str | None:
    """The address of a marketplace's own Seller Central; None if it is not known."""
    marketplace = MARKETPLACES.get(marketplace_id or "")
    host = None if marketplace is None else _SELLER_CENTRALS.get(marketplace.country)
    return None if host is None else f"https://{host}"


def require_document_host(url: str, endpoint: str) -> None:
    """Refuses downloads from hosts other than Amazon's or its stand-in.

    `endpoint` is the Selling Partner API's own address. Raises ForbiddenHostError.
    """
    try:
        asked, known = urlsplit(url), urlsplit(endpoint)
        same = (asked.scheme, asked.hostname, asked.port) == (
            known.scheme,
            known.hostname,
            known.port,
        )
        host = asked.hostname or ""
        amazons = asked.scheme == "https" and asked.port in {None, 443}
        is_bare = asked.username is None and url.isascii() and url.isprintable()
    except ValueError as exc:
        raise ForbiddenHostError("A report's address is not one at all.") from exc
    if not is_bare:
        raise ForbiddenHostError("A report's address is not one at all.")
    if not same and not (amazons and _DOCUMENT_HOSTS.fullmatch(host)):
        raise ForbiddenHostError(
            f"A report's file is offered at {host[:100] or 'no host'}, where Amazon is not known to "
            "keep reports: not downloaded. If no report can be downloaded, Amazon has moved them: "
            "look for a newer version of recoup."
        )


MARKETPLACES: Mapping[str, Marketplace] = MappingProxyType(
    {
        "A2EUQ1WTGCTBG2": Marketplace("CA", Region.NA, "CAD"),
        "ATVPDKIKX0DER": Marketplace("US", Region.NA, "USD"),
        "A1AM78C64UM0Y8": Marketplace("MX", Region.NA, "MXN"),
        "A2Q3Y263D00KWC": Marketplace("BR", Region.NA, "BRL"),
        "A28R8C7NBKEWEA": Marketplace("IE", Region.EU, "EUR"),
        "A1RKKUPIHCS9HS": Marketplace("ES", Region.EU, "EUR"),
        "A1F83G8C2ARO7P": Marketplace("GB", Region.EU, "GBP"),
        "A13V1IB3VIYZZH": Marketplace("FR", Region.EU, "EUR"),
        "AMEN7PMS3EDWL": Marketplace("BE", Region.EU, "EUR"),
        "A1805IZSGTT6HS": Marketplace("NL", Region.EU, "EUR"),
        "A1PA6795UKMFR9": Marketplace("DE", Region.EU, "EUR"),
        "APJ6JRA9NG5V4": Marketplace("IT", Region.EU, "EUR"),
        "A2NODRKZP88ZB9": Marketplace("SE", Region.EU, "SEK"),
        "AE08WJ6YKNBMC": Marketplace("ZA", Region.EU, "ZAR"),
        "A1C3SOZRARQ6R3": Marketplace("PL", Region.EU, "PLN"),
        "ARBP9OOSHTCHU": Marketplace("EG", Region.EU, "EGP"),
        "A33AVAJ2PDY3EV": Marketplace("TR", Region.EU, "TRY"),
        "A17E79C6D8DWNP": Marketplace("SA", Region.EU, "SAR"),
        "A2VIGQ35RCS4UG": Marketplace("AE", Region.EU, "AED"),
        "A21TJRUUN4KGV": Marketplace("IN", Region.EU, "INR"),
        "A19VAU5U5O7RUS": Marketplace("SG", Region.FE, "SGD"),
        "A39IBJ37TRP1C6": Marketplace("AU", Region.FE, "AUD"),
        "A1VC38T7YXB528": Marketplace("JP", Region.FE, "JPY"),
    }
)
"""The marketplaces that recoup requests (page "marketplace-ids", read 2026-11-28).

Amazon lists others, such as its invoicing shadows, for which every call is refused: they are
reported as ignored (docs/amazon.md#marketplaces). Rows of data may name any id: never check one
against this.
"""
