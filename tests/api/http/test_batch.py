"""Many events in one request: each is judged by itself."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from api.errors import RecordTooLargeError, Rejection
from api.http import batch
from contracts.reasons import Reason
from tests.api.world import CLICK, USER, World

GOOD = json.dumps(CLICK).encode()

BAD = [
    (b'{"event": "element_click", "event": "x"}', "json_duplicate_key"),
    (b"NaN", "json_invalid"),
    (b'"\\ud800"', "json_invalid"),
    (b'"\xff"', "encoding_unsupported"),
    (b"[" * 40 + b"]" * 40, "json_too_deep"),
    (b"{} {}", "json_invalid"),
    (b"null", "envelope_invalid"),
    (json.dumps({**CLICK, "event": "nothing"}).encode(), "event_unknown"),
    (json.dumps({**CLICK, "data": {}}).encode(), "data_invalid"),
    (json.dumps({**CLICK, "token": "bad"}).encode(), "token_invalid"),
]


def send(world: World, body: Any, **options: Any) -> TestResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"data": raw, "content_type": "application/json", **options}
    return world.client().post("/api/v1/events/batch", **sent)


def statuses(answer: TestResponse) -> list[int]:
    assert answer.status_code == 207, answer.text
    return [each["status"] for each in answer.get_json()["results"]]


def test_each_event_has_its_result_in_the_order_sent() -> None:
    world = World()
    signed_in = {**CLICK, "token": world.good_token}
    answer = send(world, [CLICK, {**CLICK, "event": "nothing"}, signed_in])
    found = answer.get_json()
    assert statuses(answer) == [202, 422, 202]
    assert (found["accepted"], found["refused"]) == (2, 1)
    first, second, third = found["results"]
    assert first["timestamp"] == "2026-01-31T12:00:00.123Z"
    assert second["problem"]["code"] == "event_unknown"
    assert second["problem"]["correlation_id"] == answer.headers["X-Correlation-Id"]
    assert [str(each.event_id) for each in world.messages()] == [
        first["event_id"],
        third["event_id"],
    ]
    assert [each.user_id for each in world.messages()] == ["anonymous", USER]


@pytest.mark.parametrize(
    ("bad", "code"), BAD, ids=[code + str(at) for at, (_, code) in enumerate(BAD)]
)
def test_a_bad_event_hurts_no_neighbour(bad: bytes, code: str) -> None:
    for body, media_type in (
        (b"[" + GOOD + b"," + bad + b"," + GOOD + b"]", "application/json"),
        (b"\n".join([GOOD, bad, GOOD]), "application/x-ndjson"),
    ):
        world = World()
        answer = send(world, body, content_type=media_type)
        results = answer.get_json()["results"]
        assert [each["status"] == 202 for each in results] == [True, False, True]
        assert results[1]["problem"]["code"] == code
        assert len(world.publisher.published) == 2


@pytest.mark.parametrize(
    ("body", "expected", "places"),
    [
        (b"[" + GOOD + b",]", [202, 400], [(1, len(GOOD) + 3)]),
        (b"[" + GOOD + b",\n  ,\n" + GOOD + b"]", [202, 400, 202], [(2, 3)]),
        (b"\n [,\t" + GOOD + b"]", [400, 202], [(2, 3)]),
        (b"[\n,\n]", [400, 400], [(2, 1), (3, 1)]),
        ('["космос",]'.encode(), [422, 400], [(1, 11)]),
        (b'["\xff",]', [415, 400], [(1, 6)]),
    ],
)
def test_a_comma_too_many_is_told_with_its_place(
    body: bytes, expected: list[int], places: list[tuple[int, int]]
) -> None:
    world = World()
    answer = send(world, body)
    assert statuses(answer) == expected
    problems = [each["problem"] for each in answer.get_json()["results"] if each["status"] == 400]
    assert {each["code"] for each in problems} == {"json_invalid"}
    assert [each["detail"] for each in problems] == [
        f"an event is missing here: line {line}, column {column}" for line, column in places
    ]
    assert len(world.publisher.published) == expected.count(202)


def test_an_event_above_the_limit_of_one_event_is_refused_in_a_batch_too() -> None:
    world = World()
    padded = GOOD + b" " * (65_536 - len(GOOD))
    answer = send(world, b"[" + padded + b"," + padded + b" ," + GOOD + b"]")
    assert statuses(answer) == [202, 413, 202]
    assert answer.get_json()["results"][1]["problem"]["code"] == "body_too_large"


def test_an_event_that_kafka_will_never_take_hurts_no_neighbour() -> None:
    world = World()
    other = {**CLICK, "data": {**CLICK["data"], "page_type": "promotion"}}
    world.publisher.refuses = lambda record: (
        RecordTooLargeError("too large") if b"promotion" in record.value else None
    )
    answer = send(world, [CLICK, other, CLICK])
    assert statuses(answer) == [202, 413, 202]
    assert answer.get_json()["results"][1]["problem"]["code"] == "event_too_large"
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"\n  null", "a batch is a JSON array of events: line 2, column 3"),
        (
            b'{"event": 1}',
            "a batch is a JSON array of events, not an object (one event goes to POST"
            " /api/v1/events): line 1, column 1",
        ),
        (b" [1,\n2", "the array of events has no end: line 2, column 2"),
        (b" [1]\n \n x", "something follows the array: line 3, column 2"),
    ],
)
def test_a_whole_batch_that_is_no_array_is_told_with_its_place(body: bytes, detail: str) -> None:
    assert send(World(), body).get_json()["detail"] == detail


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        (b"", "application/json", 400, "body_empty"),
        (b" \n ", "application/x-ndjson", 400, "body_empty"),
        (GOOD, "application/json", 400, "json_invalid"),
        (b"null", "application/json", 400, "json_invalid"),
        (b"[" + GOOD, "application/json", 400, "json_invalid"),
        (b"[" + GOOD + b"] x", "application/json", 400, "json_invalid"),
        (b'["', "application/json", 400, "json_invalid"),
        (("[" + GOOD.decode() + "]").encode("utf-16"), "application/json", 400, "json_invalid"),
        (b"[" + b",".join([b"1"] * 501) + b"]", "application/json", 413, "batch_too_long"),
        (b"[" + b" " * 1_048_576 + b"]", "application/json", 413, "body_too_large"),
        (b"[]", "text/html", 415, "media_type_unsupported"),
    ],
)
def test_a_batch_that_cannot_be_taken_apart_is_refused_whole(
    body: bytes, media_type: str, status: int, code: str
) -> None:
    world = World()
    answer = send(world, body, content_type=media_type)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert world.publisher.published == []


def test_an_empty_batch_has_no_results() -> None:
    assert send(World(), b"[ ]").get_json() == {"accepted": 0, "refused": 0, "results": []}


@pytest.mark.parametrize(
    "body", [b"[" + GOOD + b", " + GOOD + b"]", GOOD + b"\r\n\n" + GOOD + b"\n"]
)
def test_a_beacon_may_hold_an_array_or_lines(body: bytes) -> None:
    assert statuses(send(World(), body, content_type="text/plain;charset=UTF-8")) == [202, 202]


def test_a_compressed_batch_is_unpacked() -> None:
    body = gzip.compress(json.dumps([CLICK] * 500).encode())
    answer = send(World(), body, headers={"Content-Encoding": "gzip"})
    assert statuses(answer) == [202] * 500


def test_what_cannot_be_stored_is_told_for_each_event() -> None:
    world = World()
    world.publisher.available = False
    answer = send(world, [CLICK, {**CLICK, "data": {}}])
    assert statuses(answer) == [503, 422]
    assert answer.headers["Retry-After"] == "5"


def test_a_token_is_asked_for_once_in_a_batch() -> None:
    world = World()
    world.auth.available = False  # so that no verdict is cached
    events = [{**CLICK, "token": world.good_token}] * 3 + [{**CLICK, "token": "bad"}] * 3
    assert statuses(send(world, events)) == [202] * 3 + [401] * 3
    assert world.auth.asked == 2


def test_each_event_is_counted() -> None:
    world = World()
    client = world.client()
    body = json.dumps([CLICK, CLICK, {**CLICK, "data": {}}])
    client.post("/api/v1/events/batch", data=body, content_type="application/json")
    told = client.get("/metrics").text
    labels = 'ugc_api_events_total{event="element_click",outcome="%s",version="1"} %s'
    assert labels % ("accepted", "2.0") in told
    assert labels % ("refused", "1.0") in told


class CountedBytes(bytes):
    """A body that counts the bytes which slices of it copy, and which are searched for lines."""

    worked_on = 0

    def count(self, *arguments: Any) -> int:
        self.worked_on += len(self[slice(*arguments[1:])])
        return super().count(*arguments)

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        self.worked_on += len(found) if isinstance(found, bytes) else 1
        return found


@pytest.mark.parametrize("gaps", [100, 200, 400])
def test_the_place_of_each_gap_is_counted_from_the_gap_before(gaps: int) -> None:
    body = CountedBytes(b"[" + b" \n ," * gaps + b" ]")
    parts = batch.split(body, media_type=batch.ARRAY, most=gaps + 1)
    assert len(parts) == gaps + 1
    assert 0 < body.worked_on <= 3 * len(body)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"[" + b"," * 1_000_000, batch.ARRAY),
        (b"[1" + b",1" * 500_000, batch.ARRAY),
        (b"1\n" * 500_000, batch.LINES),
    ],
    ids=["commas", "numbers", "lines"],
)
def test_too_many_events_end_the_work_before_the_body_is_read_on(
    body: bytes, media_type: str
) -> None:
    """The array has no end, which would be found behind the bound."""
    with pytest.raises(Rejection) as caught:
        batch.split(body, media_type=media_type, most=500)
    assert caught.value.reason is Reason.BATCH_TOO_LONG


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.lists(VALUES), st.sampled_from([None, 1]), st.booleans())
def test_an_array_comes_apart_into_its_elements(
    values: list[Any], indent: int | None, ascii_only: bool
) -> None:
    body = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode()
    parts = batch.split(body, media_type=batch.ARRAY, most=10**6)
    assert [json.loads(each) for each in parts if isinstance(each, bytes)] == values
    assert len(parts) == len(values)


@given(st.binary(max_size=60), st.sampled_from(batch.MEDIA_TYPES))
def test_any_bytes_are_taken_apart_or_refused(body: bytes, media_type: str) -> None:
    known = {Reason.BODY_EMPTY, Reason.JSON_INVALID, Reason.BATCH_TOO_LONG}
    try:
        parts = batch.split(body, media_type=media_type, most=10)
    except Rejection as rejection:
        reason, parts = rejection.reason, ()
    else:
        reason = None
    assert reason in {None, *known}
    for each in parts:
        match each:
            case Rejection():
                assert each.reason is Reason.JSON_INVALID
            case _:
                assert each in body


BLANKS = st.sampled_from([b"", b"", b" ", b"\n", b" \t\r\n"])
ELEMENTS = st.sampled_from(
    [
        b"{}", GOOD, b'{"a": [{}, {}]}', b'{"a":[{} ,\n{"b":{}},{}]}', b'{"a": "},{"}',
        b'{"a":"\\"},{"}', b'{"a": "}, {", "b": "]"}', b"[{},{}]", b"null", b"1", b'"},{"', b"",
        b"{", b"}", b"{]", b"NaN", b'"\xff"', b'{"a": NaN}', b'{"a":1,"a":2}',
        b'{"a": "\\ud800"}', b"{} {}",
    ]
)  # fmt: skip


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.tuples(BLANKS, ELEMENTS, BLANKS), max_size=6), BLANKS, BLANKS, st.integers(1, 6))
def test_objects_are_cut_where_the_brackets_say(
    elements: list[tuple[bytes, bytes, bytes]], before: bytes, after: bytes, most: int
) -> None:
    """The pieces are those of the way from bracket to bracket, or none are given."""
    body = before + b"[" + b",".join(b"".join(each) for each in elements) + b"]" + after
    cut = batch._objects(body, len(before), most)
    if cut is not None:
        assert cut == batch._elements(body, len(before), most)


def test_a_usual_batch_is_cut_without_counting_brackets() -> None:
    for separator in (b",", b", ", b" ,\n"):
        body = b" [" + separator.join([GOOD] * 3) + b" ] \n"
        assert batch._objects(body, 1, 3) == batch._elements(body, 1, 3)
        assert batch._objects(body, 1, 2) is None
    assert batch._objects(b'[{"a": "},{"}]', 0, 9) is None
