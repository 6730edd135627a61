"""Where Amazon answers: hosts by environment and region, and the marketplaces it is known for.

Sources: SP-API developer guide, "Selling Partner API endpoints"; page "marketplace-ids".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import urlsplit

from recoup.errors import ForbiddenHostError

TOKEN_PATH = "/auth/o2/token"  # noqa: S105 - a path, not a password

_LOCAL = "http://127.0.0.1:8001"
# Where Amazon keeps the files of reports (docs/amazon.md #report-files). The dot in front counts.
_DOCUMENT_HOSTS = (".amazonaws.com", ".cloudfront.net")
_LWA = "https://api.amazon.com"  # one host for all regions and for Amazon's sandbox


class Region(StrEnum):
    """One authorisation of a seller covers one region."""

    NA = "NA"
    EU = "EU"
    FE = "FE"


class Environment(StrEnum):
    """What answers: recoup's own sandbox server, Amazon's sandbox, or the real thing."""

    LOCAL = "local"
    SANDBOX = "sandbox"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Marketplace:
    """A marketplace: ISO 3166 country, region, ISO 4217 currency."""

    country: str
    region: Region
    currency: str


def spapi_endpoint(environment: Environment, region: Region, override: str | None = None) -> str:
    """The base address of the Selling Partner API, without a slash at the end."""
    if override:
        return override.rstrip("/")
    if environment == Environment.LOCAL:
        return _LOCAL
    host = f"sellingpartnerapi-{region.lower()}.amazon.com"
    return f"https://sandbox.{host}" if environment == Environment.SANDBOX else f"https://{host}"


def lwa_endpoint(environment: Environment, override: str | None = None) -> str:
    """The base address of Login with Amazon; TOKEN_PATH follows it.

    An override that already ends in TOKEN_PATH is understood.
    """
    if override:
        return override.rstrip("/").removesuffix(TOKEN_PATH)
    return _LOCAL if environment == Environment.LOCAL else _LWA


def require_document_host(url: str, endpoint: str) -> None:
    """Refuse to download from anywhere but Amazon, or the server that stands in for it.

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
    except ValueError as exc:
        raise ForbiddenHostError("A report's address is not one at all.") from exc
    if not same and not (amazons and host.endswith(_DOCUMENT_HOSTS)):
        raise ForbiddenHostError(
            f"A report's file is offered at {host or 'no host'}, which is not Amazon's: not downloaded."
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
"""Known marketplaces, for display only. Real data holds other ids: never check an id against it."""
