"""Batches that take turns: one is under way, what comes meanwhile is the next, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.publish.in_flight import Batch, InFlightBatches, TooManyError


class Item:
    """Told apart by identity, as records of the same content are."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Item)

    __hash__ = None  # type: ignore[assignment]


def same(found: object, *wanted: Item) -> bool:
    assert isinstance(found, list | tuple)
    return [id(each) for each in found] == [id(each) for each in wanted]


def test_what_comes_while_a_batch_is_under_way_is_the_next_batch() -> None:
    turns: InFlightBatches[Item] = InFlightBatches(10, 10)
    a, b, c, d = Item(), Item(), Item(), Item()
    assert same(turns.add([a]).batch, a)
    assert turns.add([b]) == turns.add([c]) == Batch()
    assert same(turns.end(a, failed=False).batch, b, c)
    assert turns.add([d]) == Batch()
    assert turns.end(b, failed=False) == Batch()
    assert same(turns.end(c, failed=False).batch, d)
    assert turns.end(d, failed=False) == Batch()
    assert len(turns) == 0


def test_a_batch_is_no_longer_than_its_limit() -> None:
    turns: InFlightBatches[Item] = InFlightBatches(10, 2)
    a, b, c = Item(), Item(), Item()
    assert same(turns.add([a, b, c]).batch, a, b)
    assert turns.end(a, failed=False) == Batch()
    assert same(turns.end(b, failed=False).batch, c)


def test_items_come_in_together_or_not_at_all() -> None:
    turns: InFlightBatches[Item] = InFlightBatches(2, 2)
    with pytest.raises(TooManyError):
        turns.add([Item(), Item(), Item()])
    assert len(turns) == 0


def test_it_knows_since_when_a_batch_is_under_way() -> None:
    seconds = iter([1.0, 2.0])
    turns: InFlightBatches[Item] = InFlightBatches(10, 10, clock=lambda: next(seconds))
    a, b = Item(), Item()
    assert turns.since is None
    turns.add([a])
    turns.add([b])
    assert turns.since == 1.0
    turns.end(a, failed=False)
    assert turns.since == 2.0
    turns.end(b, failed=True)
    assert turns.since is None


def test_when_one_has_failed_those_that_waited_for_the_batch_are_dropped() -> None:
    turns: InFlightBatches[Item] = InFlightBatches(10, 10)
    a, b, c, d, e = Item(), Item(), Item(), Item(), Item()
    turns.add([a])
    turns.add([b])
    turns.add([c])
    turns.end(a, failed=False)
    turns.add([d])
    assert turns.end(b, failed=True) == Batch(), "c is still under way"
    turn = turns.end(c, failed=False)
    assert same(turn.dropped, d)
    assert not turn.batch
    assert same(turns.add([e]).batch, e), "a failure concerns one batch only"


def test_an_end_that_is_told_twice_changes_nothing() -> None:
    turns: InFlightBatches[Item] = InFlightBatches(10, 10)
    a, b = Item(), Item()
    turns.add([a])
    turns.add([b])
    assert same(turns.end(a, failed=False).batch, b)
    assert turns.end(a, failed=True) == Batch()
    assert same(turns.under_way(), b)


def test_no_more_than_the_limit_wait_or_are_under_way() -> None:
    turns: InFlightBatches[Item] = InFlightBatches(2, 2)
    a, b = Item(), Item()
    turns.add([a])
    turns.add([b])
    with pytest.raises(TooManyError):
        turns.add([Item()])
    turns.end(a, failed=False)
    turns.add([Item()])


def test_those_refused_in_company_come_again_first_in_halves() -> None:
    turns: InFlightBatches[Item] = InFlightBatches(10, 10)
    first, a, b, c, d, e = Item(), Item(), Item(), Item(), Item(), Item()
    turns.add([first])
    assert turns.is_alone
    for each in (a, b, c, d):
        turns.add([each])
    turns.end(first, failed=False)
    assert not turns.is_alone
    turns.add([e])
    assert turns.end(b, failed=False) == turns.refuse(a) == turns.refuse(c) == Batch()
    assert same(turns.refuse(d).batch, a, c)
    assert turns.refuse(c) == Batch()
    assert same(turns.refuse(a).batch, c), "in the order in which they were refused"
    assert turns.is_alone
    assert len(turns) == 4
    assert same(turns.end(c, failed=False).batch, a)
    assert same(turns.end(a, failed=False).batch, d)
    assert same(turns.end(d, failed=False).batch, e)


def test_when_one_has_failed_those_that_were_to_come_again_are_dropped_too() -> None:
    turns: InFlightBatches[Item] = InFlightBatches(10, 10)
    first, a, b, c, d = Item(), Item(), Item(), Item(), Item()
    turns.add([first])
    for each in (a, b, c):
        turns.add([each])
    turns.end(first, failed=False)
    turns.add([d])
    turns.refuse(a)
    turns.refuse(b)
    assert same(turns.refuse(c).batch, a, b)
    assert turns.refuse(a) == Batch()
    assert same(turns.end(b, failed=True).dropped, a, c, d)
    assert len(turns) == 0


def test_what_has_ended_is_not_refused_afterwards() -> None:
    turns: InFlightBatches[Item] = InFlightBatches(10, 10)
    a = Item()
    turns.add([a])
    turns.end(a, failed=False)
    assert turns.refuse(a) == Batch()
    assert len(turns) == 0


@given(st.lists(st.integers(1, 12), max_size=200), st.integers(1, 30))
def test_a_broker_that_judges_whole_batches_refuses_only_what_is_too_large_itself(
    sizes: list[int], most: int
) -> None:
    turns: InFlightBatches[Item] = InFlightBatches(1000, 1000)
    first, items = Item(), [Item() for _ in sizes]
    size = dict(zip(map(id, items), sizes, strict=True))
    turns.add([first])
    for each in items:
        turns.add([each])
    turn = turns.end(first, failed=False)
    taken, refused, batches = [], [], 0
    while batch := turn.batch:
        batches += 1
        if sum(size[id(each)] for each in batch) <= most:
            taken += batch
            end: Callable[[Item], Batch[Item]] = partial(turns.end, failed=False)
        elif turns.is_alone:
            refused += batch
            end = partial(turns.end, failed=False)
        else:
            end = turns.refuse
        turn = [end(each) for each in batch][-1]
    assert sorted(size[id(each)] for each in taken) == sorted(x for x in sizes if x <= most)
    assert sorted(size[id(each)] for each in refused) == sorted(x for x in sizes if x > most)
    assert batches <= 2 * len(sizes)
    assert len(turns) == 0


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9))))
def test_each_item_is_handed_over_or_dropped_once_and_in_order(
    steps: list[tuple[bool, bool, int]],
) -> None:
    turns: InFlightBatches[Item] = InFlightBatches(1000, 1000)
    order: dict[int, int] = {}
    fates: list[int] = []
    items: list[Item] = []

    def told(turn: Batch[Item]) -> None:
        assert not (turn.batch and turn.dropped)
        fates.extend(order[id(each)] for each in [*turn.batch, *turn.dropped])

    for is_new, failed, which in steps:
        under_way = list(turns.under_way())
        if is_new or not under_way:
            items.append(Item())
            order[id(items[-1])] = len(items)
            told(turns.add([items[-1]]))
        else:
            told(turns.end(under_way[which % len(under_way)], failed=failed))
    while under_way := list(turns.under_way()):
        told(turns.end(under_way[0], failed=False))
    assert fates == sorted(order.values())
    assert len(turns) == 0
