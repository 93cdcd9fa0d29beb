"""Everything that uses Redis, with a project's prefix, beside another project on one server."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest
import redis

from api.auth.token_cache import RedisTokenCache
from api.limits.rate_counts import RedisCounts, parse_rate
from api.limits.redis_calls import RedisCalls
from api.model import ComponentStatus, Identity, Kept
from api.pipeline.seen import RedisSeenEvents, Seen
from etl.sequence.redis_ledger import RedisLedger
from etl.sessions.redis_store import RedisSessionStore
from etl.sessions.store import SessionStore
from etl.source import Span
from tests.api.servers import RedisServer, redis_server

pytest.register_assert_rewrite("tests.etl.store_suite")

from tests.etl.store_suite import NOWHERE, START, StoreSuite  # noqa: E402

pytestmark = pytest.mark.stack

TOPIC = "events"
"""The same of both: only their prefixes tell them apart."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


def store_of(server: RedisServer, prefix: str) -> RedisSessionStore:
    return RedisSessionStore.connect(
        server.url, TOPIC, dedup_window_seconds=900, timeout_seconds=30.0, key_prefix=prefix
    )


def keys_in(server: RedisServer, db: int) -> set[str]:
    with closing(redis.Redis.from_url(server.url, db=db, decode_responses=True)) as client:
        return set(client.scan_iter())


def flush(server: RedisServer) -> None:
    with closing(redis.Redis.from_url(server.url)) as client:
        client.flushall()


class TestStoreWithPrefix(StoreSuite):
    @pytest.fixture
    def store(self, server: RedisServer) -> Iterator[SessionStore]:
        flush(server)
        with closing(store_of(server, "shop:")) as store:
            yield store

    def test_every_key_of_both_dbs_has_it(self, server: RedisServer, store: SessionStore) -> None:
        expires_ms = int(time.time() * 1000) + 3_600_000
        store.apply(NOWHERE, [START._replace(session="pv:6f1c.ann", expires_ms=expires_ms)])
        assert "shop:pv:6f1c.ann" in keys_in(server, 1)
        assert "shop:pv:6f1c.ann" in keys_in(server, 2)
        assert all(key.startswith("shop:") for db in (1, 2) for key in keys_in(server, db))


def test_two_stores_on_one_server_know_nothing_of_each_other(server: RedisServer) -> None:
    flush(server)
    prefixes = ("shop:", "magazine:", "")
    stores = [store_of(server, prefix) for prefix in prefixes]
    for number, store in enumerate(stores):
        store.adopt({0: number})
    assert [dict(store.applied()) for store in stores] == [{0: 0}, {0: 1}, {0: 2}]
    stores[0].apply(NOWHERE, [START])
    assert [store.totals("pv").taken for store in stores] == [1, 0, 0]
    for store in stores:
        store.close()


def test_ledgers_and_journals_are_apart(server: RedisServer) -> None:
    flush(server)
    ledgers = [
        RedisLedger.connect(server.url, TOPIC, timeout_seconds=30, key_prefix=prefix)
        for prefix in ("shop:", "magazine:")
    ]
    ledgers[0].record({0: Span(0, 5)}, [])
    ledgers[0].keep_report("run", b"report")
    assert [dict(each.kept_reports()) for each in ledgers] == [{"run": b"report"}, {}]
    assert [list(each.producers()) for each in ledgers] == [[], []]
    assert all(key.startswith("shop:") for key in keys_in(server, 2))
    for each in ledgers:
        each.close()


def test_tokens_repetitions_and_counts_of_the_api_are_apart(server: RedisServer) -> None:
    flush(server)
    shop, magazine = (
        RedisCalls(server.url, timeout_seconds=30, failures_to_open=1, key_prefix=prefix)
        for prefix in ("shop:", "magazine:")
    )
    kept = Kept(Identity("u", None), time.time() + 60)
    RedisTokenCache(shop).put("token", kept)
    assert RedisTokenCache(shop).get("token") == kept
    assert RedisTokenCache(magazine).get("token") is None
    assert RedisTokenCache(magazine).health().status is ComponentStatus.UP
    known = {uuid.uuid4(): Seen("f" * 16, dt.datetime(2026, 1, 31, tzinfo=dt.UTC))}
    RedisSeenEvents(shop, window_seconds=60).remember(known)
    assert RedisSeenEvents(shop, window_seconds=60).find(list(known)) == known
    assert RedisSeenEvents(magazine, window_seconds=60).find(list(known)) == {}
    rate = parse_rate("2/minute")
    hits = [RedisCounts(each, rate).hit("client", 1) for each in (shop, shop, shop, magazine)]
    assert hits == [True, True, False, True]
    prefixes = {key.partition(":")[0] for key in keys_in(server, 0)}
    assert prefixes == {"shop", "magazine"}
    shop.close()
    magazine.close()
