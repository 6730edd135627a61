"""The buyers, the same in every API that shows them. They are invented."""

from __future__ import annotations

from dataclasses import dataclass

from recoup.sandbox.world.dice import Dice
from recoup.sandbox.world.orders import OrderStory
from recoup.sandbox.world.seller import SellerWorld

_FIRST = ("Avery", "Blake", "Casey", "Devon", "Emery", "Finley", "Harper", "Jordan")
_LAST = ("Ash", "Birch", "Cedar", "Elm", "Hazel", "Linden", "Maple", "Rowan")


@dataclass(frozen=True)
class Buyer:
    """An anonymised mail address, and the address of the parcel. `state` may be empty."""

    name: str
    email: str
    street: str
    city: str
    state: str
    postal_code: str
    country: str


def buyer_of(world: SellerWorld, story: OrderStory) -> Buyer:
    dice = Dice(world.key, "buyer", story.index)
    mailbox = dice.roll(10**12)
    places = world.profile.places
    city, state, postal_code = places[story.place % len(places)]
    return Buyer(
        name=f"{dice.pick(_FIRST)} {dice.pick(_LAST)}",
        email=f"{mailbox:012d}@marketplace.amazon.com",
        street=f"{dice.between(1, 240)} Example Street",
        city=city,
        state=state,
        postal_code=postal_code,
        country=world.home.country,
    )
