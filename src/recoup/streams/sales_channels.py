"""The marketplaces of names in `sales-channel`. Source: docs/amazon.md#orders-report."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# In lower case: Amazon's own spelling varies.
MARKETPLACES: Mapping[str, str] = MappingProxyType(
    {
        "amazon.ca": "A2EUQ1WTGCTBG2",
        "amazon.com": "ATVPDKIKX0DER",
        "amazon.com.mx": "A1AM78C64UM0Y8",
        "amazon.com.br": "A2Q3Y263D00KWC",
        "amazon.ie": "A28R8C7NBKEWEA",
        "amazon.es": "A1RKKUPIHCS9HS",
        "amazon.co.uk": "A1F83G8C2ARO7P",
        "amazon.fr": "A13V1IB3VIYZZH",
        "amazon.com.be": "AMEN7PMS3EDWL",
        "amazon.nl": "A1805IZSGTT6HS",
        "amazon.de": "A1PA6795UKMFR9",
        "amazon.it": "APJ6JRA9NG5V4",
        "amazon.se": "A2NODRKZP88ZB9",
        "amazon.co.za": "AE08WJ6YKNBMC",
        "amazon.pl": "A1C3SOZRARQ6R3",
        "amazon.eg": "ARBP9OOSHTCHU",
        "amazon.com.tr": "A33AVAJ2PDY3EV",
        "amazon.sa": "A17E79C6D8DWNP",
        "amazon.ae": "A2VIGQ35RCS4UG",
        "amazon.in": "A21TJRUUN4KGV",
        "amazon.sg": "A19VAU5U5O7RUS",
        "amazon.com.au": "A39IBJ37TRP1C6",
        "amazon.co.jp": "A1VC38T7YXB528",
    }
)


_NAMES = {identity: name.capitalize() for name, identity in MARKETPLACES.items()}


def marketplace_name(marketplace_id: str) -> str:
    """`Amazon.co.uk`; the id itself for a marketplace that recoup does not know."""
    return _NAMES.get(marketplace_id, marketplace_id)


def marketplace_values() -> str:
    """The names and ids as rows of SQL's VALUES."""
    return ", ".join(f"('{name}', '{identity}')" for name, identity in MARKETPLACES.items())
