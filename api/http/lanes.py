"""Threads that work on requests in the order they come, with a bound on what waits for them.

What a process cannot work on soon is refused at once, or as soon as it has waited too long: a
sender that is told to come back is better off than one that waits for an answer that comes too
late, and keeps the next from theirs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from api.errors import Rejection
from api.instrumentation import Instrumentation, Stage
from contracts.reasons import DESCRIPTIONS, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Queueing:
    """How many requests may wait for a thread, and how long.

    Where requests differ in what they are to do (see :meth:`Lane.run`), so much work may wait.
    """

    requests: int
    seconds: float


class Lane:
    """One line of requests before some threads. It is called from one event loop."""

    def __init__(
        self,
        name: str,
        *,
        threads: int,
        queueing: Queueing,
        instrumentation: Instrumentation,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """
        Args:
            name: what its threads are called.
            threads: requests that are worked on at a time.
            queueing: the bound on those that wait.
            instrumentation: is told how long each waited.
            clock: seconds, never going back.
        """
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._most = threads + queueing.requests
        self._wait_seconds = queueing.seconds
        self._instrumentation = instrumentation
        self._clock = clock
        self._present = 0

    async def run(self, work: Callable[[], None], weight: int = 1) -> None:
        """Does the work in a thread when its turn has come.

        Args:
            work: what is to be done.
            weight: what it counts of that which may wait; the heaviest is done all the same when
                nothing else is there.

        Raises:
            Rejection: ``OVERLOADED``; the work is not done.
        """
        if self._present and self._present + weight > self._most:
            raise overloaded()
        came = self._clock()
        self._present += weight
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._threads, self._begin, came, work)
        finally:
            self._present -= weight

    def close(self) -> None:
        """Returns when the work that was taken is done."""
        self._threads.shutdown()

    def _begin(self, came: float, work: Callable[[], None]) -> None:
        waited = self._clock() - came
        self._instrumentation.took(Stage.WAIT, waited)
        if waited > self._wait_seconds:
            raise overloaded()
        work()


def overloaded() -> Rejection:
    """The answer to a request that the process does not work on."""
    return Rejection(Reason.OVERLOADED, DESCRIPTIONS[Reason.OVERLOADED])
