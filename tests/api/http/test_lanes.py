"""Requests before threads: in order, and no more and no longer than may wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable

import pytest

from api.errors import Rejection
from api.http.lanes import Lane, Queueing
from api.instrumentation import Stage, TokenResult, TokenSource
from contracts.reasons import Reason


class Waits:
    """How long requests waited, as they are told."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def took(self, stage: Stage, seconds: float) -> None:
        assert stage is Stage.WAIT
        self.seconds.append(seconds)

    def took_all(self, stages: Iterable[tuple[Stage, float]]) -> None:
        raise AssertionError

    def took_each(self, stage: Stage, seconds: float, number: int) -> None:
        raise AssertionError

    def judged(self, judge: TokenSource, judgement: TokenResult) -> None:
        raise AssertionError


class Held:
    """One thread, busy until it is let go; a clock that the test sets."""

    def __init__(self, *, requests: int, seconds: float = 5.0) -> None:
        self.waits = Waits()
        self.now = 0.0
        self.done: list[int] = []
        self._begun = threading.Event()
        self._free = threading.Event()
        self.lane = Lane(
            "held",
            threads=1,
            queueing=Queueing(requests=requests, seconds=seconds),
            instrumentation=self.waits,
            clock=lambda: self.now,
        )

    def hold(self) -> None:
        self._begun.set()
        self._free.wait(60)

    async def busy(self) -> asyncio.Task[None]:
        """Gives the thread its first request, and returns when it works on it."""
        task = asyncio.ensure_future(self.lane.run(self.hold))
        await asyncio.to_thread(self._begun.wait, 60)
        return task

    def send(self, number: int, weight: int = 1) -> asyncio.Task[None]:
        return asyncio.ensure_future(self.lane.run(self._work(number), weight))

    def let_go(self) -> None:
        self._free.set()

    def _work(self, number: int) -> Callable[[], None]:
        return lambda: self.done.append(number)


def test_what_waits_is_worked_on_in_the_order_it_came() -> None:
    async def scenario() -> None:
        held = Held(requests=50)
        tasks = [await held.busy(), *map(held.send, range(50))]
        held.let_go()
        await asyncio.gather(*tasks)
        assert held.done == list(range(50))

    asyncio.run(scenario())


def test_a_heavy_request_counts_for_many_and_is_done_when_nothing_else_is_there() -> None:
    async def scenario() -> None:
        held = Held(requests=9)
        tasks = [await held.busy(), held.send(1, weight=5), held.send(2, weight=4)]
        with pytest.raises(Rejection) as refused:
            await held.send(3)
        assert refused.value.reason is Reason.OVERLOADED
        held.let_go()
        await asyncio.gather(*tasks)
        await held.send(4, weight=1_000)
        assert held.done == [1, 2, 4]

    asyncio.run(scenario())


def test_more_than_may_wait_are_refused_at_once_and_those_before_are_done() -> None:
    async def scenario() -> None:
        held = Held(requests=2)
        tasks = [await held.busy(), *map(held.send, range(5))]
        await asyncio.wait(tasks[3:])
        held.let_go()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert found[:3] == [None] * 3
        assert [each.reason for each in found[3:] if isinstance(each, Rejection)] == [
            Reason.OVERLOADED
        ] * 3
        assert held.done == [0, 1]
        await held.send(9)
        assert held.done == [0, 1, 9]

    asyncio.run(scenario())


def test_what_has_waited_too_long_is_refused_without_its_work() -> None:
    async def scenario() -> None:
        held = Held(requests=9, seconds=5.0)
        first, late = await held.busy(), held.send(1)
        await asyncio.sleep(0)
        held.now = 5.5
        in_time = held.send(2)
        await asyncio.sleep(0)
        held.let_go()
        with pytest.raises(Rejection) as caught:
            await late
        await asyncio.gather(first, in_time)
        assert (caught.value.status, caught.value.retry_after_seconds) == (503, 5)
        assert held.done == [2]
        assert held.waits.seconds == [0.0, 5.5, 0.0]

    asyncio.run(scenario())


def test_work_that_fails_makes_room_again() -> None:
    async def scenario() -> None:
        held = Held(requests=0)
        with pytest.raises(ZeroDivisionError):
            await held.lane.run(lambda: print(1 // 0))
        await held.send(1)
        assert held.done == [1]

    asyncio.run(scenario())
