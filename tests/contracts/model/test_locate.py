"""JSON pointer → line."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.model.locate import line_of, lines
from contracts.model.pointer import escape

TEXT = """{
  "a": {"b/c": [1,
    {"~": "}{,:\\"\\n"}, [
      2]]
  },
  "": null,
  "last": "x"
}
"""


def test_every_value_has_its_line() -> None:
    assert dict(lines(TEXT)) == {
        "": 1,
        "/a": 2,
        "/a/b~1c": 2,
        "/a/b~1c/0": 2,
        "/a/b~1c/1": 3,
        "/a/b~1c/1/~0": 3,
        "/a/b~1c/2": 3,
        "/a/b~1c/2/0": 4,
        "/": 6,
        "/last": 7,
    }


def test_what_is_missing_has_the_line_of_what_is_around_it() -> None:
    assert line_of(lines(TEXT), "/a/nope/deeper") == 2
    assert line_of(lines(TEXT), "/nope") == 1


def pointers(value: Any, at: str = "") -> set[str]:
    found = {at}
    match value:
        case dict():
            for key, inner in value.items():
                found |= pointers(inner, f"{at}/{escape(key)}")
        case list():
            for index, inner in enumerate(value):
                found |= pointers(inner, f"{at}/{index}")
        case _:
            pass
    return found


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.sampled_from([None, 1]),
)
def test_exactly_the_pointers_of_the_document_are_found(value: Any, indent: int | None) -> None:
    for ascii_only in (True, False):
        text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
        assert set(lines(text)) == pointers(value)
