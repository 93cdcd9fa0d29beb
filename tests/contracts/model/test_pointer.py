"""JSON pointers: RFC 6901's own examples, and what leads nowhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.model.pointer import NOTHING, at_fragment, escape, join

# RFC 6901, section 6.
DOCUMENT = {
    "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, 'k"l': 6,
    " ": 7, "m~n": 8,
}  # fmt: skip


@pytest.mark.parametrize(
    ("fragment", "value"),
    [
        ("", DOCUMENT), ("/foo", ["bar", "baz"]), ("/foo/0", "bar"), ("/", 0), ("/a~1b", 1),
        ("/c%25d", 2), ("/e%5Ef", 3), ("/g%7Ch", 4), ("/i%5Cj", 5), ("/k%22l", 6), ("/%20", 7),
        ("/m~0n", 8),
    ],
)  # fmt: skip
def test_the_examples_of_the_specification(fragment: str, value: Any) -> None:
    assert at_fragment(DOCUMENT, fragment) == value


@pytest.mark.parametrize(
    "fragment", ["/bar", "/foo/2", "/foo/-", "/foo/x", "/foo/0/0", "/foo/-1", "/foo/٠", "/e^f/0"]
)
def test_what_leads_nowhere(fragment: str) -> None:
    assert at_fragment(DOCUMENT, fragment) is NOTHING


def test_null_is_a_value() -> None:
    assert at_fragment({"a": None}, "/a") is None


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_what_is_joined_leads_there(steps: list[str]) -> None:
    document: Any = "found"
    for step in reversed(steps):
        document = {step: document}
    assert join(steps).count("/") == len(steps)
    assert at_fragment(document, quote(join(steps), safe="/~", errors="surrogatepass")) == "found"


def test_a_step_that_is_a_number() -> None:
    assert escape(3) == "3"
