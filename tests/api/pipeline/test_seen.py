"""A repeated ``event_id``: recognised, answered as before, and not stored again."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import redis

from api.errors import CacheUnavailableError
from api.limits.redis_calls import RedisCalls
from api.pipeline.seen import RedisSeenEvents, Seen, SeenEvents, fingerprint
from api.testing.seen import InMemorySeenEvents
from tests.api.servers import RedisServer
from tests.api.world import CLICK, World, post, with_event

ID = "0190163d-8694-739b-aea5-966c26f8ad91"
NAMED = {**CLICK, "event_id": ID}
OTHER = {**NAMED, "data": {"element_type": "category", "page_type": "movie"}}

pytestmark = pytest.mark.stack

FIRST, SECOND = uuid.UUID(int=1), uuid.UUID(int=2)
SEEN = Seen("0123456789abcdef", dt.datetime(2026, 1, 31, 12, 0, 0, 123_000, dt.UTC))


def test_the_same_again_is_answered_as_before_and_not_stored() -> None:
    world = World()
    first = post(world.client(), NAMED)
    world.now += dt.timedelta(seconds=30)
    again = post(world.client(), NAMED)
    assert (first.status_code, again.status_code) == (202, 202)
    assert "duplicate" not in first.get_json()
    assert again.get_json() == {**first.get_json(), "duplicate": True}
    assert len(world.publisher.published) == 1


def test_the_order_of_keys_and_another_token_do_not_matter() -> None:
    world = World()
    post(world.client(), NAMED)
    data = dict(reversed(CLICK["data"].items()))
    again = post(world.client(), {**NAMED, "data": data, "token": world.good_token})
    assert again.get_json()["duplicate"] is True


def test_another_event_under_the_same_id_is_refused() -> None:
    world = World()
    post(world.client(), NAMED)
    first = post(world.client(), NAMED).get_json()
    answer = post(world.client(), OTHER)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "event_id_reused")
    told = f"another event was stored as {first['event_id']} at {first['timestamp']}"
    assert answer.get_json()["detail"] == told
    assert len(world.publisher.published) == 1


def test_what_was_not_stored_is_not_known() -> None:
    world = World()
    world.publisher.available = False
    assert post(world.client(), NAMED).status_code == 503
    world.publisher.available = True
    again = post(world.client(), NAMED)
    assert again.status_code == 202
    assert "duplicate" not in again.get_json()
    assert len(world.publisher.published) == 1


def test_a_bad_token_is_told_even_of_a_known_event() -> None:
    world = World()
    post(world.client(), NAMED)
    assert post(world.client(), {**NAMED, "token": "bad"}).status_code == 401


def test_an_event_without_an_id_is_never_looked_up() -> None:
    world = World()
    post(world.client(), CLICK)
    assert world.seen.kept == {}


def test_without_redis_every_event_is_stored() -> None:
    world = World()
    world.seen.available = False
    for _ in range(2):
        assert post(world.client(), NAMED).status_code == 202
    assert len(world.publisher.published) == 2


def test_repeats_in_one_batch_share_the_fate_of_the_first() -> None:
    world = World()

    def send() -> list[Any]:
        body = json.dumps([NAMED, NAMED, OTHER])
        answer = world.client().post(
            "/api/v1/events/batch", data=body, content_type="application/json"
        )
        return [
            (each["status"], each.get("duplicate", False)) for each in answer.get_json()["results"]
        ]

    world.publisher.available = False
    assert send() == [(503, False), (503, False), (503, False)]
    world.publisher.available = True
    assert send() == [(202, False), (202, True), (409, False)]
    assert send() == [(202, True), (202, True), (409, False)]
    assert len(world.publisher.published) == 1


def test_duplicates_are_counted_apart() -> None:
    world = World()
    client = world.client()
    for _ in range(3):
        post(client, NAMED)
    told = client.get("/metrics").text
    line = 'ugc_api_events_total{event="element_click",outcome="%s",version="1"} %s'
    assert line % ("accepted", "1.0") in told
    assert line % ("duplicate", "2.0") in told


def test_a_fingerprint_is_of_event_and_image() -> None:
    assert fingerprint("a", b"1") == fingerprint("a", b"1")
    assert len({fingerprint(*each) for each in [("a", b"1"), ("b", b"1"), ("a", b"2")]}) == 3
    assert len(fingerprint("a", b"")) == 16


SPELT = with_event(
    "spelt",
    {
        "n": {"type": "integer", "description": "A number."},
        "x": {"type": "number", "description": "A number."},
        "at": {"type": "string", "format": "date-time", "description": "An instant."},
        "day": {"type": "string", "format": "date", "description": "A day."},
        "id": {"type": "string", "format": "uuid", "description": "An id."},
        "text": {"type": "string", "maxLength": 50, "description": "A text."},
        "maybe": {"type": ["string", "null"], "maxLength": 50, "description": "A text."},
        "list": {
            "type": "array",
            "items": {"type": "number"},
            "maxItems": 5,
            "description": "Numbers.",
        },
        "map": {
            "type": "object",
            "additionalProperties": {"type": "integer"},
            "maxProperties": 5,
            "description": "Numbers by name.",
        },
    },
)
BASE = {
    "n": "720",
    "x": "1.5",
    "at": '"2026-01-31T12:00:00Z"',
    "day": '"2026-01-31"',
    "id": f'"{ID}"',
    "text": '"ü/a"',
    "maybe": "null",
    "list": "[1, 2]",
    "map": '{"a": 1, "b": 2}',
}


def spelt(**changes: str) -> bytes:
    data = ", ".join(f'"{name}": {text}' for name, text in {**BASE, **changes}.items())
    return f'{{"event_id": "{ID}", "event": "spelt", "token": null, "data": {{{data}}}}}'.encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"n": "720.0"},
        {"n": "7.2e2"},
        {"x": "15e-1"},
        {"x": "1.50000000000000000000001"},
        {"at": '"2026-01-31T15:00:00+03:00"'},
        {"at": '"2026-01-31t12:00:00.000000z"'},
        {"id": f'"{ID.upper()}"'},
        {"text": r'"\u00fc\/\u0061"'},
        {"list": "[1.0, 2e0]"},
        {"map": '{"b": 2.0, "a": 1}'},
    ],
    ids=str,
)
def test_the_same_spelt_otherwise_is_the_same(changes: dict[str, str]) -> None:
    world = World(SPELT)
    assert post(world.client(), spelt()).status_code == 202
    again = post(world.client(), spelt(**changes))
    assert (again.status_code, again.get_json().get("duplicate")) == (202, True), again.text
    assert len(world.publisher.published) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"n": "721"},
        {"x": "1.5000001"},
        {"at": '"2026-01-31T12:00:00.000001Z"'},
        {"at": '"2026-01-31T12:00:00+00:01"'},
        {"day": '"2026-02-01"'},
        {"text": '"u/a"'},
        {"maybe": '""'},
        {"maybe": '"null"'},
        {"list": "[2, 1]"},
        {"map": '{"a": 2, "b": 1}'},
        {"map": '{"a": 1}'},
    ],
    ids=str,
)
def test_another_value_is_another_event(changes: dict[str, str]) -> None:
    world = World(SPELT)
    assert post(world.client(), spelt()).status_code == 202
    again = post(world.client(), spelt(**changes))
    assert (again.status_code, again.get_json()["code"]) == (409, "event_id_reused")


def test_the_same_by_another_version_is_the_same() -> None:
    """The row would hold the same: what an older version does not say is NULL in it."""
    text = {"type": "string", "maxLength": 50, "description": "A text."}
    number = {"type": "integer", "description": "A number."}
    catalog = with_event("grown", {"n": number}, {"n": number, "added": text}, optional={"added"})
    sent = {"event": "grown", "event_id": ID, "token": None, "data": {"n": 1}}
    for first, second in ((1, 2), (2, 1)):
        world = World(catalog)
        assert post(world.client(), {**sent, "version": first}).status_code == 202
        again = post(world.client(), {**sent, "version": second}).get_json()
        assert (again.get("duplicate"), again["version"]) == (True, second)
        other = {**sent, "version": 2, "data": {"n": 1, "added": "x"}}
        assert post(world.client(), other).status_code == 409


def test_a_version_that_the_newest_cannot_read_is_compared_with_itself() -> None:
    number = {"type": "integer", "description": "A number."}
    text = {"type": "string", "maxLength": 50, "description": "A text."}
    world = World(with_event("changed", {"n": number}, {"n": text}))
    sent = {"event": "changed", "version": 1, "event_id": ID, "token": None, "data": {"n": 1}}
    assert post(world.client(), sent).status_code == 202
    assert post(world.client(), sent).get_json()["duplicate"] is True
    assert post(world.client(), {**sent, "data": {"n": 2}}).status_code == 409
    assert post(world.client(), {**sent, "version": 2, "data": {"n": "1"}}).status_code == 409


def test_entries_with_another_form_of_fingerprint_count_as_none(
    real: RedisSeenEvents, raw: redis.Redis
) -> None:
    raw.set(f"event:{FIRST}", "0123456789abcdef 2026-01-31T12:00:00+00:00")
    assert real.find([FIRST]) == {}


@pytest.fixture
def real(redis_running: RedisServer, raw: redis.Redis) -> Iterator[RedisSeenEvents]:
    calls = RedisCalls(redis_running.url, timeout_seconds=30.0, failures_to_open=1)
    with closing(calls):
        yield RedisSeenEvents(calls, window_seconds=60.0)


@pytest.mark.parametrize("kind", ["in memory", "redis"])
class TestBothKinds:
    @pytest.fixture
    def seen(self, kind: str, real: RedisSeenEvents) -> SeenEvents:
        return InMemorySeenEvents() if kind == "in memory" else real

    def test_finds_what_was_remembered(self, seen: SeenEvents) -> None:
        seen.remember({FIRST: SEEN})
        assert seen.find([SECOND, FIRST]) == {FIRST: SEEN}

    def test_knows_nothing_at_first(self, seen: SeenEvents) -> None:
        assert seen.find([FIRST]) == {}


def test_redis_forgets_after_the_window(real: RedisSeenEvents, raw: redis.Redis) -> None:
    real.remember({FIRST: SEEN, SECOND: SEEN})
    assert {key.decode() for key in raw.scan_iter()} == {f"event:2:{FIRST}", f"event:2:{SECOND}"}
    assert 0 < raw.pttl(f"event:2:{FIRST}") <= 60_000


def test_an_entry_that_is_not_ours_counts_as_none(real: RedisSeenEvents, raw: redis.Redis) -> None:
    raw.set(f"event:2:{FIRST}", b"\xff")
    raw.set(f"event:2:{SECOND}", b"abc yesterday")
    assert real.find([FIRST, SECOND]) == {}


def test_one_failure_is_enough_not_to_ask_again() -> None:
    calls = RedisCalls("redis://127.0.0.1:1", timeout_seconds=30.0, failures_to_open=1)
    seen = RedisSeenEvents(calls, window_seconds=1.0)
    with pytest.raises(CacheUnavailableError, match="ConnectionError"):
        seen.find([FIRST])
    with pytest.raises(CacheUnavailableError, match="is not asked"):
        seen.remember({FIRST: SEEN})
