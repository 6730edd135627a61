"""The products a seller sells."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.profile import Profile

BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CENT = Decimal("0.01")

_ADJECTIVES = ("Folding", "Steel", "Bamboo", "Large", "Travel", "Silent", "Classic", "Café")
_NOUNS = ("Bottle", "Lamp", "Shelf", "Knife Set", "Backpack", "Kettle", "Yoga Mat", "Cable")
# Real titles are long: most of a report's bytes are titles.
_PRAISE = (
    "for Home, Office and Travel, Lightweight and Durable, Easy to Clean",
    "Premium Quality with Non-Slip Base, BPA-Free, Dishwasher Safe",
    "Space Saving and Foldable, Ideal Gift for Women and Men",
    "Heavy Duty, Rustproof, with Carrying Bag and 2 Year Support",
)
# A lone inch sign is what trips readers who trust quotes (docs/amazon.md#report-columns).
_ENDS = ("", "", "", "", "", ' 10" wide', " \u2013 2 pack", " (grey)")
# Real seller SKUs hold spaces and signs that must be encoded in a URL: a client has to cope
# with every sixteenth.
_ODD_SKUS = ("{} 2&3", "{}/A+B", "{} #1", "Größe-{}")


@dataclass(frozen=True, slots=True)
class Product:
    """One seller SKU.

    `cost_cents` is what a unit costs the seller to buy. `sides` are hundredths of an inch or
    a centimeter, longest first; `weight` hundredths of a pound, or grams. `centers` are the
    fulfillment centers that hold the product; units from the seller arrive in the first.
    """

    index: int
    sku: str
    asin: str
    fnsku: str
    title: str
    price_cents: int
    fee_cents: int
    commission_percent: int
    cost_cents: int
    sides: tuple[int, int, int]
    weight: int
    centers: tuple[str, str, str]

    @property
    def price(self) -> Decimal:
        """Per unit, in the marketplace's currency."""
        return self.price_cents * CENT

    @property
    def fulfillment_fee(self) -> Decimal:
        """Per unit, in the marketplace's currency."""
        return self.fee_cents * CENT

    def commission_cents(self, base_cents: int) -> int:
        return (base_cents * self.commission_percent + 50) // 100


def catalogue_size(orders: int) -> int:
    """One product per 50 orders, at least 20 and at most 5000."""
    return min(5000, max(20, orders // 50))


def make_product(key: bytes, index: int, profile: Profile) -> Product:
    dice = Dice(key, "product", index)
    plain = f"RC-{index:05d}"
    price = dice.between(800, 9000)
    side = dice.between(500, 1700) * (5 if profile.metric else 2) // 2
    first = dice.roll(len(profile.centers))
    tail = base36(index, 4)
    return Product(
        index=index,
        sku=dice.pick(_ODD_SKUS).format(plain) if index % 16 == 7 else plain,
        # The index inside keeps ASIN and FNSKU unique whatever the dice say.
        asin=f"B0{base36(dice.roll(36**4), 4)}{tail}",
        fnsku=f"X00{base36(dice.roll(36**3), 3)}{tail}",
        title=(
            f"{dice.pick(_ADJECTIVES)} {dice.pick(_NOUNS)} {dice.pick(_PRAISE)}, "
            f"model {index}{dice.pick(_ENDS)}"
        ),
        price_cents=price,
        fee_cents=dice.between(250, 900),
        commission_percent=dice.pick((8, 12, 15, 15, 15)),
        cost_cents=price * dice.between(22, 38) // 100,
        sides=(side, side * dice.between(50, 90) // 100, side * dice.between(10, 45) // 100),
        weight=dice.between(40, 900),
        centers=_three(profile.centers, first),
    )


def base36(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits = BASE36[digit] + digits
    return digits


def _three(centers: tuple[str, ...], first: int) -> tuple[str, str, str]:
    count = len(centers)
    return centers[first], centers[(first + 1) % count], centers[(first + 3) % count]
