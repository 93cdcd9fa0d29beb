"""News from other threads for coroutines of one event loop: one wake-up for all that is there.

Each wake-up of a sleeping loop is a system call and a turn for the interpreter's lock; Kafka's
acknowledgements come many at a time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import get_ident
from typing import Generic, TypeVar

_T = TypeVar("_T")


class LoopCalls:
    """Calls that any thread asks for, made on one event loop in the order they were asked for."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread_id = 0
        self._asked: deque[Callable[[], None]] = deque()
        self._is_woken = False

    def bind(self) -> asyncio.AbstractEventLoop:
        """Makes the running loop the one; again for the same changes nothing."""
        self._loop = asyncio.get_running_loop()
        self._thread_id = get_ident()
        return self._loop

    def call(self, act: Callable[[], None]) -> None:
        """Makes a call that must not raise: at once on the loop itself, from elsewhere soon."""
        if get_ident() == self._thread_id:
            act()
            return
        self._asked.append(act)
        # Who clears the flag looks at the queue after that: nothing asked before is left behind.
        if not self._is_woken:
            self._is_woken = True
            assert self._loop is not None, "somebody waits"
            with suppress(RuntimeError):  # the loop has ended, and with it all connections
                self._loop.call_soon_threadsafe(self._call_all)

    def _call_all(self) -> None:
        self._is_woken = False
        while self._asked:
            self._asked.popleft()()


class Waits(Generic[_T]):
    """Coroutines of one loop that wait for what any thread tells; subclasses say for what."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._calls = LoopCalls()
        self._waiting: set[asyncio.Future[_T]] = set()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def drained(self) -> None:
        """Returns when nobody waits, and those that did have gone on."""
        while self._waiting:
            await asyncio.wait(set(self._waiting))
            await asyncio.sleep(0)

    def _bound(self) -> asyncio.AbstractEventLoop:
        """The loop that runs, which is that of all waits."""
        loop = self._loop
        if loop is None:
            loop = self._loop = self._calls.bind()
        return loop


class Wakeups(Waits[_T]):
    """Hands what any thread tells to the coroutine that waits; each wait has its own news."""

    async def of(self, begin: Callable[[Callable[[_T], None]], bool]) -> _T | None:
        """The news of something that ``begin`` starts.

        ``begin`` is given the function to tell it by, once, from any thread and perhaps before it
        returns; where it gives ``False`` nothing is started, and this is ``None``.
        """
        future: asyncio.Future[_T] = self._bound().create_future()
        if not begin(partial(self._tell, future)):
            return None
        self._waiting.add(future)
        try:
            return await future
        finally:
            self._waiting.discard(future)

    def _tell(self, future: asyncio.Future[_T], news: _T) -> None:
        self._calls.call(partial(_end, future, news))


def _end(future: asyncio.Future[_T], news: _T) -> None:
    if not future.done():
        future.set_result(news)
