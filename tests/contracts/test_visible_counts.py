"""Counts and long texts as commands show them."""

from __future__ import annotations

import pytest

from contracts.visible import counted, shortened


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (11, "11 rows")]
)
def test_one_is_singular(number: int, told: str) -> None:
    assert counted(number, "row") == told


@pytest.mark.parametrize(("text", "told"), [("", ""), ("abc", "abc"), ("abcd", "abc…")])
def test_only_a_text_that_is_too_long_is_cut(text: str, told: str) -> None:
    assert shortened(text, 3) == told
