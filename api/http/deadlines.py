"""One time limit for many waits of an event loop, with one timer for all.

``asyncio.timeout`` makes a timer for each, at 8 µs of processor, and nearly none is ever due.
"""

from __future__ import annotations

import asyncio
from types import TracebackType


class Deadlines:
    """``with`` it: what is awaited in the block ends with ``TimeoutError`` after the time limit.

    Waits are of one loop, and each is a task's own; a task is in one block at a time.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # In the order they began, which is that of their deadlines.
        self._waits: dict[asyncio.Task[object], float] = {}
        self._overdue: set[asyncio.Task[object]] = set()
        self._is_timed = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        loop = task.get_loop()
        self._waits[task] = until = loop.time() + self._seconds
        if not self._is_timed:
            self._is_timed = True
            loop.call_at(until, self._look, loop)

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        self._waits.pop(task, None)
        if task in self._overdue:
            self._overdue.discard(task)
            task.uncancel()
            if isinstance(error, asyncio.CancelledError):
                raise TimeoutError from error

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ends what is overdue, and looks again when the next can be."""
        now = loop.time()
        while self._waits:
            task, until = next(iter(self._waits.items()))
            if until > now:
                loop.call_at(until, self._look, loop)
                return
            del self._waits[task]
            self._overdue.add(task)
            task.cancel()
        self._is_timed = False
