"""What is kept of refused events: no token, nothing personal, and a bounded number of them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any

import pytest

from api.errors import Rejection
from api.rejections.record import (
    MAX_BODY_BYTES,
    Hints,
    Sampler,
    family,
    message,
    redacted,
    rejected,
)
from api.rejections.reporter import Outcome, RejectionSender
from api.testing.sink import InMemorySink
from contracts.model.validation import Violation
from contracts.reasons import Reason
from tests.api.world import CLICK, NOW, World, post, token

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/120.0.6099.71 Safari/537.36"
)
INVALID = {**CLICK, "data": {"element_type": 5, "page_type": "movie"}}


def kept(world: World) -> list[dict[str, Any]]:
    world.rejected.work()
    return [json.loads(value) for _, value in world.sink.taken]


def test_a_refused_event_is_kept_with_what_operators_ask_for() -> None:
    world = World()
    answer = post(
        world.client(),
        INVALID,
        headers={"Origin": "https://kino.example", "User-Agent": CHROME, "X-UGC-SDK": "web/1.4.0"},
    )
    assert answer.status_code == 422
    assert kept(world) == [
        {
            "event": "element_click",
            "contract": "element_click@1",
            "code": "data_invalid",
            "weight": 1,
            "violations": [{"pointer": "/data/element_type", "keyword": "type"}],
            "time": "2026-01-31T12:00:00.123Z",
            "correlation_id": answer.headers["X-Correlation-Id"],
            "body": {
                "event": "element_click",
                "token": None,
                "data": {"element_type": 5, "page_type": "<text of 5>"},
            },
            "origin": "https://kino.example",
            "user_agent": "Chrome 120",
            "sdk": "web/1.4.0",
        }
    ]
    assert [key for key, _ in world.sink.taken] == [b"element_click"]


def test_no_token_and_nothing_personal_is_kept() -> None:
    world = World()
    client = world.client()
    expired = token(exp=1)
    mail, phone = "ann@example.org", 79161234567
    user = "2b1cbd9e-6f1e-4c39-8a58-3a7c4d3a1f10"
    opaque = "a1b2c3d4e5f60718"
    secrets = (opaque, expired, expired[:30], expired[-30:], mail, str(phone), user, "Ann Onymous")
    bodies: list[dict[str, Any]] = [
        {**CLICK, "token": expired},
        {**CLICK, "token": 123_456},
        {**CLICK, "token": {"deep": [expired]}},
        {**CLICK, "event": expired},
        {**CLICK, "event": mail},
        {**CLICK, "event": opaque},
        {**INVALID, "data": {opaque: 1}},
        {**CLICK, mail: 1, user: 2, expired: 3},
        {**INVALID, "data": {mail: phone, user: [mail], expired: mail, "name": "Ann Onymous"}},
        {**INVALID, "data": {"access_token": 123_456, "list": [[{"phone": phone}]]}},
        {**INVALID, "data": mail},
    ]
    hints = {
        "Origin": f"https://{mail}@x",
        "User-Agent": f"Browser/1.0 ({mail}; {expired})",
        "X-UGC-SDK": expired,
    }
    for body in bodies:
        assert 400 <= post(client, body, headers=hints).status_code < 500
    for raw in (b"{" + expired.encode(), mail.encode(), json.dumps(mail).encode()):
        assert 400 <= post(client, raw, headers=hints).status_code < 500
    assert len(kept(world)) == len(bodies) + 3
    for _, value in world.sink.taken:
        assert [secret for secret in (*secrets, "123456") if secret in value.decode()] == []


def test_a_misspelt_event_is_named() -> None:
    world = World()
    post(world.client(), {**CLICK, "event": "elment_click"})
    (found,) = kept(world)
    assert (found["event"], found["code"]) == (None, "event_unknown")
    assert found["body"]["event"] == "elment_click"


def test_accepted_events_dry_runs_other_addresses_and_our_own_failures_are_not_kept() -> None:
    world = World()
    client = world.client()
    post(client, CLICK)
    client.post("/api/v1/validate", json=INVALID)
    client.post("/api/v1/validate", data=b"x", content_type="image/png")
    client.get("/api/v1/contracts/nothing")
    client.post("/nowhere", json=INVALID)
    client.get("/api/v1/events")
    world.publisher.available = False
    assert post(client, CLICK).status_code == 503
    assert kept(world) == []


def test_a_request_whose_body_is_not_read_is_kept_without() -> None:
    world = World()
    post(world.client(), CLICK, content_type="image/png")
    (found,) = kept(world)
    assert (found["code"], found["body"]) == ("media_type_unsupported", None)


def test_of_a_batch_each_refused_event_is_kept_with_its_own_body() -> None:
    world = World()
    events = [CLICK, INVALID, {**CLICK, "event": "nothing_like_it"}]
    answer = world.client().post("/api/v1/events/batch", json=events)
    assert answer.status_code == 207
    found = kept(world)
    assert [(each["code"], each["body"]["event"]) for each in found] == [
        ("data_invalid", "element_click"),
        ("event_unknown", "nothing_like_it"),
    ]


def test_an_event_that_is_missing_in_a_batch_is_kept_without_a_body() -> None:
    world = World()
    body = b"[" + json.dumps(CLICK).encode() + b",]"
    answer = world.client().post("/api/v1/events/batch", data=body, content_type="application/json")
    assert answer.status_code == 207
    assert [(each["code"], each["body"]) for each in kept(world)] == [("json_invalid", None)]


def test_a_batch_that_is_refused_as_a_whole_is_kept_once() -> None:
    world = World()
    assert world.client().post("/api/v1/events/batch", json={}).status_code == 400
    (found,) = kept(world)
    assert (found["code"], found["weight"]) == ("json_invalid", 1)


def test_what_is_no_json_is_told_by_its_length_and_hash() -> None:
    body = b'{"a": NaN}'
    expected = {"bytes": 10, "sha256": hashlib.sha256(body).hexdigest()}
    assert redacted(body) == expected


def test_a_long_body_is_told_by_its_length_and_hash() -> None:
    body = json.dumps({f"name_{n:04}": "x" for n in range(60)} | {"a": [["y"] * 64] * 64}).encode()
    found = redacted(body)
    assert found == {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    nested = json.loads("[" * 200 + "]" * 200)
    assert len(json.dumps(redacted(json.dumps(nested).encode()))) < MAX_BODY_BYTES


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (CHROME, "Chrome 120"),
        (FIREFOX, "Firefox 121"),
        ("curl/8.5.0", "curl 8"),
        ("KinoApp/3.1 secret", "KinoApp 3"),
        ("", None),
        ("ann@example.org", None),
        ("\x1b[31m", None),
    ],
)
def test_of_the_user_agent_only_the_family_is_kept(user_agent: str, expected: str | None) -> None:
    assert family(user_agent) == expected


@pytest.mark.parametrize("sdk", ["", "a b", "x" * 41, "a@b", "é", "<x>", "\x1b[0m"])
def test_an_sdk_version_that_is_not_sane_is_not_kept(sdk: str) -> None:
    assert told(hints=Hints(sdk=sdk))["sdk"] is None


@pytest.mark.parametrize(
    "origin", ["", "kino", "https://a/b", "https://u:p@x", "https://" + "x" * 101]
)
def test_an_origin_that_is_none_is_not_kept(origin: str) -> None:
    assert told(hints=Hints(origin=origin))["origin"] is None


def test_a_pointer_shows_names_and_indexes_only() -> None:
    violations = (Violation("/data/items/3/ann@example.org", "type", "secret", None),)
    assert told(violations)["violations"] == [{"pointer": "/data/items/3/?", "keyword": "type"}]


def told(violations: tuple[Violation, ...] = (), hints: Hints | None = None) -> dict[str, Any]:
    rejection = Rejection(Reason.DATA_INVALID, "secret", violations=violations)
    return message(rejected(rejection, None, hints or Hints(), time=NOW, correlation_id="c"), 1)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_what_is_held_back_is_in_the_weight_of_the_next() -> None:
    clock = Clock()
    sampler = Sampler[int](clock, per_second=5, burst=20)
    passed = [sampler.offer("k", number) for number in range(30)]
    assert passed == [1] * 20 + [None] * 10
    clock.seconds += 0.2
    assert sampler.offer("k", 30) == 11
    assert sampler.offer("k", 31) is None
    assert sampler.offer("other", 0) == 1
    assert sampler.drain() == [(31, 1)]
    assert sampler.drain() == []


def test_the_weights_add_up_whatever_comes_when() -> None:
    clock = Clock()
    sampler = Sampler[int](clock, per_second=3, burst=2)
    total = 0
    for number in range(500):
        clock.seconds += 0.07 if number % 50 else 1.5
        total += sampler.offer(number % 3, number) or 0
        if number % 120 == 0:
            total += sum(weight for _, weight in sampler.drain())
    total += sum(weight for _, weight in sampler.drain())
    assert total == 500


def test_only_so_many_keys_are_remembered() -> None:
    sampler = Sampler[str](Clock(), burst=1, max_keys=2)
    assert [sampler.offer("a", "a"), sampler.offer("a", "a"), sampler.offer("b", "b")] == [
        1,
        None,
        1,
    ]
    assert sampler.offer("c", "c") == 1, "b has nothing to tell and makes room"
    assert sampler.offer("c", "c") is None
    with pytest.raises(OverflowError):
        sampler.offer("d", "d")
    assert sampler.drain() == [("a", 1), ("c", 1)]
    assert sampler.offer("d", "d") == 1


class Kept:
    """A keeper over a topic in memory, its clock standing still."""

    def __init__(self) -> None:
        self.sink = InMemorySink()
        self.counted = dict.fromkeys(Outcome, 0)
        self.events = RejectionSender(
            self.sink, Sampler(Clock()), now=lambda: dt.datetime.now(dt.UTC), count=self._count
        )

    def refuse(self, times: int) -> None:
        for _ in range(times):
            rejection = Rejection(Reason.DATA_INVALID, "no", event="element_click", version=1)
            self.events.keep(rejection, b"{}", Hints(), correlation_id="c")

    def weight(self) -> int:
        return sum(json.loads(value)["weight"] for _, value in self.sink.taken)

    def _count(self, outcome: Outcome, number: int) -> None:
        self.counted[outcome] += number


def test_a_flood_is_a_few_messages_of_the_same_weight() -> None:
    kept = Kept()
    kept.refuse(1_000)
    kept.events.flush()
    kept.events.work()
    assert (len(kept.sink.taken), kept.weight()) == (21, 1_000)
    assert kept.counted == {Outcome.SENT: 21, Outcome.SAMPLED: 980, Outcome.LOST: 0}


def test_what_is_held_back_is_told_at_the_end() -> None:
    kept = Kept()
    kept.events.start()
    kept.refuse(100)
    kept.events.close()
    assert kept.weight() == 100


def test_what_the_topic_does_not_take_is_counted_as_lost() -> None:
    kept = Kept()
    kept.sink.available = False
    kept.refuse(3)
    kept.events.work()
    assert kept.counted == {Outcome.SENT: 0, Outcome.SAMPLED: 0, Outcome.LOST: 3}


def test_bodies_that_wait_are_bounded_in_bytes_and_told_without_beyond() -> None:
    kept = Kept()
    mebibyte = b'{"event": "' + b"x" * 2**20 + b'"}'
    many = list(Reason)[:20]
    for reason in many:
        kept.events.keep(Rejection(reason, "no"), mebibyte, Hints(), correlation_id="c")
    kept.events.work()
    bodies = [json.loads(value)["body"] for _, value in kept.sink.taken]
    assert len(bodies) == 20
    assert [each is not None for each in bodies] == [True] * 15 + [False] * 5
    kept.events.keep(Rejection(many[0], "no"), mebibyte, Hints(), correlation_id="c")
    kept.events.work()
    assert json.loads(kept.sink.taken[-1][1])["body"] is not None, "there is room again"


def test_a_body_that_finds_no_place_in_the_queue_takes_no_room() -> None:
    kept = Kept()
    for number in range(1_100):
        rejection = Rejection(Reason.DATA_INVALID, "no", event=f"event_{number % 200}", version=1)
        kept.events.keep(rejection, b"x" * 60_000, Hints(), correlation_id="c")
    kept.events.work()
    assert kept.counted[Outcome.LOST] == 100
    kept.events.keep(Rejection(Reason.BODY_EMPTY, ""), b"x" * 2**20, Hints(), correlation_id="c")
    kept.events.work()
    assert json.loads(kept.sink.taken[-1][1])["body"] == {
        "bytes": 2**20,
        "sha256": hashlib.sha256(b"x" * 2**20).hexdigest(),
    }


def test_a_place_in_a_long_name_is_kept_short() -> None:
    """A name of the sender's may be as long as a body, and stand in each of twenty places."""
    pointer = "/data" + ("/" + "k" * 50_000) * 3 + "/0" * 50_000
    rejection = Rejection(
        Reason.DATA_INVALID, "", violations=(Violation(pointer, "type", "m", None),) * 30
    )
    found = rejected(rejection, None, Hints(), time=NOW, correlation_id="c")
    assert found.violations == (("/data/?/?/?/0/0/0/0", "type"),) * 20


def test_the_counter_is_shown() -> None:
    world = World()
    client = world.client()
    post(client, INVALID)
    world.rejected.work()
    lines = client.get("/metrics").text.splitlines()
    assert 'ugc_api_rejected_records_total{outcome="sent"} 1.0' in lines
