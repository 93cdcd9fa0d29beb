"""A request, or a batch, with a context: it becomes part of the message on either way."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.http.batch_context import unwrapped
from tests.api.http.test_express import Pair, SameIds
from tests.api.world import CLICK, NOW, World, post
from tests.support.contract_folder import catalog_without_context
from tests.support.with_context import SENT, as_json, catalog_with_context

CLICK_DATA = CLICK["data"]
RECEIVED = NOW.replace(microsecond=NOW.microsecond // 1000 * 1000)
ID = "8f14e45f-ceea-467f-a000-000000000001"


def ago(seconds: float) -> str:
    moment = RECEIVED - dt.timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def world() -> World:
    return World(catalog_with_context())


def same_ids() -> World:
    return SameIds(catalog_with_context())


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair(same_ids)
    yield made
    made.close()


def said(message: Any) -> dict[str, Any]:
    """What a message has of the context."""
    prefix = "context__"
    data = {name: value for name, value in message.data.items() if value is not None}
    return {k.removeprefix(prefix): v for k, v in data.items() if k.startswith(prefix)}


def test_a_context_is_part_of_the_message_on_the_fast_way_too(pair: Pair) -> None:
    context = {**SENT, "occurred_at": ago(660)}
    status, _, _ = pair.send({**CLICK, "context": context, "sent_at": ago(600)})
    assert (status, pair.taken) == (202, 1)
    (message,) = pair.express.world.messages()
    assert said(message) == {
        **SENT,
        "occurred_at": RECEIVED - dt.timedelta(seconds=60),
        "clock": "corrected",
        "clock_skew_ms": 600_000,
    }
    assert {name: message.data[name] for name in CLICK_DATA} == CLICK_DATA


def test_an_event_without_a_context_is_taken_as_ever(pair: Pair) -> None:
    assert pair.send(CLICK)[0] == 202
    (message,) = pair.express.world.messages()
    assert said(message) == {}


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"context": {"session_id": 7}}, "/context/session_id"),
        ({"context": {"sessionId": "s"}}, "/context/sessionId"),
        ({"context": {"occurred_at": "yesterday"}}, "/context/occurred_at"),
        ({"context": None}, "/context"),
        ({"sent_at": "soon"}, "/sent_at"),
        ({"data": {**CLICK_DATA, "context__session_id": "s"}}, "/data/context__session_id"),
    ],
)
def test_what_is_wrong_with_a_context_is_told_with_its_place(
    pair: Pair, more: dict[str, Any], pointer: str
) -> None:
    status, _, body = pair.send({**CLICK, **more})
    assert status == 422
    assert [each["pointer"] for each in json.loads(body)["violations"]] == [pointer]


def test_a_project_without_a_context_takes_none() -> None:
    answer = post(World(catalog_without_context()).client(), {**CLICK, "context": SENT})
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["violations"][0]["pointer"] == "/context"


def test_a_repetition_with_another_context_is_the_same_event(pair: Pair) -> None:
    first = {**CLICK, "event_id": ID, "context": {**SENT, "occurred_at": ago(60)}}
    again = {**first, "sent_at": ago(0), "context": {**SENT, "sequence": 8}}
    assert pair.send(first)[0] == 202
    status, _, body = pair.send(again)
    assert status == 202
    assert json.loads(body)["duplicate"] is True


def test_the_dry_run_shows_what_would_be_stored() -> None:
    client = world().client()
    found = client.post(
        "/api/v1/validate",
        data=as_json({**CLICK, "context": {"session_id": "s-1"}}),
        content_type="application/json",
    ).json
    assert found is not None
    assert found["message"]["data"] == {**CLICK_DATA, "context__session_id": "s-1"}


def batch(world: World, body: object, content_type: str = "application/json") -> Any:
    raw = body if isinstance(body, bytes) else as_json(body)
    return world.client().post("/api/v1/events/batch", data=raw, content_type=content_type)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_a_context_of_a_batch_is_that_of_all_its_events(content_type: str) -> None:
    here = world()
    own = {"sequence": 8, "occurred_at": ago(30)}
    answer = batch(
        here,
        {
            "sent_at": ago(10),
            "context": SENT,
            "events": [CLICK, {**CLICK, "context": own}, {**CLICK, "data": {}}],
        },
        content_type,
    )
    assert [each["status"] for each in answer.json["results"]] == [202, 202, 422]
    first, second = here.messages()
    assert said(first) == SENT
    assert said(second) == {
        **SENT,
        "sequence": 8,
        "occurred_at": RECEIVED - dt.timedelta(seconds=20),
        "clock": "corrected",
        "clock_skew_ms": 10_000,
    }


def test_a_wrong_context_of_a_batch_stores_nothing() -> None:
    here = world()
    answer = batch(here, {"context": {"session_id": 7}, "events": [CLICK]})
    assert answer.status_code == 422
    assert answer.json["violations"][0]["pointer"] == "/context/session_id"
    assert here.messages() == []


@pytest.mark.parametrize(
    ("around", "meant"),
    [
        ({"contxt": {"session_id": "s-1"}}, "context"),
        ({"context": {"sesion_id": "s-1"}}, "session_id"),
    ],
)
def test_a_misspelt_name_around_the_events_is_told_what_it_may_mean(
    around: dict[str, Any], meant: str
) -> None:
    (violation,) = batch(world(), {**around, "events": [CLICK]}).json["violations"]
    assert violation["message"] == f"is not a known property; did you mean {meant}?"


def test_batches_as_they_were_are_taken() -> None:
    here = world()
    assert batch(here, [CLICK, CLICK]).json["accepted"] == 2
    lines = as_json(CLICK) + b"\n" + as_json({**CLICK, "context": SENT})
    assert batch(here, lines, "application/x-ndjson").json["accepted"] == 2
    assert batch(here, lines, "text/plain").json["accepted"] == 2


def test_a_bad_event_in_a_batch_with_a_context_hurts_no_other() -> None:
    here = world()
    body = b'{"context": {}, "events": [%b, {"event": NaN}, {"a": 1, "a": 2}]}' % as_json(CLICK)
    answer = batch(here, body)
    assert [each["status"] for each in answer.json["results"]] == [202, 400, 400]


WRAPPED = [
    (b'{"events": [1, [2]]}', (b'{"events": []}', b"[1, [2]]")),
    (b' {"a": {"events": [1]}, "events" : ["]"], "b": 1}', None),
    (b"[]", None),
    (b'{"events": {"a": []}}', None),
    (b'{"event": "a", "data": {"events": []}}', None),
    (b'{"a": "events", "b": [1]}', None),
    (b'{"events": [', None),
    (b'{"events": ["\\"]"]}x', (b'{"events": []}x', b'["\\"]"]')),
]


@pytest.mark.parametrize(("body", "found"), WRAPPED)
def test_the_events_are_cut_out_of_what_is_around_them(body: bytes, found: Any) -> None:
    if found is None and b'"events" :' in body:
        found = (b' {"a": {"events": [1]}, "events" : [], "b": 1}', b'["]"]')
    assert unwrapped(body) == found
