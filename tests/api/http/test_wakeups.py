"""News from other threads, and one timer for many waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from api.http.deadlines import Deadlines
from api.http.wakeups import Wakeups


def test_what_is_told_before_the_wait_begins_is_not_lost() -> None:
    async def scenario() -> int | None:
        return await Wakeups[int]().of(lambda tell: tell(5) is None)

    assert asyncio.run(scenario()) == 5


def test_nothing_is_waited_for_where_nothing_was_started() -> None:
    async def scenario() -> int | None:
        return await Wakeups[int]().of(lambda _tell: False)

    assert asyncio.run(scenario()) is None


def test_each_wait_has_its_own_news_whatever_thread_tells_it() -> None:
    async def scenario() -> list[int | None]:
        wakeups = Wakeups[int]()
        tells: list[Callable[[int], None]] = []

        def begin(tell: Callable[[int], None]) -> bool:
            tells.append(tell)
            return True

        waits = [asyncio.ensure_future(wakeups.of(begin)) for _ in range(100)]
        await asyncio.sleep(0)

        def tell_some(first: int) -> None:
            for number in range(first, 100, 4):
                tells[number](number)

        threads = [threading.Thread(target=tell_some, args=(first,)) for first in range(4)]
        for each in threads:
            each.start()
        found = await asyncio.gather(*waits)
        for each in threads:
            each.join()
        return found

    assert asyncio.run(scenario()) == list(range(100))


def test_a_wait_that_was_given_up_does_not_mind_its_news() -> None:
    async def scenario() -> int | None:
        wakeups = Wakeups[int]()
        tells: list[Callable[[int], None]] = []
        given_up = asyncio.ensure_future(wakeups.of(lambda tell: tells.append(tell) is None))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.wait([given_up])
        tells[0](1)
        return await wakeups.of(lambda tell: tell(2) is None)

    assert asyncio.run(scenario()) == 2


def test_drained_is_after_the_last_has_gone_on() -> None:
    async def scenario() -> list[str]:
        wakeups, happened, tells = Wakeups[int](), [], list[Callable[[int], None]]()

        async def wait() -> None:
            await wakeups.of(lambda tell: tells.append(tell) is None)
            happened.append("gone on")

        waiting = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        threading.Timer(0.01, lambda: tells[0](1)).start()
        await wakeups.drained()
        happened.append("drained")
        await waiting
        return happened

    assert asyncio.run(scenario()) == ["gone on", "drained"]


def test_a_wait_beyond_its_deadline_ends_and_the_others_go_on() -> None:
    async def scenario() -> None:
        deadlines, hold = Deadlines(0.01), asyncio.Event()

        async def wait() -> None:
            with deadlines:
                await hold.wait()

        with deadlines:
            await asyncio.sleep(0)
        waits = [asyncio.ensure_future(wait()) for _ in range(3)]
        for each in waits:
            with pytest.raises(TimeoutError):
                await each
        hold.set()
        await wait()
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    asyncio.run(scenario())


def test_a_cancellation_by_somebody_else_is_none_of_a_deadline_s() -> None:
    async def scenario() -> None:
        deadlines, hold = Deadlines(60.0), asyncio.Event()

        async def wait() -> None:
            with deadlines:
                await hold.wait()

        waiting = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(scenario())
