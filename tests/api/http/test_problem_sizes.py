"""Problem documents stay small, whatever was sent, and say what they leave out."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from api import paths
from api.errors import STATUS, Rejection
from api.http.blueprint import batch_answer
from api.http.problems import (
    BATCH_PROBLEMS_BYTES,
    LEAST_PROBLEM_BYTES,
    PROBLEM_BYTES,
    bytes_for_each,
    problem,
)
from api.model import Outcome
from contracts.model.validation import MAX_VIOLATIONS, Violation
from contracts.reasons import Reason
from tests.api.world import CLICK, World, post, with_event

LONGEST_EVENT = "e" * 63
CORRELATION_ID = "c" * 64
ENVELOPE_BYTES = 256
"""More than an answer has around the documents, for each event."""

WIDE = with_event(
    "wide",
    {
        "tags": {
            "type": "object",
            "description": "Numbers by name.",
            "additionalProperties": {"type": "integer", "description": "A number."},
        },
        "codes": {
            "type": "array",
            "description": "Codes.",
            "items": {"type": "string", "pattern": "^[a-z]{2}$", "description": "A code."},
        },
        "kind": {
            "type": "string",
            "description": "One of many.",
            "enum": [f"kind-{number}" for number in range(1000)],
        },
    },
)
GOOD: dict[str, Any] = {"tags": {}, "codes": [], "kind": "kind-1"}


def told(answer: TestResponse) -> dict[str, Any]:
    """The document in an answer, which has to be small and JSON."""
    assert answer.status_code == 422
    assert len(answer.data) <= PROBLEM_BYTES
    document: dict[str, Any] = json.loads(answer.data)
    return document


def wide(**data: Any) -> dict[str, Any]:
    return {"event": "wide", "token": None, "data": {**GOOD, **data}}


def in_all(document: dict[str, Any]) -> int:
    """How many violations there are, shown or not."""
    assert 1 <= len(document["violations"]) <= MAX_VIOLATIONS
    more: int = document.get("more_violations", 0)
    assert ("more_violations" in document) == (more > 0)
    return len(document["violations"]) + more


HUGE = {
    "a value of 60 kB": (wide(kind="x" * 60_000), 1),
    "a value of 5,000 emoji": (wide(kind="\N{GRINNING FACE}" * 5_000), 1),
    "a value of control characters": (wide(kind="\x01" * 9_000), 1),
    "a value of quotes": (wide(kind='"' * 30_000), 1),
    "a key of 50 kB": (wide(**{"k" * 50_000: 1}), 1),
    "a key of 50 kB in a map": (wide(tags={"k" * 50_000: "x"}), 1),
    "a key of slashes": (wide(**{"/~" * 20_000: 1}), 1),
    "a key of quotes": (wide(**{'"' * 25_000: 1}), 1),
    "a key of control characters": (wide(tags={"\x01" * 9_000: "x"}), 1),
    "50 keys of 1 kB": (wide(**{f"{number:02}" * 500: 1 for number in range(50)}), 50),
    "40 keys of 1 kB of emoji": (
        wide(tags={"\N{GRINNING FACE}" * 99 + str(number): "x" for number in range(40)}),
        40,
    ),
    "20 values of quotes": (wide(codes=['"' * 1000] * 20), 20),
    "700 values": (wide(codes=["\x01" * 5] * 700), 700),
    "1,000 unknown keys": (wide(**{f"unknown-{number}": 1 for number in range(1000)}), 1000),
    "exactly as many as are shown": (wide(codes=["x"] * 20), 20),
    "one more": (wide(codes=["x"] * 21), 21),
}


@pytest.mark.parametrize(("request_", "violations"), HUGE.values(), ids=HUGE.keys())
def test_the_answer_to_a_huge_mistake_is_small(request_: Any, violations: int) -> None:
    world = World(WIDE)
    assert in_all(told(post(world.client(), request_))) == violations
    assert world.publisher.published == []


@pytest.mark.parametrize("number", [1, 19, 20, 21, 300])
def test_a_broken_envelope_tells_how_much_is_wrong(number: int) -> None:
    sent = {**CLICK, **{f"extra-{index}": 1 for index in range(number)}}
    assert in_all(told(post(World().client(), sent))) == number


def test_the_dry_run_is_small_too() -> None:
    answer = World(WIDE).client().post(paths.VALIDATE, json=HUGE["20 values of quotes"][0])
    assert len(answer.data) <= PROBLEM_BYTES + ENVELOPE_BYTES
    assert in_all(answer.get_json()["problem"]) == 20


@pytest.mark.parametrize("request_", [each[0] for each in HUGE.values()], ids=HUGE.keys())
def test_in_a_batch_a_lonely_mistake_is_told_as_ever(request_: Any) -> None:
    client = World(WIDE).client()
    alone = told(post(client, request_))
    answer = client.post(paths.BATCH, json=[wide(), request_])
    in_batch = answer.get_json()["results"][1]["problem"]
    assert {**in_batch, "correlation_id": None} == {**alone, "correlation_id": None}


def line(**data: Any) -> str:
    request = {"event": "wide", "token": None, "data": data}
    return json.dumps(request, separators=(",", ":"))


LINES = {
    "unknown keys": line(**{f"{number:x}": 1 for number in range(200)}),
    "keys of control characters": line(**{"\x01" * 300: 1}),
    "values of quotes": line(codes=['"' * 15] * 50),
    "no JSON": "{" * 30,
    "unknown events": json.dumps({"event": "x" * 63, "token": None, "data": {}}),
    "numbers": "1",
}


@pytest.mark.parametrize("event", LINES.values(), ids=LINES.keys())
def test_the_answer_to_500_bad_events_is_bounded(event: str) -> None:
    body = "\n".join([event] * 500)
    answer = World(WIDE).client().post(paths.BATCH, data=body, content_type="application/x-ndjson")
    assert len(body) <= 1_048_576
    assert len(answer.data) <= BATCH_PROBLEMS_BYTES + 500 * ENVELOPE_BYTES
    results = json.loads(answer.data)["results"]
    assert len(results) == 500
    for each in results:
        assert "violations" not in each["problem"] or in_all(each["problem"]) > 0


def test_each_of_500_still_says_something_and_counts_the_rest() -> None:
    answer = World(WIDE).client().post(paths.BATCH, json=[wide(codes=["x"] * 100)] * 500)
    for each in answer.get_json()["results"]:
        assert in_all(each["problem"]) == 100
        assert each["problem"]["violations"][0]["pointer"] == "/data/codes/0"


@pytest.mark.parametrize(
    ("refused", "limit_bytes"),
    [
        (0, PROBLEM_BYTES),
        (1, PROBLEM_BYTES),
        (64, PROBLEM_BYTES),
        (65, 16_131),
        (500, 2_097),
        (512, LEAST_PROBLEM_BYTES),
        (100_000, LEAST_PROBLEM_BYTES),
    ],
)
def test_the_documents_of_a_batch_share_its_bytes(refused: int, limit_bytes: int) -> None:
    assert bytes_for_each(refused) == limit_bytes
    assert refused > 512 or refused * limit_bytes <= BATCH_PROBLEMS_BYTES


# Whatever the parts are made of.

TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
LONG_TEXTS = st.builds(lambda text, times: text * times, TEXTS, st.sampled_from([1, 20, 1500]))
EXPECTED = st.none() | st.booleans() | st.integers() | LONG_TEXTS | st.lists(LONG_TEXTS, max_size=3)
KEYWORDS = st.sampled_from(["type", "required", "additionalProperties", "unevaluatedProperties"])
VIOLATIONS = st.builds(Violation, LONG_TEXTS, KEYWORDS, LONG_TEXTS, EXPECTED)
REFUSALS = st.builds(
    Rejection,
    st.sampled_from(sorted(STATUS)),
    LONG_TEXTS,
    violations=st.lists(VIOLATIONS, max_size=5).flatmap(
        lambda found: st.sampled_from([1, 10]).map(lambda times: tuple(found * times))
    ),
    more_violations=st.integers(0, 10**9 - 100),
    event=st.none() | st.just(LONGEST_EVENT),
    version=st.none() | st.just(2**31 - 1),
)


@settings(deadline=None)
@given(REFUSALS, st.integers(LEAST_PROBLEM_BYTES, PROBLEM_BYTES))
def test_no_refusal_exceeds_the_limit(rejection: Rejection, limit_bytes: int) -> None:
    raw = orjson.dumps(problem(rejection, correlation_id=CORRELATION_ID, limit_bytes=limit_bytes))
    assert len(raw) <= limit_bytes
    document = json.loads(raw)
    if not rejection.violations:
        assert not document.keys() & {"violations", "more_violations"}
        return
    assert in_all(document) == len(rejection.violations) + rejection.more_violations
    for shown, violation in zip(document["violations"], rejection.violations, strict=False):
        assert shown["keyword"] == violation.keyword
        assert violation.pointer.startswith(shown["pointer"].removesuffix("…"))


@settings(deadline=None, max_examples=25)
@given(st.lists(REFUSALS, min_size=1, max_size=3), st.integers(1, 500))
def test_no_batch_exceeds_its_limit(rejections: list[Rejection], events: int) -> None:
    outcomes: list[Outcome] = [rejections[index % len(rejections)] for index in range(events)]
    raw = orjson.dumps(batch_answer(outcomes, correlation_id=CORRELATION_ID))
    assert len(raw) <= BATCH_PROBLEMS_BYTES + events * ENVELOPE_BYTES
    assert len(json.loads(raw)["results"]) == events


def test_what_fits_is_not_cut() -> None:
    text = "é" * 150
    rejection = Rejection(
        Reason.DATA_INVALID, text, violations=(Violation(text, "const", text, text[:149]),)
    )
    document = problem(rejection, correlation_id="c-1")
    (shown,) = document["violations"]
    assert (document["detail"], shown["pointer"], shown["message"]) == (text, text, text)
    assert shown["expected"] == text[:149]
    longer = problem(Rejection(Reason.DATA_INVALID, text + "é"), correlation_id="c-1")
    assert longer["detail"].endswith("…")
    assert len(longer["detail"]) > 145
