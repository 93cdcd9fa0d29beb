"""The pair store in Redis and the one in memory, under one suite; and what only Redis can do."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.errors import (
    StateLostError,
    StoreRefusedError,
    StoreUnavailableError,
    StoreUnsafeError,
)
from etl.sessions.redis_store import RedisSessionStore
from etl.sessions.store import Occurrence, SessionPair, SessionStore, SettledAs, Side
from etl.source import Span
from etl.testing.store import MemorySessionStore
from tests.api.servers import RedisServer, redis_server

pytest.register_assert_rewrite("tests.etl.store_suite")

from tests.etl.store_suite import (  # noqa: E402
    END,
    FUTURE,
    HOUR_MS,
    NOW_MS,
    NOWHERE,
    PAST,
    START,
    StoreSuite,
    settlement,
)


def connect(server: RedisServer, topic: str = "ugc.events") -> RedisSessionStore:
    return RedisSessionStore.connect(
        server.url, topic, dedup_window_seconds=900, timeout_seconds=30.0
    )


class TestMemory(StoreSuite):
    @pytest.fixture
    def store(self) -> SessionStore:
        return MemorySessionStore(lambda: int(time.time() * 1000))


@pytest.mark.stack
class TestRedis(StoreSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
        with redis_server(tmp_path_factory.mktemp("redis")) as server:
            yield server

    @pytest.fixture
    def raw(self, server: RedisServer) -> Iterator[redis.Redis]:
        with redis.Redis.from_url(server.url) as client:
            client.flushall()
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", 0)
            yield client

    @pytest.fixture
    def store(self, server: RedisServer, raw: redis.Redis) -> Iterator[RedisSessionStore]:
        store = connect(server)
        yield store
        store.close()

    def in_db(self, server: RedisServer, number: int) -> dict[str, int]:
        """Every key of a db, with its lifetime in milliseconds; -1: none."""
        with redis.Redis.from_url(server.url, db=number, decode_responses=True) as client:
            return {key: client.pttl(key) for key in client.scan_iter()}

    def test_a_start_is_in_both_dbs(self, server: RedisServer, store: SessionStore) -> None:
        """Requirement L4: with a lifetime in the first, without one in the second."""
        expires_ms = int(time.time() * 1000) + HOUR_MS
        store.apply(NOWHERE, [START._replace(session="pv:6f1c.ann", expires_ms=expires_ms)])
        marker = self.in_db(server, 1)["pv:6f1c.ann"]
        assert HOUR_MS - 5_000 < marker <= HOUR_MS
        assert self.in_db(server, 2)["pv:6f1c.ann"] == -1
        assert self.in_db(server, 0) == {}

    def test_a_booked_pair_leaves_no_marker(self, server: RedisServer, store: SessionStore) -> None:
        expires_ms = int(time.time() * 1000) + HOUR_MS
        store.apply(
            NOWHERE, [START._replace(expires_ms=expires_ms), END._replace(expires_ms=expires_ms)]
        )
        store.settle([settlement(SettledAs.PAIRED)])
        assert self.in_db(server, 1) == {}

    def test_nothing_stays_behind(self, server: RedisServer, store: SessionStore) -> None:
        store.apply(NOWHERE, [START, END])
        store.settle([settlement(SettledAs.PAIRED)])
        assert store.forget("pv", FUTURE + 1, limit=10) == 1
        assert self.in_db(server, 1) == {}
        assert self.in_db(server, 2).keys() == {"pv:books", "etl:applied"}

    def test_ids_are_remembered_for_the_window(
        self, server: RedisServer, store: SessionStore
    ) -> None:
        store.first_occurrences([Occurrence("element_click", "42", "3:7")])
        lifetime = self.in_db(server, 1)["seen:element_click:42"]
        assert 890_000 < lifetime <= 900_000

    def test_topics_keep_their_own_offsets(self, server: RedisServer, store: SessionStore) -> None:
        other = connect(server, "other.topic")
        other.adopt({0: 99, 5: 1})
        assert store.applied() == {0: 0}
        assert other.applied() == {0: 99, 5: 1}
        other.close()

    def test_a_flush_is_noticed_in_the_middle(self, store: SessionStore, raw: redis.Redis) -> None:
        store.apply({0: Span(0, 5)}, [START])
        raw.flushall()
        with pytest.raises(StateLostError, match="flushed, or restarted with older data"):
            store.apply({0: Span(5, 6)}, [END])
        with pytest.raises(StateLostError):
            store.advance({0: 5}, NOW_MS)
        assert raw.dbsize() == 0

    def test_a_flush_of_the_markers_sweeps_nothing(
        self, server: RedisServer, store: SessionStore
    ) -> None:
        store.apply(NOWHERE, [START._replace(expires_ms=FUTURE)])
        with redis.Redis.from_url(server.url, db=1) as markers:
            markers.flushdb()
        assert list(store.expired("pv", START.side, NOW_MS, skip=0, limit=10).states) == []

    def test_large_offsets_stay_exact(self, store: SessionStore) -> None:
        large = 2**53 - 2
        store.adopt({0: large})
        store.apply({0: Span(large, large + 1)}, [])
        assert store.applied() == {0: large + 1}

    @pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl"])
    def test_eviction_is_refused(self, store: SessionStore, raw: redis.Redis, policy: str) -> None:
        store.check()
        raw.config_set("maxmemory-policy", policy)
        with pytest.raises(StoreUnsafeError, match=f"{policy}.*set maxmemory-policy noeviction"):
            store.check()

    def test_a_policy_that_may_not_be_read_is_warned_of(
        self, server: RedisServer, raw: redis.Redis, caplog: pytest.LogCaptureFixture
    ) -> None:
        raw.acl_setuser(
            "etl", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", "-config"]
        )
        restricted = RedisSessionStore.connect(
            f"redis://etl:pw@127.0.0.1:{server.port}",
            "ugc.events",
            dedup_window_seconds=900,
            timeout_seconds=30.0,
        )
        with caplog.at_level(logging.WARNING, "etl"):
            restricted.check()
        assert "maxmemory-policy noeviction" in caplog.text
        restricted.close()

    def test_a_full_redis_refuses(self, store: SessionStore, raw: redis.Redis) -> None:
        raw.config_set("maxmemory", 1)
        with pytest.raises(StoreRefusedError, match="maxmemory"):
            store.apply(NOWHERE, [START])
        raw.config_set("maxmemory", 0)
        assert store.totals("pv").taken == 0

    def test_scripts_survive_being_dropped(self, store: SessionStore, raw: redis.Redis) -> None:
        store.apply(NOWHERE, [START])
        raw.script_flush()
        store.apply(NOWHERE, [END])
        assert store.totals("pv").taken == 2


HALVES = st.builds(
    lambda session, side, number, lateness, settled: {Side.START: START, Side.END: END}[
        side
    ]._replace(
        session=f"pv:{session}.ann",
        location=f"{number % 3}:{number}",
        payload=b"%d" % number,
        expires_ms=PAST - lateness,
        forget_ms=PAST - lateness // 2,
        settled=settled and side is Side.END,
    ),
    session=st.integers(0, 2),
    side=st.sampled_from(Side),
    number=st.integers(0, 9),
    lateness=st.integers(0, 9),
    settled=st.booleans(),
)
PAIRS = st.lists(
    st.builds(
        lambda session, number, lateness: SessionPair(
            session=f"pv:{session}.ann",
            start_location=f"{number % 3}:{number}",
            start=b"%d" % number,
            start_expires_ms=PAST - lateness,
            end_location=f"{number % 3}:{number + 1}",
            end=b"%d" % (number + 1),
            end_expires_ms=PAST - lateness + 1,
            forget_ms=PAST - lateness // 2,
        ),
        session=st.integers(0, 2),
        number=st.integers(0, 9),
        lateness=st.integers(0, 9),
    ),
    max_size=3,
    unique_by=lambda pair: pair.session,
)
BOOKINGS = st.builds(
    lambda session, account: settlement(account, f"pv:{session}.ann"),
    session=st.integers(0, 2),
    account=st.sampled_from(SettledAs),
)
SPANS = st.dictionaries(
    st.integers(0, 2), st.builds(lambda a, b: Span(min(a, b), max(a, b)), *[st.integers(0, 9)] * 2)
)
TIMES = st.integers(PAST - 10, PAST + 1)
SIGHTINGS = st.builds(Occurrence, st.just("e"), st.sampled_from("ab"), st.sampled_from("12"))
CALLS = st.one_of(
    st.tuples(st.just("apply"), SPANS, st.lists(HALVES, max_size=4)),
    st.tuples(
        st.just("apply_pairs"),
        st.dictionaries(st.integers(0, 2), st.integers(0, 9)),
        st.just("pv"),
        PAIRS,
    ),
    st.tuples(st.just("settle"), st.lists(BOOKINGS, max_size=3)),
    st.tuples(st.just("adopt"), st.dictionaries(st.integers(0, 2), st.integers(0, 9))),
    st.tuples(
        st.just("advance"),
        st.dictionaries(st.integers(0, 2), st.integers(0, 9)),
        st.integers(1, 99),
    ),
    st.tuples(st.just("forget"), st.just("pv"), TIMES),
    st.tuples(st.just("expired"), st.just("pv"), st.sampled_from(Side), TIMES),
    st.tuples(st.just("first_occurrences"), st.lists(SIGHTINGS, max_size=3)),
    st.tuples(st.just("flush")),
)


@pytest.mark.stack
def test_redis_and_memory_do_the_same(tmp_path: Path) -> None:
    """Whatever is asked of them, in any order."""
    with redis_server(tmp_path) as server, redis.Redis.from_url(server.url) as raw:
        real = connect(server)

        @settings(max_examples=200, deadline=None)
        @given(st.lists(CALLS, max_size=25))
        def compare(calls: list[tuple[Any, ...]]) -> None:
            raw.flushall()
            model = MemorySessionStore(lambda: int(time.time() * 1000))
            for store in (real, model):
                store.adopt({0: 0, 1: 0, 2: 0})
            for name, *arguments in calls:
                if name == "flush":
                    raw.flushall()
                    model.flush()
                else:
                    assert answer(real, name, arguments) == answer(model, name, arguments)
                assert real.totals("pv") == model.totals("pv")
                assert real.totals("pv").reconciled
            assert real.applied() == model.applied()
            assert real.watermark_ms(3) == model.watermark_ms(3)

        compare()
        real.close()


def answer(store: SessionStore, name: str, arguments: list[Any]) -> Any:
    options = {"expired": {"skip": 0, "limit": 2}, "forget": {"limit": 2}}.get(name, {})
    try:
        found = getattr(store, name)(*arguments, **options)
    except StateLostError:
        return "lost"
    if name == "expired":
        states = sorted(found.states, key=lambda state: state.session)
        return states, found.looked_at, found.left_from_ms
    return None if found is None else found if isinstance(found, int) else list(found)


@pytest.mark.stack
def test_a_redis_that_is_away(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        store = connect(server)
        store.adopt({0: 0})
        server.process.kill()
        for call in (store.check, store.applied, lambda: store.apply(NOWHERE, [START])):
            with pytest.raises(StoreUnavailableError):
                call()
        store.close()
