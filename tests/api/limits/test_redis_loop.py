"""Commands to Redis from an event loop: written together, bounded in time, behind the breaker."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
import redis
import uvloop

from api.limits.redis_calls import RedisCalls
from api.limits.redis_loop import LoopRedis
from tests.api.servers import RedisServer, redis_server
from tests.support.certificate import write_certificate
from tests.support.processes import free_port

pytestmark = pytest.mark.stack

LONG_SECONDS = 60.0
SHORT_SECONDS = 0.05


def on_uvloop(main: Coroutine[Any, Any, None]) -> None:
    """Runs it on the loop that the API has."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


@asynccontextmanager
async def on_loop(url: str, timeout_seconds: float = LONG_SECONDS) -> AsyncIterator[LoopRedis]:
    calls = RedisCalls(url, timeout_seconds=timeout_seconds, failures_to_open=1)
    with closing(calls), closing(LoopRedis(calls, timeout_seconds=timeout_seconds)) as found:
        yield found


async def has(found: LoopRedis, *keys: str) -> list[bool | None]:
    """Whether Redis has values under some keys, asked for in one turn of the loop."""
    loop = asyncio.get_running_loop()
    asked: list[asyncio.Future[bool | None]] = [loop.create_future() for _ in keys]
    for key, each in zip(keys, asked, strict=True):
        found.send(found.packed("GET", key), each.set_result)
    return await asyncio.wait_for(asyncio.gather(*asked), LONG_SECONDS)


async def has_in_the_end(found: LoopRedis, key: str) -> None:
    """Asks until Redis is asked again."""
    async with asyncio.timeout(LONG_SECONDS):
        while await has(found, key) != [True]:
            await asyncio.sleep(0.05)


def test_answers_come_in_the_order_of_the_questions(
    redis_running: RedisServer, raw: redis.Redis
) -> None:
    raw.set("there", "x" * 200_000)
    raw.set("empty", "")

    async def run() -> None:
        async with on_loop(redis_running.url) as found:
            for _ in range(2):
                told = await has(found, "there", "not there", "empty", "there")
                assert told == [True, False, True, True]

    on_uvloop(run())


def test_what_is_sent_is_there_for_whoever_asks_afterwards(
    redis_running: RedisServer, raw: redis.Redis
) -> None:
    async def run() -> None:
        async with on_loop(redis_running.url) as found:
            found.send(found.packed("SET", "k", "v", "PX", 60_000))
            assert await has(found, "k") == [True]

    on_uvloop(run())
    assert raw.get("k") == b"v"


def test_more_than_the_system_takes_at_a_time_goes_in_pieces(
    redis_running: RedisServer, raw: redis.Redis
) -> None:
    value = "x" * 30_000_000

    async def run() -> None:
        async with on_loop(redis_running.url) as found:
            found.send(found.packed("SET", "large", value))
            found.send(found.packed("SET", "small", "v"))
            assert await has(found, "large", "small") == [True, True]

    on_uvloop(run())
    assert raw.strlen("large") == len(value)


def test_a_redis_that_is_not_there_is_no_answer() -> None:
    async def run() -> None:
        async with on_loop(f"redis://127.0.0.1:{free_port()}") as found:
            assert await has(found, "a", "b") == [None, None]
            assert await has(found, "a") == [None]

    on_uvloop(run())


def test_a_paused_redis_is_given_up_and_asked_again_when_it_goes_on(tmp_path: Path) -> None:
    async def run(server: RedisServer) -> None:
        async with on_loop(server.url, SHORT_SECONDS) as found:
            await has_in_the_end(found, "k")
            server.process.send(signal.SIGSTOP)
            try:
                while await has(found, "k", "k") != [None, None]:
                    pass
                assert await has(found, "k") == [None]
            finally:
                server.process.send(signal.SIGCONT)
            await has_in_the_end(found, "k")

    with redis_server(tmp_path) as server:
        with redis.Redis(port=server.port) as client:
            client.set("k", "v")
        on_uvloop(run(server))


def test_a_connection_that_was_closed_meanwhile_is_made_anew(
    redis_running: RedisServer, raw: redis.Redis
) -> None:
    raw.set("k", "v")

    async def run() -> None:
        async with on_loop(redis_running.url) as found:
            assert await has(found, "k") == [True]
            raw.client_kill_filter(_type="normal", skipme=True)
            await has_in_the_end(found, "k")

    on_uvloop(run())


def test_an_error_counts_as_no_answer_and_redis_is_left_alone(
    redis_running: RedisServer, raw: redis.Redis
) -> None:
    raw.delete("list")
    raw.lpush("list", "not a string")
    raw.set("k", "v")

    async def run() -> None:
        async with on_loop(redis_running.url) as found:
            assert await has(found, "k", "list", "k") == [True, None, None]
            assert await has(found, "k") == [None]
            await has_in_the_end(found, "k")

    on_uvloop(run())


@pytest.fixture
def scripted() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ([b"$-", b"1", b"\r", b"\n$1\r\n", b"x", b"\r\n"], [False, True]),
        ([b"$3\r\n\r\n$\r\n", b"$-1\r\n"], [True, False]),
        ([b"$-1\r\n"], [False, None]),
        ([b"$-1\r\n-ERR no\r\n"], [False, None]),
        ([b"$-1\r\n", b"*0\r\n"], [False, None]),
        ([b""], [None, None]),
    ],
)
def test_answers_in_any_pieces(
    scripted: socket.socket, pieces: Sequence[bytes], told: list[bool | None]
) -> None:
    """The server says these things and hangs up."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        peer, _ = await loop.sock_accept(scripted)
        with peer:
            assert b"PING" in await loop.sock_recv(peer, 1000)
            await loop.sock_sendall(peer, b"+PONG\r\n")
            await loop.sock_recv(peer, 1000)
            for each in pieces:
                await loop.sock_sendall(peer, each)
                await asyncio.sleep(0.01)

    async def run() -> None:
        scripted.setblocking(False)
        async with on_loop(f"redis://127.0.0.1:{scripted.getsockname()[1]}") as found:
            serving = asyncio.create_task(serve())
            assert await has(found, "a", "b") == told
            await serving

    on_uvloop(run())


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("redis://localhost:1", b"k"),
        ("redis+sentinel://localhost:1/service", b"k"),
        ("redis+cluster://localhost:1", b"{ugc}0:k"),
    ],
)
def test_keys_are_those_of_other_calls(url: str, key: bytes) -> None:
    with closing(RedisCalls(url, timeout_seconds=SHORT_SECONDS, failures_to_open=1)) as calls:
        found = LoopRedis(calls, timeout_seconds=SHORT_SECONDS)
        assert found.packed("GET", "k") == b"*2\r\n$3\r\nGET\r\n$%d\r\n%b\r\n" % (len(key), key)


def test_with_tls_answers_may_be_longer_than_a_record(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    value = b"x" * 300_000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"PING\r\n")
        writer.write(b"+PONG\r\n")
        await reader.readuntil(b"last\r\n")
        writer.write(b"$%d\r\n%b\r\n$-1\r\n" % (len(value), value))
        await reader.readuntil(b"again\r\n")
        writer.write(b"$1\r\nx\r\n")
        await writer.drain()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        url = f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificate}"
        async with server, on_loop(url) as found:
            assert await has(found, "first", "last") == [True, False]
            assert await has(found, "again") == [True]

    on_uvloop(run())
