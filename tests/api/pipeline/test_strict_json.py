"""Strict JSON: what passes is what RFC 8259 and I-JSON allow; what does not names its place."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.errors import Rejection
from api.pipeline.strict_json import MAX_NUMBER_CHARACTERS, parse
from contracts.reasons import Reason

DEPTH = 32


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b' \r\n\t{"a": [1, -2, 3.5, 1e3, true, false, null, ""]}\n', None),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ('{"a": "😀 é"}'.encode(), {"a": "😀 é"}),
        (b'{"a": "\\\\ud800"}', {"a": "\\ud800"}),
        (b'{"a": {"x": 1}, "b": {"x": 1}}', {"a": {"x": 1}, "b": {"x": 1}}),
        (b'{"a": "NaN Infinity [[[{{{"}', {"a": "NaN Infinity [[[{{{"}),
        (b'{"a": "\\u0000"}', {"a": "\0"}),
        (b"[" * DEPTH + b"]" * DEPTH, None),
        (b'{"n": ' + b"9" * MAX_NUMBER_CHARACTERS + b"}", None),
        (b"[]", []),
        (b'"text"', "text"),
        (b"null", None),
        (b"[19.90]", [19.9]),
        (b"[0.1234567890123456789, 0.0]", [Decimal("0.1234567890123456789"), 0.0]),
        (b"[12345678901234567.89]", [Decimal("12345678901234567.89")]),
        (b"[1e-400, 0e-400]", [Decimal("1e-400"), 0.0]),
    ],
)
def test_takes_what_is_json(body: bytes, value: Any) -> None:
    expected = json.loads(body) if value is None else value
    assert parse(body, max_depth=DEPTH) == expected


@pytest.mark.parametrize(
    ("body", "reason", "detail"),
    [
        (b"", Reason.BODY_EMPTY, "the body is empty"),
        (b" \r\n", Reason.BODY_EMPTY, "the body is empty"),
        (b"NaN", Reason.JSON_INVALID, "NaN is not JSON: line 1, column 1"),
        (b'{"s": "NaN",\n "a": NaN}', Reason.JSON_INVALID, "NaN is not JSON: line 2, column 7"),
        (b"[Infinity]", Reason.JSON_INVALID, "Infinity is not JSON: line 1, column 2"),
        (b"[-Infinity]", Reason.JSON_INVALID, "-Infinity is not JSON: line 1, column 2"),
        (
            b'{"s": "1e999", "a": 1e999}',
            Reason.JSON_INVALID,
            "a number beyond a double: line 1, column 21",
        ),
        (b"[-1e999]", Reason.JSON_INVALID, "a number beyond a double: line 1, column 2"),
        (b"[1e-999]", Reason.JSON_INVALID, "a number too close to zero: line 1, column 2"),
        (b"[1e-99999999999999999999]", Reason.JSON_INVALID, "an exponent of too many digits"),
        (
            b"[" + b"1" * 5000 + b"]",
            Reason.JSON_INVALID,
            "a number of more than 400 characters: line 1, column 2",
        ),
        (
            b"[0." + b"1" * 5000 + b"]",
            Reason.JSON_INVALID,
            "a number of more than 400 characters: line 1, column 2",
        ),
        (
            b'{"a": 1, "b": {"x": [{"q": 1, "q" : 2}]}}',
            Reason.JSON_DUPLICATE_KEY,
            'the key "q" stands twice in one object: line 1, column 31',
        ),
        (
            b'{"a": 1, "\\u0061": 2}',
            Reason.JSON_DUPLICATE_KEY,
            'the key "a" stands twice in one object: line 1, column 10',
        ),
        (
            b'[{"a": "a", "b": "a", "a": 1} ] nonsense',
            Reason.JSON_DUPLICATE_KEY,
            'the key "a" stands twice in one object: line 1, column 23',
        ),
        (
            b'{"a": "\\ud800"}',
            Reason.JSON_INVALID,
            "a surrogate escape without its other half: line 1, column 8",
        ),
        (
            b'{"\\uDC00": 1}',
            Reason.JSON_INVALID,
            "a surrogate escape without its other half: line 1, column 3",
        ),
        (
            b'["\\ude00\\ud83d"]',
            Reason.JSON_INVALID,
            "a surrogate escape without its other half: line 1, column 3",
        ),
        (
            b"[" * 100_000,
            Reason.JSON_TOO_DEEP,
            "more than 32 levels deep: line 1, column 33",
        ),
        (
            b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
            Reason.JSON_TOO_DEEP,
            "more than 32 levels deep: line 1, column 161",
        ),
        ('{"a": 1}'.encode("utf-16"), Reason.ENCODING_UNSUPPORTED, "the body is UTF-16"),
        ('{"a": 1}'.encode("utf-16-be"), Reason.ENCODING_UNSUPPORTED, "the body is UTF-16-BE"),
        ('{"a": 1}'.encode("utf-32"), Reason.ENCODING_UNSUPPORTED, "the body is UTF-32"),
        (
            b"\xef\xbb\xbf{}",
            Reason.ENCODING_UNSUPPORTED,
            "the body is UTF-8 with a byte order mark",
        ),
        (
            b'{"a": "\xff"}',
            Reason.ENCODING_UNSUPPORTED,
            "the body is not UTF-8: invalid start byte at byte 7",
        ),
        (b'{"a": "\xed\xa0\x80"}', Reason.ENCODING_UNSUPPORTED, "the body is not UTF-8"),
        (b'{"a": "\xc0\xaf"}', Reason.ENCODING_UNSUPPORTED, "the body is not UTF-8"),
        (b'{"a": 1} x', Reason.JSON_INVALID, "Extra data: line 1, column 10"),
        (b"{} {}", Reason.JSON_INVALID, "Extra data"),
        (b'{"a": 01}', Reason.JSON_INVALID, "Expecting ',' delimiter: line 1, column 8"),
        (b'{"a": +1}', Reason.JSON_INVALID, "Expecting value: line 1, column 7"),
        (b"{'a': 1}", Reason.JSON_INVALID, "Expecting property name"),
        (b'{"a": 1,}', Reason.JSON_INVALID, ""),
        (b'{"a": "x\ny"}', Reason.JSON_INVALID, "Invalid control character at: line 1, column 9"),
        (b'{"a": "\\x41"}', Reason.JSON_INVALID, "Invalid \\escape"),
        (b'{"a": "', Reason.JSON_INVALID, "Unterminated string starting at: line 1, column 7"),
        (b'{"a":\x00 1}', Reason.JSON_INVALID, "Expecting value"),
        (b"{}\xc2\xa0", Reason.JSON_INVALID, "Extra data"),
    ],
)
def test_refuses_what_is_not(body: bytes, reason: Reason, detail: str) -> None:
    with pytest.raises(Rejection) as refused:
        parse(body, max_depth=DEPTH)
    assert refused.value.reason is reason
    assert refused.value.detail.startswith(detail)


@given(
    st.binary(max_size=200)
    | st.text('[]{}:,"\\ud80abeE+-.019 \nNaIfity', max_size=60).map(str.encode)
)
@example(b'["\\\\", "\\ud83d\\ude00", NaN1')
@example(b'{"a":1,"a":2')
@example(b'{"a":1,"a":2}}}')
def test_any_bytes_give_a_plain_value_or_a_reason(body: bytes) -> None:
    found = outcome(body)
    if isinstance(found, Rejection):
        assert found.status in (400, 415)
    else:
        json.dumps(found, allow_nan=False, ensure_ascii=False, default=_number).encode()
        assert as_written(found) == json.loads(body, parse_float=Decimal)


def _number(value: Any) -> float:
    assert isinstance(value, Decimal)
    return float(value)


def as_written(value: Any) -> Any:
    """The same with each float as the decimal that its shortest text has."""
    match value:
        case float():
            return Decimal(repr(value))
        case list():
            return [as_written(each) for each in value]
        case dict():
            return {key: as_written(each) for key, each in value.items()}
        case _:
            return value


LITERALS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)


@given(LITERALS)
@example("0.1000000000000000055511151231257827")
@example("12345678901234567.89")
@example("9007199254740993.0")
@example("0.30000000000000004")
@example("1e-320")
@example("1e-400")
@example("4.9406564584124654e-324")
def test_a_number_is_what_was_written_to_the_last_digit(literal: str) -> None:
    found = outcome(literal.encode())
    if isinstance(found, Rejection):
        assert "beyond a double" in found.detail or "close to zero" in found.detail
    else:
        assert as_written(found) == Decimal(literal)
        assert isinstance(found, int | Decimal) or float(literal) == found


def outcome(body: bytes) -> Any:
    try:
        return parse(body, max_depth=4)
    except Rejection as rejection:
        return rejection


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_every_json_value_comes_through(value: Any, ascii_only: bool) -> None:
    assert parse(json.dumps(value, ensure_ascii=ascii_only).encode(), max_depth=64) == value


@given(VALUES)
def test_depth_is_counted_exactly(value: Any) -> None:
    def depth(value: Any) -> int:
        match value:
            case dict():
                return 1 + max(map(depth, value.values()), default=0)
            case list():
                return 1 + max(map(depth, value), default=0)
            case _:
                return 0

    body = json.dumps(value).encode()
    assert parse(body, max_depth=max(1, depth(value))) == value
    if depth(value) > 1:
        with pytest.raises(Rejection) as refused:
            parse(body, max_depth=depth(value) - 1)
        assert refused.value.reason is Reason.JSON_TOO_DEEP


def test_minus_zero_and_the_largest_double_are_numbers() -> None:
    assert math.copysign(1, parse(b"-0.0", max_depth=1)) == -1
    assert parse(b"1.7976931348623157e308", max_depth=1) == 1.7976931348623157e308
