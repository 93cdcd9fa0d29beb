"""Batches that take turns: one is under way, what comes meanwhile is the next, nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.publish.turns import TooManyError, Turn, Turns


class Item:
    """Told apart by identity, as records of the same content are."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Item)

    __hash__ = None  # type: ignore[assignment]


def same(found: object, *wanted: Item) -> bool:
    assert isinstance(found, list | tuple)
    return [id(each) for each in found] == [id(each) for each in wanted]


def test_what_comes_while_a_batch_is_under_way_is_the_next_batch() -> None:
    turns: Turns[Item] = Turns(10)
    a, b, c, d = Item(), Item(), Item(), Item()
    assert same(turns.add(a).batch, a)
    assert turns.add(b) == turns.add(c) == Turn()
    assert same(turns.end(a, failed=False).batch, b, c)
    assert turns.add(d) == Turn()
    assert turns.end(b, failed=False) == Turn()
    assert same(turns.end(c, failed=False).batch, d)
    assert turns.end(d, failed=False) == Turn()
    assert len(turns) == 0


def test_when_one_has_failed_those_that_waited_for_the_batch_are_dropped() -> None:
    turns: Turns[Item] = Turns(10)
    a, b, c, d, e = Item(), Item(), Item(), Item(), Item()
    turns.add(a)
    turns.add(b)
    turns.add(c)
    turns.end(a, failed=False)
    turns.add(d)
    assert turns.end(b, failed=True) == Turn(), "c is still under way"
    turn = turns.end(c, failed=False)
    assert same(turn.dropped, d)
    assert not turn.batch
    assert same(turns.add(e).batch, e), "a failure concerns one batch only"


def test_an_end_that_is_told_twice_changes_nothing() -> None:
    turns: Turns[Item] = Turns(10)
    a, b = Item(), Item()
    turns.add(a)
    turns.add(b)
    assert same(turns.end(a, failed=False).batch, b)
    assert turns.end(a, failed=True) == Turn()
    assert same(turns.under_way(), b)


def test_no_more_than_the_limit_wait_or_are_under_way() -> None:
    turns: Turns[Item] = Turns(2)
    a, b = Item(), Item()
    turns.add(a)
    turns.add(b)
    with pytest.raises(TooManyError):
        turns.add(Item())
    turns.end(a, failed=False)
    turns.add(Item())


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9))))
def test_each_item_is_handed_over_or_dropped_once_and_in_order(
    steps: list[tuple[bool, bool, int]],
) -> None:
    turns: Turns[Item] = Turns(1000)
    order: dict[int, int] = {}
    fates: list[int] = []
    items: list[Item] = []

    def told(turn: Turn[Item]) -> None:
        assert not (turn.batch and turn.dropped)
        fates.extend(order[id(each)] for each in [*turn.batch, *turn.dropped])

    for is_new, failed, which in steps:
        under_way = list(turns.under_way())
        if is_new or not under_way:
            items.append(Item())
            order[id(items[-1])] = len(items)
            told(turns.add(items[-1]))
        else:
            told(turns.end(under_way[which % len(under_way)], failed=failed))
    while under_way := list(turns.under_way()):
        told(turns.end(under_way[0], failed=False))
    assert fates == sorted(order.values())
    assert len(turns) == 0
