"""Where work goes that a run need not wait for at once: a Protocol, the reference, and threads.

A run waits for Redis and ClickHouse as long as it works itself, so one after the other takes twice
the time (mixed backlog: 44 µs a message by the clock, 16 of them the loader's own).  On
:class:`Threads` it reads and decodes a chunk while the former one is stored, and inserts a chunk's
tables together.  On :class:`InTurn`, the reference, nothing overlaps.  What must be durable before
what is the same on both (``docs/decisions/0004``), since a run waits for it in the same places.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

_log = logging.getLogger(__name__)

T = TypeVar("T")

_THREADS = 8
"""One for the chunk that is stored, which waits for the others: a few inserts at a time."""

_SWITCH_SECONDS = 0.0005
"""A thread that has its answer gets Python's lock after so long, not after 5 ms: a chunk waits for
some fifty answers of Redis while the next one is decoded."""


class Lanes(Protocol):
    """Begins calls beside the caller's own work. One run at a time uses it."""

    @property
    def overlaps(self) -> bool:
        """Whether it is worth reading ahead."""
        ...

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        """Begins a call; gives what waits for its end, and gives or raises what it did.

        It may begin others, of which none may begin more.  Whatever was begun has to be waited for,
        or dropped.
        """
        ...

    def wait(self, waits: Sequence[Callable[[], object]]) -> None:
        """Waits for calls that were begun; raises what the first of those that failed raised.

        When one fails the others have ended too, or never begin.
        """
        ...

    def drop(self, waits: Sequence[Callable[[], object]]) -> None:
        """Returns when none of these calls goes on any more, whatever they came to."""
        ...


class InTurn:
    """Everything in the caller's own thread, when it is waited for: the reference."""

    overlaps = False

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        """See :meth:`Lanes.begin`."""
        return call

    def wait(self, waits: Sequence[Callable[[], object]]) -> None:
        """See :meth:`Lanes.wait`."""
        for wait in waits:
            wait()

    def drop(self, waits: Sequence[Callable[[], object]]) -> None:
        """See :meth:`Lanes.drop`. None has begun."""


IN_TURN = InTurn()
"""It has no state."""


class Threads:
    """Threads of this process; while they are there, threads take turns more often."""

    overlaps = True

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, "lane")
        self._switch_seconds = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_SECONDS)

    def begin(self, call: Callable[[], T]) -> Callable[[], T]:
        """See :meth:`Lanes.begin`."""
        return self._pool.submit(call).result

    def wait(self, waits: Sequence[Callable[[], object]]) -> None:
        """See :meth:`Lanes.wait`."""
        if problems := _problems(waits):
            raise problems[0]

    def drop(self, waits: Sequence[Callable[[], object]]) -> None:
        """See :meth:`Lanes.drop`."""
        for problem in _problems(waits):
            _log.info("not waited for: %s", problem)

    def close(self) -> None:
        """Ends the threads, when what was begun has ended."""
        self._pool.shutdown()
        sys.setswitchinterval(self._switch_seconds)


def _problems(waits: Sequence[Callable[[], object]]) -> list[Exception]:
    """Waits for all; what those that failed have raised."""
    problems: list[Exception] = []
    for wait in waits:
        try:
            wait()
        except Exception as error:  # noqa: BLE001 - told to the caller
            problems.append(error)
    return problems
