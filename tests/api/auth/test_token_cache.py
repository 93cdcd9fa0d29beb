"""The token cache, in memory and on a real Redis: the same behaviour, and bounded waits."""

from __future__ import annotations

import hashlib
import logging
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis

from api.auth.token_cache import InMemoryTokenCache, RedisTokenCache
from api.auth.users import TokenCache
from api.errors import CacheUnavailableError
from api.model import ComponentStatus, Identity, Kept, TokenRejection, Verdict
from contracts.reasons import Reason
from tests.api.servers import RedisServer, redis_server
from tests.support.processes import free_port, wait_until

TOKEN = "header.payload.signature"
TIMEOUT_SECONDS = 0.05
BOUND_SECONDS = 60.0
"""Silence has no end, so any bound tells it from a time-out that works."""


pytestmark = pytest.mark.stack


def keep(cache: TokenCache, verdict: Verdict, seconds: float = 60) -> Kept:
    kept = Kept(verdict, time.time() + seconds)
    cache.put(TOKEN, kept)
    return kept


@pytest.fixture
def real(redis_running: RedisServer, raw: redis.Redis) -> Iterator[RedisTokenCache]:
    cache = RedisTokenCache.connect(redis_running.url, timeout_seconds=5)
    with closing(cache):
        yield cache


@pytest.mark.parametrize("kind", ["memory", "redis"])
class TestBothKinds:
    @pytest.fixture
    def cache(self, kind: str, real: RedisTokenCache) -> TokenCache:
        return InMemoryTokenCache(time.time) if kind == "memory" else real

    @pytest.mark.parametrize(
        "verdict",
        [
            Identity("u", 1_800_000_000.5),
            Identity("u", None),
            Identity("é ü", 5),
            *map(
                TokenRejection, (Reason.TOKEN_INVALID, Reason.TOKEN_EXPIRED, Reason.TOKEN_REVOKED)
            ),
        ],
    )
    def test_gives_back_what_was_kept(self, cache: TokenCache, verdict: Verdict) -> None:
        kept = keep(cache, verdict)
        assert cache.get(TOKEN) == kept

    def test_knows_nothing_of_other_tokens(self, cache: TokenCache) -> None:
        keep(cache, Identity("u"))
        assert cache.get(TOKEN + "x") is None

    def test_the_later_verdict_counts(self, cache: TokenCache) -> None:
        keep(cache, Identity("u"))
        later = keep(cache, TokenRejection(Reason.TOKEN_REVOKED))
        assert cache.get(TOKEN) == later

    def test_forgets_in_time(self, cache: TokenCache) -> None:
        kept = keep(cache, Identity("u"), 600)
        assert cache.get(TOKEN) == kept
        keep(cache, Identity("u"), 0.05)
        wait_until(lambda: cache.get(TOKEN) is None, "the entry ends")

    def test_keeps_nothing_for_no_time(self, cache: TokenCache) -> None:
        keep(cache, Identity("u"), 0.0001)
        wait_until(lambda: cache.get(TOKEN) is None, "the entry ends")


def test_memory_is_bounded_and_keeps_what_is_used() -> None:
    memory = InMemoryTokenCache(time.time)
    used = keep(memory, Identity("u"))
    for number in range(10_000):
        memory.put(f"token {number}", used)
        assert memory.get(TOKEN) == used
    assert memory.get("token 0") is None
    assert memory.get("token 9999") == used


def test_redis_learns_a_hash_and_a_lifetime(real: RedisTokenCache, raw: redis.Redis) -> None:
    keep(real, Identity("u"))
    key = f"auth:{hashlib.sha256(TOKEN.encode()).hexdigest()}".encode()
    assert raw.keys("*") == [key]
    assert 59_000 < raw.pttl(key) <= 60_000


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"not JSON",
        b"[]",
        b"{}",
        b'{"reason": "no such", "until": 1.5}',
        b'{"reason": "token_invalid"}',
        b'{"user_id": "", "expires_at": 1, "until": 1.5}',
        b'{"user_id": "anonymous", "expires_at": null, "until": 1.5}',
        b'{"user_id": "u", "expires_at": "x", "until": 1.5}',
        b'{"user_id": "u", "until": 1.5}',
        b'{"user_id": "u", "expires_at": null}',
        b'{"user_id": "u", "expires_at": null, "until": "x"}',
        b"\xff",
    ],
)
def test_an_entry_that_is_not_ours_counts_as_none(
    real: RedisTokenCache, raw: redis.Redis, kept: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    raw.set(f"auth:{hashlib.sha256(TOKEN.encode()).hexdigest()}", kept)
    with caplog.at_level(logging.WARNING):
        assert real.get(TOKEN) is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_key_of_another_type_is_an_error_of_the_cache(
    real: RedisTokenCache, raw: redis.Redis
) -> None:
    raw.lpush(f"auth:{hashlib.sha256(TOKEN.encode()).hexdigest()}", "x")
    with pytest.raises(CacheUnavailableError):
        real.get(TOKEN)


def test_health_says_whether_redis_answers(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path) as server,
        closing(RedisTokenCache.connect(server.url, timeout_seconds=5)) as cache,
    ):
        assert cache.health().status is ComponentStatus.UP
        server.process.kill()
        assert cache.health().status is ComponentStatus.DOWN
        assert not cache.health().required


def seconds_to_fail(call: Callable[[], object]) -> float:
    began = time.monotonic()
    with pytest.raises(CacheUnavailableError):
        call()
    return time.monotonic() - began


def why_it_fails(call: Callable[[], object]) -> str:
    with pytest.raises(CacheUnavailableError) as failed:
        call()
    return str(failed.value)


def test_a_redis_that_is_not_there_fails_at_once() -> None:
    url = f"redis://127.0.0.1:{free_port()}"
    with closing(RedisTokenCache.connect(url, timeout_seconds=600)) as cache:
        assert seconds_to_fail(lambda: cache.get(TOKEN)) < BOUND_SECONDS


def test_a_redis_that_swallows_connections_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        with closing(RedisTokenCache.connect(url, timeout_seconds=TIMEOUT_SECONDS)) as cache:
            assert seconds_to_fail(lambda: cache.get(TOKEN)) < BOUND_SECONDS
            assert seconds_to_fail(lambda: keep(cache, Identity("u"), 9)) < BOUND_SECONDS


def test_a_paused_redis_costs_little_and_is_used_again(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path) as server,
        closing(RedisTokenCache.connect(server.url, timeout_seconds=TIMEOUT_SECONDS)) as cache,
    ):
        server.process.send(signal.SIGSTOP)
        said = [why_it_fails(lambda: cache.get(TOKEN)) for _ in range(20)]
        assert sum("is not asked" in each for each in said) > 8, "most of them never waited"
        server.process.send(signal.SIGCONT)
        wait_until(lambda: answers(cache), "Redis is used again")


def test_a_restarted_redis_is_used_again(tmp_path: Path) -> None:
    port = free_port()
    with redis_server(tmp_path, port=port) as server:
        cache = RedisTokenCache.connect(server.url, timeout_seconds=5)
        keep(cache, Identity("u"))
    with closing(cache):
        assert not answers(cache)
        with redis_server(tmp_path, port=port):
            wait_until(lambda: answers(cache), "Redis is used again")


def answers(cache: RedisTokenCache) -> bool:
    try:
        cache.get(TOKEN)
    except CacheUnavailableError:
        return False
    return True
