"""Acknowledgements heard on the event loop: when it looks for them, and when it stops."""

from __future__ import annotations

import asyncio

from api.http.hearing import LoopHearing


class Heard:
    """Kafka's reports, one at each look; ``waiting`` is how many are awaited."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        self.looks = self.leaves = 0
        self.left = asyncio.Event()

    def hear(self) -> None:
        self.looks += 1
        self.waiting -= 1

    def leave(self) -> None:
        self.leaves += 1
        self.left.set()


async def heard(waiting: int) -> Heard:
    reports = Heard(waiting)
    hearing = LoopHearing(reports, lambda: reports.waiting)
    hearing.look()
    hearing.look()
    if waiting > 4:
        await asyncio.wait_for(reports.left.wait(), 30)
    else:
        await asyncio.sleep(0)
    return reports


def test_many_are_heard_until_none_is_awaited() -> None:
    reports = asyncio.run(heard(7))

    assert (reports.waiting, reports.looks, reports.leaves) == (0, 7, 1)


def test_a_few_are_left_to_the_thread() -> None:
    reports = asyncio.run(heard(4))

    assert (reports.looks, reports.leaves) == (0, 0)


def test_what_comes_after_a_pause_is_heard_again() -> None:
    async def scenario() -> Heard:
        reports = Heard(5)
        hearing = LoopHearing(reports, lambda: reports.waiting)
        for _ in range(2):
            reports.waiting = 5
            hearing.look()
            await asyncio.wait_for(reports.left.wait(), 30)
            reports.left.clear()
        return reports

    reports = asyncio.run(scenario())

    assert (reports.looks, reports.leaves) == (10, 2)
