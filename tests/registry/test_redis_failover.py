"""The name in REDIS_URL moves to another server, and connections to the old one stay open."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import redis
from redis import exceptions

from api.auth.token_cache import RedisTokenCache
from api.limits.rate_counts import RedisCounts, parse_rate
from api.limits.redis_calls import RedisCalls
from api.model import ComponentStatus, Identity, Kept
from api.pipeline.seen import RedisSeenEvents, Seen
from etl.errors import StoreUnavailableError
from etl.sequence.redis_ledger import RedisLedger
from etl.sessions.redis_store import RedisSessionStore
from registry.redis_leaving import says_wrong_server
from tests.api.servers import RedisServer, redis_server
from tests.support.moving_name import MovingName

WAIT_SECONDS = 5.0


class Failover:
    """Two servers and a name that means the first."""

    def __init__(self, name: MovingName, old: RedisServer, new: RedisServer) -> None:
        self.name = name
        self._old = old
        self._new = new

    def happens(self) -> None:
        """The first server follows the second, and the name means the second."""
        with closing(redis.Redis(port=self._old.port)) as old:
            old.replicaof("127.0.0.1", str(self._new.port))
        self.name.target = self._new.port


@pytest.fixture
def failover(tmp_path: Path) -> Iterator[Failover]:
    folders = tmp_path / "old", tmp_path / "new"
    with ExitStack() as opened:
        for each in folders:
            each.mkdir()
        old, new = (opened.enter_context(redis_server(each)) for each in folders)
        yield Failover(opened.enter_context(MovingName(old.port)), old, new)


def calls(failover: Failover) -> RedisCalls:
    return RedisCalls(failover.name.url, timeout_seconds=WAIT_SECONDS, failures_to_open=1)


@pytest.mark.stack
def test_the_token_cache_and_readiness_follow_the_name(failover: Failover) -> None:
    kept = Kept(Identity("u", None), time.time() + 60)
    with closing(RedisTokenCache(calls(failover))) as cache:
        cache.put("token", kept)
        failover.happens()
        assert cache.health().status is ComponentStatus.UP
        cache.put("token", kept)
        assert cache.get("token") == kept
        assert not cache.is_stopped


@pytest.mark.stack
def test_readiness_does_not_call_a_replica_up(failover: Failover) -> None:
    old = failover.name.target
    with closing(RedisTokenCache(calls(failover))) as cache:
        assert cache.health().status is ComponentStatus.UP
        failover.happens()
        failover.name.target = old
        assert cache.health().status is ComponentStatus.DOWN


@pytest.mark.stack
def test_repetitions_and_rates_follow_the_name(failover: Failover) -> None:
    shared = calls(failover)
    seen = RedisSeenEvents(shared, window_seconds=60)
    counts = RedisCounts(shared, parse_rate("2/minute"))
    known = Seen("f" * 8, dt.datetime(2026, 1, 31, tzinfo=dt.UTC))
    with closing(shared):
        seen.remember({uuid.uuid4(): known})
        assert counts.hit("client", 1)
        failover.happens()
        assert [counts.hit("client", 1) for _ in range(3)] == [True, True, False]
        event_id = uuid.uuid4()
        seen.remember({event_id: known})
        assert set(seen.find([event_id])) == {event_id}


@pytest.mark.stack
def test_the_loaders_stores_end_one_run_and_then_follow_the_name(failover: Failover) -> None:
    pairs = RedisSessionStore.connect(
        failover.name.url, "t", dedup_window_seconds=60, timeout_seconds=WAIT_SECONDS
    )
    ledger = RedisLedger.connect(failover.name.url, "t", timeout_seconds=WAIT_SECONDS)
    with closing(pairs), closing(ledger):
        pairs.adopt({0: 0})
        ledger.keep_report("b", b"1")
        failover.happens()
        with pytest.raises(StoreUnavailableError):
            ledger.keep_report("b", b"2")
        with pytest.raises(StoreUnavailableError):
            pairs.adopt({0: 0})
        ledger.keep_report("b", b"2")
        pairs.adopt({0: 0})
        assert ledger.kept_reports() == {"b": b"2"}


@pytest.mark.parametrize(
    ("error", "is_wrong_server"),
    [
        (exceptions.ReadOnlyError("You can't write against a read only replica."), True),
        (exceptions.BusyLoadingError("Redis is loading the dataset in memory"), True),
        (exceptions.MasterDownError("Link with MASTER is down"), True),
        (exceptions.ClusterDownError("The cluster is down"), True),
        (exceptions.MovedError("3999 127.0.0.1:6381"), True),
        (exceptions.ResponseError("Script attempted to access a non local key in a cluster"), True),
        (exceptions.ResponseError("NOREPLICAS Not enough good replicas to write."), True),
        (
            exceptions.ResponseError(
                "Error running script (call to f_0): @user_script:1: @user_script: 1: "
                "-READONLY You can't write against a read only replica."
            ),
            True,
        ),
        (exceptions.ResponseError("WRONGTYPE Operation against a key"), False),
        (exceptions.ResponseError("unknown command 'READONLY '"), False),
        (exceptions.ResponseError("STATELOST flushed"), False),
        (exceptions.OutOfMemoryError("command not allowed"), False),
    ],
)
def test_which_answers_mean_another_server(error: redis.RedisError, is_wrong_server: bool) -> None:
    assert says_wrong_server(error) is is_wrong_server
