"""Laws of the pure world, for any seed, size and moment."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings, strategies as st

from recoup.sandbox.world.dice import Dice, derive_key
from recoup.sandbox.world.instants import DAY, Instant
from recoup.sandbox.world.money_tree import Node, add_up, grow
from recoup.sandbox.world.orders import MAX_OPEN, MAX_REFUND_DELAY, MAX_UPDATE_DELAY
from recoup.sandbox.world.seller import SPAN_DAYS, SellerWorld
from recoup.sandbox.world.timeline import Timeline

MIDNIGHT = Instant(20_000 * DAY)
START = Instant(MIDNIGHT - SPAN_DAYS * DAY)

worlds = st.builds(
    lambda seed, orders: SellerWorld(derive_key(seed), START, orders),
    st.integers(0, 1000),
    st.integers(0, 120),
)
inhabited = worlds.filter(lambda world: world.orders_per_span > 0)
edges = st.integers(0, 40 * DAY).map(lambda more: Instant(MIDNIGHT + more))
cuts = st.lists(st.integers(START, MIDNIGHT + 40 * DAY), max_size=6)


def windows(edge: Instant, places: list[int]) -> list[tuple[Instant, Instant]]:
    """All of time up to the edge, split at the places."""
    ends = [START, *sorted(place for place in places if place <= edge), edge]
    return [(Instant(a), Instant(b)) for a, b in pairwise(ends)]


@given(worlds, edges, cuts)
@settings(max_examples=60, deadline=None)
def test_windows_of_creation_share_the_orders_out(world, edge, places):
    """However time is split, each order is created in exactly one window."""
    book = world.orders
    found = [index for a, b in windows(edge, places) for index in book.created_in(a, b, edge)]

    assert found == list(range(book.count(edge)))


@given(worlds, edges, cuts)
@settings(max_examples=60, deadline=None)
def test_windows_of_update_share_the_orders_out(world, edge, places):
    """However time is split, each order was last updated in exactly one window."""
    book = world.orders
    found = [
        index
        for a, b in windows(edge, places)
        for index in book.maybe_updated_in(a, b, edge)
        if a <= book.dates(index).last_updated(edge) < b
    ]

    assert sorted(found) == list(range(book.count(edge)))


@given(worlds, edges, cuts)
@settings(max_examples=60, deadline=None)
def test_windows_of_posting_share_the_ledger_out(world, edge, places):
    """However time is split, each entry of the ledger is posted in exactly one window."""
    whole = [entry for _, entry in world.ledger.iter_entries(START, edge, edge)]
    split = [
        entry
        for a, b in windows(edge, places)
        for _, entry in world.ledger.iter_entries(a, b, edge)
    ]

    assert len(set(whole)) == len(whole)
    assert set(split) == set(whole)
    assert len(split) == len(whole)


@given(worlds, st.data())
@settings(max_examples=40, deadline=None)
def test_the_ledger_goes_on_from_any_position(world, data):
    """Reading from the position of an entry gives that entry and all after it."""
    whole = list(world.ledger.iter_entries(START, MIDNIGHT, MIDNIGHT))
    place = data.draw(st.integers(0, len(whole) - 1))
    rest = world.ledger.iter_entries(START, MIDNIGHT, MIDNIGHT, since=whole[place][0])

    assert list(rest) == whole[place:]


@given(st.integers(0, 1000), st.integers(0, 5000), st.integers(-DAY, 500 * DAY))
@settings(deadline=None)
def test_a_timeline_counts_what_it_places(seed, count, offset):
    """The events before a moment are those whose time is before it, and no others."""
    timeline = Timeline(derive_key(seed), "x", START, SPAN_DAYS * DAY, count)
    moment = Instant(START + offset)
    number = timeline.count_before(moment)

    assert number == 0 or timeline.at(number - 1) < moment
    assert count == 0 or timeline.at(number) >= moment


@given(st.integers(0, 1000), st.integers(0, 300))
@settings(max_examples=30, deadline=None)
def test_exactly_the_configured_orders_exist_at_first(seed, orders):
    """`orders` is the number created in the 360 days before today."""
    world = SellerWorld(derive_key(seed), START, orders)

    assert world.orders.count(MIDNIGHT) == orders
    assert all(world.orders.dates(index).created >= START for index in range(orders))


@given(inhabited, st.integers(0, 10**7))
def test_an_order_id_leads_back_to_its_order(world, index):
    """Order ids are unique because each leads back to the one order that has it."""
    far = Instant(MIDNIGHT + 10**6 * DAY)
    expected = index if index < world.orders.count(far) else None

    assert world.orders.find_index(world.orders.order_id(index), far) == expected


@given(inhabited, st.integers(0, 10**6))
def test_nothing_happens_later_than_its_bound(world, index):
    """The bounds by which windows are searched hold for every order."""
    dates = world.orders.dates(index)
    refunded = world.orders.find_refund_time(index)

    assert dates.last_updated(Instant(2**60)) < dates.created + MAX_UPDATE_DELAY
    assert min(end for end in (dates.shipped, dates.cancelled) if end) < dates.created + MAX_OPEN
    assert refunded is None or refunded < dates.created + MAX_REFUND_DELAY


@given(inhabited, st.lists(st.integers(0, 2000), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_the_order_of_asking_does_not_matter(world, indexes):
    """A second reader who asks in another order hears the same stories."""
    again = SellerWorld(world.key, world.start, world.orders_per_span)
    first = {index: world.orders.story(index) for index in indexes}
    second = {index: again.orders.story(index) for index in reversed(indexes)}

    assert first == second


def leaf_sum(nodes: tuple[Node, ...]) -> Decimal:
    return sum(
        (leaf_sum(node.children) if node.children else node.amount for node in nodes), Decimal(0)
    )


def parents_fit(nodes: tuple[Node, ...]) -> bool:
    return all(
        not node.children or (node.amount == leaf_sum(node.children) and parents_fit(node.children))
        for node in nodes
    )


@given(worlds)
@settings(max_examples=30, deadline=None)
def test_the_money_of_a_transaction_adds_up(world):
    """Parents are the sums of their children, the total is the sum of the leaves and of the items."""
    for one in world.iter_transactions(MIDNIGHT):
        tree = grow(one.leaves)

        assert parents_fit(tree)
        assert leaf_sum(tree) == one.total
        assert not one.items or add_up(item.leaves for item in one.items) == one.leaves


@given(worlds)
@settings(max_examples=30, deadline=None)
def test_a_refund_is_no_more_than_the_sale(world):
    """What is refunded was shipped before, in units and in money."""
    for index in range(world.orders.count(MIDNIGHT)):
        story = world.orders.story(index)
        if story.refund is not None:
            assert story.dates.shipped is not None
            assert story.dates.shipped < story.refund.posted
            assert 1 <= story.refund.quantity <= story.lines[story.refund.line].quantity


@given(st.integers(), st.integers(1, 10**6), st.integers(1, 40))
def test_dice_stay_on_the_table(seed, sides, rolls):
    """A roll is always one of the sides, however often it is rolled."""
    dice = Dice(derive_key(seed), "x")

    assert all(0 <= dice.roll(sides) < sides for _ in range(rolls))
