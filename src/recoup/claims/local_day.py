"""Which day it is where a claim's window is counted: the marketplace's local day."""

from __future__ import annotations

from collections.abc import Mapping

# IANA zones by marketplace id. Amazon's North American reports count days in Pacific time
# whatever the country (docs/amazon.md).
ZONES: Mapping[str, str] = {
    "ATVPDKIKX0DER": "America/Los_Angeles",  # US
    "A2EUQ1WTGCTBG2": "America/Los_Angeles",  # CA
    "A1AM78C64UM0Y8": "America/Los_Angeles",  # MX
    "A2Q3Y263D00KWC": "America/Sao_Paulo",  # BR
    "A1F83G8C2ARO7P": "Europe/London",  # UK
    "A28R8C7NBKEWEA": "Europe/Dublin",  # IE
    "A1PA6795UKMFR9": "Europe/Berlin",  # DE
    "A13V1IB3VIYZZH": "Europe/Paris",  # FR
    "APJ6JRA9NG5V4": "Europe/Rome",  # IT
    "A1RKKUPIHCS9HS": "Europe/Madrid",  # ES
    "A1805IZSGTT6HS": "Europe/Amsterdam",  # NL
    "AMEN7PMS3EDWL": "Europe/Brussels",  # BE
    "A2NODRKZP88ZB9": "Europe/Stockholm",  # SE
    "A1C3SOZRARQ6R3": "Europe/Warsaw",  # PL
    "A33AVAJ2PDY3EV": "Europe/Istanbul",  # TR
    "A2VIGQ35RCS4UG": "Asia/Dubai",  # AE
    "A17E79C6D8DWNP": "Asia/Riyadh",  # SA
    "ARBP9OOSHTCHU": "Africa/Cairo",  # EG
    "AE08WJ6YKNBMC": "Africa/Johannesburg",  # ZA
    "A21TJRUUN4KGV": "Asia/Kolkata",  # IN
    "A1VC38T7YXB528": "Asia/Tokyo",  # JP
    "A39IBJ37TRP1C6": "Australia/Sydney",  # AU
    "A19VAU5U5O7RUS": "Asia/Singapore",  # SG
}
UNKNOWN_ZONE = "UTC"
"""Where a claim names no marketplace."""
