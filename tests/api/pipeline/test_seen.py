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
from api.pipeline.seen import InMemorySeenEvents, RedisSeenEvents, Seen, SeenEvents, fingerprint
from tests.api.servers import RedisServer
from tests.api.world import CLICK, World, post

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
    answer = post(world.client(), OTHER)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "event_id_reused")
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


def test_a_fingerprint_is_of_event_and_data() -> None:
    assert fingerprint("a", {"x": 1, "y": "ü"}) == fingerprint("a", {"y": "ü", "x": 1})
    assert fingerprint("a", {"x": 1}) != fingerprint("b", {"x": 1})
    assert fingerprint("a", {"x": 1}) != fingerprint("a", {"x": 2})
    assert len(fingerprint("a", {"x": 10**30})) == 16


@pytest.fixture
def real(redis_running: RedisServer, raw: redis.Redis) -> Iterator[RedisSeenEvents]:
    calls = RedisCalls(redis_running.url, timeout_seconds=1.0, failures_to_open=1)
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
    assert {key.decode() for key in raw.scan_iter()} == {f"event:{FIRST}", f"event:{SECOND}"}
    assert 0 < raw.pttl(f"event:{FIRST}") <= 60_000


def test_an_entry_that_is_not_ours_counts_as_none(real: RedisSeenEvents, raw: redis.Redis) -> None:
    raw.set(f"event:{FIRST}", b"\xff")
    raw.set(f"event:{SECOND}", b"abc yesterday")
    assert real.find([FIRST, SECOND]) == {}


def test_one_failure_is_enough_not_to_ask_again() -> None:
    calls = RedisCalls("redis://127.0.0.1:1", timeout_seconds=5.0, failures_to_open=1)
    seen = RedisSeenEvents(calls, window_seconds=1.0)
    with pytest.raises(CacheUnavailableError, match="ConnectionError"):
        seen.find([FIRST])
    with pytest.raises(CacheUnavailableError, match="is not asked"):
        seen.remember({FIRST: SEEN})
