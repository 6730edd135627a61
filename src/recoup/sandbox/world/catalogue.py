"""The products a seller sells."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from recoup.sandbox.world.dice import Dice, code

BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CENT = Decimal("0.01")

_ADJECTIVES = ("Folding", "Steel", "Bamboo", "Large", "Travel", "Silent", "Classic", "Café")
_NOUNS = ("Bottle", "Lamp", "Shelf", "Knife Set", "Backpack", "Kettle", "Yoga Mat", "Cable")
# Real seller SKUs hold spaces and signs that must be encoded in a URL: a client has to cope
# with every sixteenth.
_ODD_SKUS = ("{} 2&3", "{}/A+B", "{} #1", "Größe-{}")


@dataclass(frozen=True, slots=True)
class Product:
    """One seller SKU. `price` and `fulfillment_fee` are per unit in the marketplace's currency."""

    index: int
    sku: str
    asin: str
    fnsku: str
    title: str
    price: Decimal
    fulfillment_fee: Decimal
    commission_percent: int


def catalogue_size(orders: int) -> int:
    """One product per 50 orders, at least 20 and at most 5000."""
    return min(5000, max(20, orders // 50))


def make_product(key: bytes, index: int) -> Product:
    dice = Dice(key, "product", index)
    plain = f"RC-{index:05d}"
    sku = dice.pick(_ODD_SKUS).format(plain) if index % 16 == 7 else plain
    return Product(
        index=index,
        sku=sku,
        # The index inside keeps ASIN and FNSKU unique whatever the dice say.
        asin=f"B0{code(key, 'asin', index, BASE36, 4)}{_base36(index, 4)}",
        fnsku=f"X00{code(key, 'fnsku', index, BASE36, 3)}{_base36(index, 4)}",
        title=f"{dice.pick(_ADJECTIVES)} {dice.pick(_NOUNS)}, model {index}",
        price=dice.between(800, 9000) * CENT,
        fulfillment_fee=dice.between(250, 900) * CENT,
        commission_percent=dice.pick((8, 12, 15, 15, 15)),
    )


def _base36(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits = BASE36[digit] + digits
    return digits
