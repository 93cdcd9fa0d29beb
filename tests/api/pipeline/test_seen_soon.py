"""Ids on the event loop: the same as the reference keeps and finds, by both kinds."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from api.limits.redis_calls import RedisCalls
from api.limits.redis_loop import LoopRedis
from api.pipeline.seen import RedisSeenEvents, Seen, SeenEvents, to_text
from api.pipeline.seen_soon import LoopSeenEvents, SeenSoon
from api.testing.seen import InMemorySeenEvents
from tests.api.servers import RedisServer

pytestmark = pytest.mark.stack

FIRST, SECOND = uuid.UUID(int=1), uuid.UUID(int=2)
SEEN = Seen("0123456789abcdef", dt.datetime(2026, 1, 31, 12, 0, 0, 123_000, dt.UTC))
WHOLE_SECOND = Seen("fedcba9876543210", dt.datetime(2026, 1, 31, 12, 0, 0, 0, dt.UTC))
PATIENT_SECONDS = 30.0


async def find(seen: SeenSoon, event_id: uuid.UUID) -> bool:
    told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    assert seen.find_soon(event_id, told.set_result)
    return await told


@pytest.fixture
def calls(redis_running: RedisServer, raw: redis.Redis) -> Iterator[RedisCalls]:
    with closing(
        RedisCalls(redis_running.url, timeout_seconds=PATIENT_SECONDS, failures_to_open=1)
    ) as found:
        yield found


@asynccontextmanager
async def on_loop(calls: RedisCalls) -> AsyncIterator[LoopSeenEvents]:
    with closing(
        LoopSeenEvents(LoopRedis(calls, timeout_seconds=PATIENT_SECONDS), window_seconds=60.0)
    ) as seen:
        yield seen


@pytest.mark.parametrize("kind", ["memory", "redis"])
class TestBothKinds:
    """With the reference beside it, over the same store."""

    @pytest.fixture
    def check(
        self, kind: str, calls: RedisCalls
    ) -> Callable[[Callable[[SeenSoon, SeenEvents], Awaitable[None]]], None]:
        """Runs a check with what it is about, and the reference."""

        async def with_redis(body: Callable[[SeenSoon, SeenEvents], Awaitable[None]]) -> None:
            async with on_loop(calls) as seen:
                await body(seen, RedisSeenEvents(calls, window_seconds=60.0))

        async def in_memory(body: Callable[[SeenSoon, SeenEvents], Awaitable[None]]) -> None:
            both = InMemorySeenEvents()
            await body(both, both)

        run = with_redis if kind == "redis" else in_memory
        return lambda body: asyncio.run(run(body))

    def test_what_is_remembered_is_found(
        self, check: Callable[[Callable[[SeenSoon, SeenEvents], Awaitable[None]]], None]
    ) -> None:
        async def body(seen: SeenSoon, reference: SeenEvents) -> None:
            assert not await find(seen, FIRST)
            seen.remember_soon(FIRST, SEEN)
            assert await find(seen, FIRST)
            assert not await find(seen, SECOND)
            seen.remember_soon(SECOND, WHOLE_SECOND)
            assert await find(seen, SECOND)
            assert reference.find([FIRST, SECOND]) == {FIRST: SEEN, SECOND: WHOLE_SECOND}

        check(body)

    def test_what_the_reference_keeps_is_found(
        self, check: Callable[[Callable[[SeenSoon, SeenEvents], Awaitable[None]]], None]
    ) -> None:
        async def body(seen: SeenSoon, reference: SeenEvents) -> None:
            reference.remember({SECOND: SEEN})
            assert [await find(seen, each) for each in (FIRST, SECOND)] == [False, True]

        check(body)


def test_what_is_kept_ends_with_the_window(calls: RedisCalls, raw: redis.Redis) -> None:
    async def run() -> None:
        async with on_loop(calls) as seen:
            seen.remember_soon(FIRST, SEEN)
            assert await find(seen, FIRST)

    asyncio.run(run())
    (key,) = raw.keys("*")
    assert 0 < raw.pttl(key) <= 60_000


def test_without_redis_nothing_is_known(calls: RedisCalls) -> None:
    async def run() -> None:
        calls.note_failure()
        async with on_loop(calls) as seen:
            seen.remember_soon(FIRST, SEEN)
            assert not await find(seen, FIRST)

    asyncio.run(run())


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_whatever_is_kept_is_of_one_length(instant: dt.datetime) -> None:
    assert len(to_text(Seen("0" * 16, instant))) == len(to_text(SEEN))
