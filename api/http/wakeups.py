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


class Wakeups(Generic[_T]):
    """Hands what any thread tells to the coroutine that waits for it.

    Coroutines are of one loop; each wait has news of its own.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread_id = 0
        self._told: deque[tuple[asyncio.Future[_T], _T]] = deque()
        self._is_woken = False
        self._waiting: set[asyncio.Future[_T]] = set()

    async def of(self, begin: Callable[[Callable[[_T], None]], bool]) -> _T | None:
        """The news of something that ``begin`` starts.

        ``begin`` is given the function to tell it by, once, from any thread and perhaps before it
        returns; where it gives ``False`` nothing is started, and this is ``None``.
        """
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
            self._thread_id = get_ident()
        future: asyncio.Future[_T] = loop.create_future()
        if not begin(partial(self._tell, future)):
            return None
        self._waiting.add(future)
        try:
            return await future
        finally:
            self._waiting.discard(future)

    @property
    def waiting(self) -> int:
        """How many wait for news."""
        return len(self._waiting)

    async def drained(self) -> None:
        """Returns when nobody waits, and those that did have gone on."""
        while self._waiting:
            await asyncio.wait(set(self._waiting))
            await asyncio.sleep(0)

    def _tell(self, future: asyncio.Future[_T], news: _T) -> None:
        if get_ident() == self._thread_id:
            if not future.done():
                future.set_result(news)
            return
        self._told.append((future, news))
        # Who clears the flag looks at the queue after that: nothing told before is left behind.
        if not self._is_woken:
            self._is_woken = True
            assert self._loop is not None, "somebody waits"
            with suppress(RuntimeError):  # the loop has ended, and with it all connections
                self._loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        self._is_woken = False
        while self._told:
            future, news = self._told.popleft()
            if not future.done():
                future.set_result(news)
