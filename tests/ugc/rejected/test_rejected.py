"""Rejections by sort: weights add up, strangers' messages do no harm."""

from __future__ import annotations

import orjson
import pytest

from api.errors import Rejection
from api.rejections.record import Hints, key_and_value, rejected
from contracts.model.validation import Violation
from contracts.reasons import Reason
from etl.decode.rejections import each_rejection, read_rejections
from etl.testing.kafka import MemoryHistory, MemoryTopic
from tests.api.world import NOW
from ugc.rejected.listing import Sort, Tally, as_dict, tally


class Topic:
    """A topic of refused events in memory, its clock set by the test."""

    def __init__(self) -> None:
        self.now_ms = 1_000_000
        self.topic = MemoryTopic("ugc.events.rejected", 1, lambda: self.now_ms)

    def refuse(self, weight: int, *, sdk: str = "web/2.0.0", pointer: str = "/data/x") -> None:
        """What the API writes."""
        rejection = Rejection(
            Reason.DATA_INVALID,
            "no",
            violations=(Violation(pointer, "type", "no", None),),
            event="element_click",
            version=1,
        )
        hints = Hints(origin="https://kino.example", user_agent="curl/8.5", sdk=sdk)
        found = rejected(rejection, None, hints, time=NOW, correlation_id="c")
        self.topic.append(0, *key_and_value(found, weight))

    def tally(self, since_ms: int = 0) -> dict[Sort, Tally]:
        return tally(each_rejection(MemoryHistory(self.topic), since_ms))


def sort(sdk: str) -> Sort:
    return Sort("element_click@1", "data_invalid", "https://kino.example", "curl 8", sdk)


def test_the_most_frequent_come_first_by_weight_with_the_newest_example() -> None:
    topic = Topic()
    topic.refuse(2, sdk="web/1.0.0")
    topic.refuse(1, pointer="/data/old")
    topic.refuse(29, pointer="/data/new")
    assert list(topic.tally().items()) == [
        (sort("web/2.0.0"), Tally(30, "/data/new", "type", "c")),
        (sort("web/1.0.0"), Tally(2, "/data/x", "type", "c")),
    ]


def test_only_what_came_since_then_counts() -> None:
    topic = Topic()
    topic.refuse(5)
    topic.now_ms += 1_000
    topic.refuse(1)
    assert [each.number for each in topic.tally(topic.now_ms).values()] == [1]
    assert topic.tally(topic.now_ms + 1) == {}


def test_the_quality_report_reads_the_same_messages() -> None:
    topic = Topic()
    topic.refuse(30)
    found = read_rejections(MemoryHistory(topic.topic), 0)
    assert found is not None
    assert (found.by_event, found.by_reason) == ({"element_click": 30}, {"data_invalid": 30})


def test_what_is_beyond_the_top_is_in_the_total() -> None:
    topic = Topic()
    for number in range(1, 4):
        topic.refuse(number, sdk=f"web/{number}")
    found = as_dict(topic.tally(), 0, top=2)
    assert (found["total"], found["sorts"]) == (6, 3)
    assert [(each["sdk"], each["number"]) for each in found["top"]] == [("web/3", 3), ("web/2", 2)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"no json", Sort("?", "?", "?", "?", "?")),
        (b"[]", Sort("?", "?", "?", "?", "?")),
        (b'{"event": null, "code": "json_invalid"}', Sort("?", "json_invalid", "?", "?", "?")),
        (
            orjson.dumps({"contract": 5, "origin": "\x1b[31mred", "violations": [7]}),
            Sort("?", "?", "[31mred", "?", "?"),
        ),
    ],
)
def test_whatever_lies_in_the_topic_is_counted(value: bytes, expected: Sort) -> None:
    topic = Topic()
    topic.topic.append(0, None, value)
    assert topic.tally() == {expected: Tally(1)}
