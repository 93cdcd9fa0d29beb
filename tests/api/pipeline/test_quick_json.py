"""The quick parser gives the values, and the rejections, of the strict one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.errors import Rejection
from api.pipeline import quick_json, strict_json
from tests.api.pipeline import test_strict_json as cases

DEPTH = 8


def outcome(parse: Any, body: bytes) -> object:
    """A value with its types, to the sign of a zero, or what a rejection says."""
    try:
        return repr(parse(body, max_depth=DEPTH))
    except Rejection as rejection:
        return rejection.reason, rejection.detail


def assert_same(body: bytes) -> None:
    assert outcome(quick_json.parse, body) == outcome(strict_json.parse, body)


KNOWN = [
    case[0]
    for test in (cases.test_takes_what_is_json, cases.test_refuses_what_is_not)
    for mark in test.pytestmark  # type: ignore[attr-defined]
    for case in mark.args[1]
]


@pytest.mark.parametrize("body", KNOWN, ids=lambda body: repr(body[:60]))
def test_the_cases_of_the_strict_one(body: bytes) -> None:
    assert_same(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}',
        b'{"a" :1,"a" :2,"b":":"}',
        b'{"a"\t:1,"a"\n:2,"b":"\\":"}',
        b'{"a"\r:1,"a"\r\n:2,"b":" :"}',
        b'[{"a":1},{"a":1}]',
        b'{"a":{"a":{"a":1}}}',
        b'{"a":"https://example.org/:x","b":"12:30"}',
        b'{"a":":)", "b": "\\":", "c": " : "}',
        b'{"\\u0061":1,"a":2}',
        b'{"":1,"":2}',
        b"18446744073709551615",
        b"18446744073709551616",
        b"-9223372036854775808",
        b"-9223372036854775809",
        b"9223372036854775808.0",
        b"[1e18,1e19,-1e19]",
        b"[-0,-0.0,0e5]",
        b"[0.0, 0.1000000000000000055511151231257827]",
        b"[0.30000000000000004,1.50]",
        b"[1e-400, 1]",
        b"[1E-320, 1]",
        b'{"a": 0.0, "b": "e-"}',
        b"[12345678901234567.89]",
        b"[0." + b"1" * 398 + b"]",
        b"[0." + b"1" * 399 + b"]",
        b"0." + b"1" * 399,
        b'{"a":' + b"1" * 500 + b"}",
        b'["' + b"1" * 500 + b'", 0.5]',
        b"[" * DEPTH + b"]" * DEPTH,
        b"[" * (DEPTH + 1) + b"]" * (DEPTH + 1),
        b"[[]" + b",[]" * DEPTH + b"]",
        b"\xef\xbb\xbf{}",
        b"1 2",
    ],
    ids=lambda body: repr(body[:60]),
)
def test_where_they_might_differ(body: bytes) -> None:
    assert_same(body)


PIECES = [
    "{", "}", "[", "]", ":", ",", " ", "\t", "\n", "\r", '"', '"a"', '"b"', '"a":', '"a" :', '":"',
    '"\\":"', '"\\u0061"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00"', "0", "-0", "1.5", "1e3",
    "1e999", "1e-400", "0.12345678901234567891", "123456789012345678901", "18446744073709551616",
    "true", "null", "NaN", "é", "\0",
]  # fmt: skip


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join).map(str.encode))
def test_pieces_of_json_in_any_order(body: bytes) -> None:
    assert_same(body)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40))
@example(b"\xff\xfe1\x00")
@example(b'"\xed\xa0\x80"')
def test_any_bytes(body: bytes) -> None:
    assert_same(body)


def objects(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Objects with few names, so that one often stands twice, and any white space."""
    blank = st.sampled_from(["", "", " ", "\n", "\t\r"])
    name = st.sampled_from(['"a"', '"b"', '":"', '"\\u0061"'])
    member = st.tuples(name, blank, blank, inner).map(lambda m: f"{m[0]}{m[1]}:{m[2]}{m[3]}")
    return st.lists(member, max_size=3).map(lambda found: "{" + ",".join(found) + "}")


TEXTS = st.text(st.sampled_from(list('ab": \\\té😀')), max_size=6).map(json.dumps)
NUMBERS = (st.floats(allow_nan=False, allow_infinity=False) | st.integers()).map(json.dumps)
DOCUMENTS = st.recursive(
    TEXTS | NUMBERS | st.sampled_from(["true", "null"]),
    lambda inner: (
        objects(inner) | st.lists(inner, max_size=3).map(lambda found: "[" + ", ".join(found) + "]")
    ),
    max_leaves=8,
)


@settings(max_examples=800, deadline=None)
@given(DOCUMENTS.map(str.encode))
def test_documents_with_keys_that_stand_twice(body: bytes) -> None:
    assert_same(body)


def test_an_usual_event_needs_no_second_look() -> None:
    """Texts with colons in them, as addresses and times have, are usual too."""
    event = {"event": "x", "token": None, "data": {"url": "https://e.org:80/", "at": "12:00:00Z"}}
    for body in (json.dumps(event), json.dumps(event, separators=(",", ":"), indent=2)):
        assert quick_json._is_exact(body.encode(), event)
