"""The records of the debugger, in Redis and in memory alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from api.debug.store import DebugStore, RedisDebugStore
from api.errors import CacheUnavailableError
from api.limits.redis_calls import RedisCalls
from api.testing.debug import InMemoryDebugStore
from tests.api.servers import RedisServer, redis_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


def calls(url: str, prefix: str = "") -> RedisCalls:
    return RedisCalls(url, timeout_seconds=2.0, failures_to_open=1, key_prefix=prefix)


@pytest.fixture(params=["memory", "redis", "redis with a prefix"])
def store(request: pytest.FixtureRequest, server: RedisServer) -> Iterator[DebugStore]:
    if request.param == "memory":
        yield InMemoryDebugStore()
        return
    with closing(calls(server.url, "shop:" if "prefix" in request.param else "")) as redis:
        found = RedisDebugStore(redis)
        found.forget(None)
        yield found


def test_records_come_back_in_order(store: DebugStore) -> None:
    store.append([b"1", b"2"], lost=0)
    store.append([b"3"], lost=0)
    assert [record for _, record in store.after("0", 10)] == [b"1", b"2", b"3"]
    assert [record for _, record in store.before(None, 10)] == [b"3", b"2", b"1"]
    assert store.newest() == store.before(None, 1)[0][0]


def test_one_goes_on_behind_an_id_and_before_one(store: DebugStore) -> None:
    store.append([b"1", b"2", b"3"], lost=0)
    ids = [each for each, _ in store.after("0", 10)]
    assert [record for _, record in store.after(ids[0], 1)] == [b"2"]
    assert [record for _, record in store.before(ids[2], 10)] == [b"2", b"1"]
    assert store.after(ids[2], 10) == []


def test_what_was_lost_is_counted(store: DebugStore) -> None:
    assert store.lost() == 0
    store.append([], lost=2)
    store.append([b"1"], lost=3)
    assert store.lost() == 5


def test_records_are_forgotten_and_ids_go_on(store: DebugStore) -> None:
    assert store.newest() == "0"
    store.append([b"1", b"2"], lost=1)
    first, second = (each for each, _ in store.after("0", 10))
    store.forget([first])
    assert [record for _, record in store.after("0", 10)] == [b"2"]
    store.forget(None)
    assert (list(store.after("0", 10)), store.lost(), store.newest()) == ([], 0, "0")
    store.append([b"3"], lost=0)
    assert [record for _, record in store.after(second, 10)] == [b"3"]


def test_the_stream_is_capped_and_has_a_lifetime(server: RedisServer) -> None:
    with closing(calls(server.url)) as redis:
        store = RedisDebugStore(redis)
        store.forget(None)
        for _ in range(12):
            store.append([b"x"] * 1_000, lost=0)
        length = redis.call(lambda client: client.xlen("debug:events"))
        assert 10_000 <= length < 10_200
        assert 0 < redis.call(lambda client: client.ttl("debug:events")) <= 86_400


def test_two_projects_on_one_redis_do_not_see_each_other(server: RedisServer) -> None:
    with closing(calls(server.url, "a:")) as first, closing(calls(server.url, "b:")) as second:
        RedisDebugStore(first).append([b"1"], lost=0)
        assert RedisDebugStore(second).newest() == "0"


def test_without_redis_there_is_an_error_and_soon_no_wait(tmp_path: Path) -> None:
    with closing(calls("redis://127.0.0.1:1")) as redis:
        store = RedisDebugStore(redis)
        for _ in range(2):
            with pytest.raises(CacheUnavailableError):
                store.append([b"1"], lost=0)
        assert redis.is_stopped
