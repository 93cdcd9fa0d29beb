"""The few known names that a misspelt one may mean, found with bounded work."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.nearest import LONGEST, MOST_COMPARED, MOST_LOOKED_AT, Names, did_you_mean

SHOP = Names(["cart_changed", "checkout_ended", "checkout_started", "order_placed", "qty"])


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("order_palced", ("order_placed",)),
        ("orderPlaced", ("order_placed",)),
        ("ORDER-PLACED", ("order_placed",)),
        ("order_placed_", ("order_placed",)),
        ("checkout_start", ("checkout_started", "checkout_ended")),
        ("checkout", ("checkout_ended", "checkout_started")),
        ("qyt", ("qty",)),
        ("newsletter", ()),
        ("", ()),
        ("___", ()),
        ("x" * 100_000, ()),
        ("заказ", ()),
    ],
)
def test_the_likest_names_are_found(name: str, meant: tuple[str, ...]) -> None:
    assert SHOP.near(name) == meant


def test_no_more_are_found_than_asked_for() -> None:
    assert SHOP.near("checkout", most=1) == ("checkout_ended",)


@given(st.text(max_size=LONGEST + 2))
def test_any_text_may_be_asked_for(name: str) -> None:
    assert all(len(each) <= LONGEST for each in SHOP.near(name))


@given(st.lists(st.from_regex("[a-z][a-z_]{4,20}", fullmatch=True), min_size=1, max_size=30))
def test_a_name_that_is_known_is_meant_by_itself(names: list[str]) -> None:
    for name in names:
        (found,) = Names(names).near(name)
        assert found.replace("_", "") == name.replace("_", "")


class Compared:
    """Takes down what is compared, and finds nothing alike."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, _text: str, texts: Sequence[str], _most: int) -> Sequence[str]:
        self.texts += texts
        return ()


class Entries(list[str]):
    """An entry of the index that counts how much of it is read."""

    read = 0

    def __getitem__(self, part: object) -> list[str]:  # type: ignore[override]
        found = list(self)[part]  # type: ignore[index]
        Entries.read += len(found)
        return found


@pytest.mark.parametrize("known", [10, 1_000, 10_000])
def test_the_work_has_a_bound_however_many_names_are_known(known: int) -> None:
    rng = random.Random(known)
    compared = Compared()
    names = Names(
        (f"{rng.choice(['order', 'cart'])}_{number}_ed" for number in range(known)),
        compare=compared,
    )
    index = names._by_pair
    for pair in index:
        index[pair] = Entries(index[pair])
    for hostile in ("order_ed" * 8, "abcdefghij" * 6, "e" * LONGEST, "order_0_edd"):
        Entries.read = 0
        compared.texts.clear()
        assert names.near(hostile) == ()
        assert len(compared.texts) <= MOST_COMPARED
        assert Entries.read <= MOST_LOOKED_AT


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ((), ""),
        (("a",), "; did you mean a?"),
        (("a", "b"), "; did you mean a or b?"),
        (("a", "b", "c"), "; did you mean a, b or c?"),
    ],
)
def test_the_names_are_put_into_a_question(names: tuple[str, ...], text: str) -> None:
    assert did_you_mean(names) == text
