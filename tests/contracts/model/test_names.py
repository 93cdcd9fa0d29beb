from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.model.names import identifier, original_name

LEGAL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
NAMES = st.one_of(st.text(max_size=12), st.text(alphabet="_x0123456789abcdef-A", max_size=12))


@given(NAMES)
def test_every_name_becomes_legal_and_comes_back(name: str) -> None:
    assert LEGAL.fullmatch(identifier(name))
    assert original_name(identifier(name)) == name


@given(st.sets(NAMES, max_size=20))
def test_distinct_names_stay_distinct(names: set[str]) -> None:
    assert len({identifier(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("page_type", "page_type"),
        ("user-id", "user_x2d_id"),
        ("+1", "_x2b_1"),
        ("1st", "_x31_st"),
        ("$ref", "_x24_ref"),
        ("имя", "_x438__x43c__x44f_"),
        ("", "_x_"),
        ("a_x41_", "a_x5f_x41_"),
    ],
)
def test_names_one_by_one(name: str, expected: str) -> None:
    assert identifier(name) == expected
