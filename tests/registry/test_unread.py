"""What a reader would drop in silence of what is written."""

from __future__ import annotations

from typing import Any

import pytest

from registry.compatibility import resolve
from registry.unread import takes_whole


def record(**fields: Any) -> dict[str, Any]:
    return {
        "type": "record",
        "name": "r",
        "fields": [
            {"name": name, "type": kind, "default": None}
            if isinstance(kind, list) and kind[0] == "null"
            else {"name": name, "type": kind}
            for name, kind in fields.items()
        ],
    }


ONE, TWO = record(a="long"), record(a="long", b=["null", "string"])


@pytest.mark.parametrize(
    ("wrap"),
    [
        lambda each: each,
        lambda each: {"type": "array", "items": each},
        lambda each: {"type": "map", "values": each},
        lambda each: ["null", each],
        lambda each: {"type": "array", "items": ["null", each]},
        lambda each: {**record(inner=each), "name": "outer"},
    ],
    ids=["record", "array", "map", "union", "array of unions", "field"],
)
def test_a_field_that_the_reader_lacks_is_found_at_any_depth(wrap: Any) -> None:
    assert not takes_whole(resolve(wrap(ONE)), resolve(wrap(TWO)))
    assert takes_whole(resolve(wrap(TWO)), resolve(wrap(ONE)))
    assert takes_whole(resolve(wrap(TWO)), resolve(wrap(TWO)))


def test_what_cannot_be_read_is_not_taken_whole() -> None:
    assert not takes_whole(resolve(record(a="long")), resolve(record(a="double")))


def test_a_record_that_holds_itself_ends() -> None:
    again = record(a="long", next=["null", "r"])
    assert takes_whole(resolve(again), resolve(again))
