"""The stream that stays open: nothing missed, listeners bounded, and none of them outlives us."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from api.debug.listening import Listening
from tests.api.debug.world import DebugWorld
from tests.api.http.rsgi_request import Request
from tests.api.world import CLICK, post

TELLING = 10.0


class Listener(Request):
    """A request to listen, and what it was told; ``gone`` makes writing fail."""

    def __init__(self, query: str = "", **headers: str) -> None:
        pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
        super().__init__(path="/debug/stream", method="GET", query_string=query, headers=pairs)
        self.told = b""
        self.gone = False
        self._came = asyncio.Event()

    def response_stream(self, status: int, headers: list[tuple[str, str]]) -> Listener:
        assert status == 200
        assert dict(headers)["Content-Type"].startswith("text/event-stream")
        return self

    async def send_bytes(self, data: bytes) -> None:
        if self.gone:
            raise RuntimeError("the connection is closed")
        self.told += data
        self._came.set()

    async def hears(self, text: str, times: int = 1) -> None:
        async with asyncio.timeout(TELLING):
            while self.told.decode().count(text) < times:
                self._came.clear()
                await self._came.wait()

    @property
    def last(self) -> str:
        """The id that it would go on from."""
        return self.told.decode().rsplit("id: ", 1)[1].split("\n")[0]


@asynccontextmanager
async def told(listening: Listening, listener: Listener) -> AsyncIterator[asyncio.Task[None]]:
    """It listens meanwhile."""
    task = asyncio.create_task(listening.answer(listener, listener))
    await listener.hears("position")
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def send(world: DebugWorld, tag: str) -> None:
    post(world.client(), CLICK, headers={"X-UGC-Debug": tag})
    world.recorder.work()


def test_an_event_is_told_to_all_who_want_it() -> None:
    async def run() -> None:
        world = DebugWorld()
        listening = Listening(world.debugger)
        every, mine, others = Listener(), Listener("tag=mine"), Listener("tag=theirs")
        async with told(listening, every), told(listening, mine), told(listening, others):
            send(world, "mine")
            await asyncio.gather(*(each.hears("event: event") for each in (every, mine)))
            assert listening.listeners == 3
        assert b"event: event" not in others.told
        assert listening.listeners == 0

    asyncio.run(run())


def test_who_comes_again_misses_nothing_and_hears_nothing_twice() -> None:
    async def run() -> None:
        world = DebugWorld()
        listening = Listening(world.debugger)
        first = Listener()
        async with told(listening, first):
            send(world, "a0")
            await first.hears('"tag":"a0"')
        last = first.last
        client = world.client()
        for number in range(1, 1_203):  # more than two pages of them
            post(client, CLICK, headers={"X-UGC-Debug": f"a{number}"})
            if number % 50 == 0:
                world.recorder.work()
        world.recorder.work()
        again = Listener(last_event_id=last)
        async with told(listening, again):
            await again.hears("event: event", 1_202)
        tags = re.findall(r'"tag":"(a\d+)"', again.told.decode())
        assert tags == [f"a{number}" for number in range(1, 1_203)]

    asyncio.run(run())


def test_so_many_may_listen_and_no_more() -> None:
    async def run() -> None:
        listening = Listening(DebugWorld().debugger, most=2)
        async with told(listening, Listener()), told(listening, Listener()):
            third = Listener()
            await listening.answer(third, third)
            ((status, headers, _),) = third.answers
            assert status == 503
            assert dict(headers)["Retry-After"] == "5"
        again = Listener()
        async with told(listening, again):
            assert listening.listeners == 1

    asyncio.run(run())


def test_the_end_of_the_process_ends_every_listener() -> None:
    async def run() -> None:
        listening = Listening(DebugWorld().debugger)
        async with told(listening, Listener()) as first, told(listening, Listener()) as second:
            listening.end()
            async with asyncio.timeout(TELLING):
                await asyncio.gather(first, second)
        late = Listener()
        await listening.answer(late, late)
        assert late.answers[0][0] == 503

    asyncio.run(run())


def test_a_listener_that_has_gone_is_let_go() -> None:
    async def run() -> None:
        world = DebugWorld()
        listening = Listening(world.debugger)
        listener = Listener()
        async with told(listening, listener) as task:
            listener.gone = True
            send(world, "mine")
            async with asyncio.timeout(TELLING):
                await task
        assert listening.listeners == 0

    asyncio.run(run())


def test_an_outage_of_redis_is_waited_for() -> None:
    async def run() -> None:
        world = DebugWorld()
        listening = Listening(world.debugger)
        listener = Listener()
        async with told(listening, listener):
            world.store.available = False
            send(world, "lost")
            world.store.available = True
            send(world, "kept")
            await listener.hears('"tag":"kept"')
            await listener.hears('"lost":1')

    asyncio.run(run())


KEY = "0123456789abcdef0123"


@pytest.mark.parametrize(
    ("listener", "status"),
    [
        (lambda: Listener(), 401),
        (lambda: Listener(x_ugc_debug_key="wrong"), 401),
        (lambda: Listener("outcome=lost", x_ugc_debug_key=KEY), 400),
    ],
)
def test_who_may_not_listen_is_told_why(listener: type[Listener], status: int) -> None:
    async def run() -> None:
        listening = Listening(DebugWorld(key=KEY).debugger)
        asked = listener()
        await listening.answer(asked, asked)
        assert asked.answers[0][0] == status
        allowed = Listener(x_ugc_debug_key=KEY)
        async with told(listening, allowed):
            assert listening.listeners == 1

    asyncio.run(run())
