"""The marketplaces that files are about, by the countries, currencies and channels in them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from recoup.spapi.endpoints import MARKETPLACES, Region
from recoup.streams import sales_channels

_COUNTRIES = {one.country: id_ for id_, one in MARKETPLACES.items()} | {
    "UK": next(id_ for id_, one in MARKETPLACES.items() if one.country == "GB")
}
_CURRENCIES = {
    currency: ids[0]
    for currency in {one.currency for one in MARKETPLACES.values()}
    if len(ids := [id_ for id_, one in MARKETPLACES.items() if one.currency == currency]) == 1
}


def marketplace_named(word: str) -> str | None:
    """The marketplace of a country (DE), of a sales channel, or of its own id; None if it is none."""
    text = word.strip()
    if text in MARKETPLACES:
        return text
    return _COUNTRIES.get(text.upper()) or sales_channels.MARKETPLACES.get(text.lower())


def likely_marketplaces(places: Mapping[str, int]) -> tuple[str, ...]:
    """Those that orders were sold on, the most frequent first, all of the region of the first.

    Without orders, the one country that is named most: stock lies also where nothing is sold. A currency
    names a marketplace only if no other one has it: euros name none.
    """
    channels: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for word, count in places.items():
        channel = sales_channels.MARKETPLACES.get(word.strip().lower())
        named = channel or marketplace_named(word) or _CURRENCIES.get(word.strip().upper())
        if channel is not None:
            channels[channel] += count
        elif named is not None:
            others[named] += count
    ordered = [one for one, _ in (channels.most_common() or others.most_common(1))]
    region = region_of(ordered[0]) if ordered else None
    return tuple(one for one in ordered if region_of(one) is region)


def region_of(marketplace_id: str) -> Region:
    return MARKETPLACES[marketplace_id].region
