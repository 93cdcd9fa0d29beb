"""Batches that take turns: one is under way, and what comes meanwhile is the next.

So a batch is as large as the other side is slow, up to a limit, and nothing queues up behind it
elsewhere.

A verdict on several items at once is none on each of them.  Items that were refused in company come
again before all others, in batches of half the size, until each is taken or is refused alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class TooManyError(Exception):
    """No more items can wait."""


@dataclass(frozen=True, slots=True)
class Batch(Generic[_T]):
    """What is to be done now: hand the batch over, and give up what is dropped."""

    batch: Sequence[_T] = ()
    dropped: Sequence[_T] = ()


NOTHING: Batch[Any] = Batch()
"""What most ends of items lead to: made once, since it would be made for each of them."""


class InFlightBatches(Generic[_T]):
    """Items on their way, by identity. Safe to share between threads.

    Whoever gets a :class:`Batch` has to do what it says, and to :meth:`end` each item of its batch.
    """

    def __init__(
        self, limit: int, batch_limit: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """
        Args:
            limit: so many items at most wait or are under way.
            batch_limit: so many make the longest batch.
            clock: seconds, never going back.
        """
        self._limit = limit
        self._batch_limit = batch_limit
        self._clock = clock
        self._since: float | None = None
        self._lock = Lock()
        self._waiting: list[_T] = []
        self._under_way: dict[int, _T] = {}
        self._is_alone = False
        self._rejected: list[_T] = []
        self._smaller: deque[list[_T]] = deque()
        self._has_failed = False

    def __len__(self) -> int:
        """How many wait or are under way."""
        with self._lock:
            return self._count()

    @property
    def since(self) -> float | None:
        """When the batch that is under way was handed over, by the clock; ``None``: none is."""
        return self._since

    def add(self, items: Sequence[_T]) -> Batch[_T]:
        """Takes items in, all or none.

        Raises:
            TooManyError: fewer may come in.
        """
        with self._lock:
            if self._count() + len(items) > self._limit:
                raise TooManyError
            self._waiting.extend(items)
            return self._next()

    def end(self, item: _T, *, failed: bool = False) -> Batch[_T]:
        """An item of the batch has ended; again for the same changes nothing.

        When one has failed, those that waited for the batch's end are dropped.
        """
        with self._lock:
            if self._under_way.pop(id(item), None) is None:
                return NOTHING
            self._has_failed |= failed
            return NOTHING if self._under_way else self._next()

    @property
    def is_alone(self) -> bool:
        """Whether the batch that is under way is of one item."""
        return self._is_alone

    def refuse(self, item: _T) -> Batch[_T]:
        """An item was refused with others of its batch; it comes again in a smaller one.

        One that is dropped meanwhile (see :meth:`end`) does not come again.  For an item that has
        ended nothing changes.
        """
        with self._lock:
            if self._under_way.pop(id(item), None) is None:
                return NOTHING
            self._rejected.append(item)
            return self._next()

    def under_way(self) -> Collection[_T]:
        """What has been handed over and has not ended."""
        with self._lock:
            return list(self._under_way.values())

    def _count(self) -> int:
        again = len(self._rejected) + sum(map(len, self._smaller))
        return len(self._waiting) + len(self._under_way) + again

    def _next(self) -> Batch[_T]:
        if self._under_way:
            return NOTHING
        self._smaller.extendleft(reversed(_halves(self._rejected)))
        self._rejected = []
        self._since = None
        if self._has_failed:
            self._has_failed = False
            return Batch(dropped=self._taken_all())
        batch = self._smaller.popleft() if self._smaller else self._taken_waiting()
        self._under_way = {id(each): each for each in batch}
        self._is_alone = len(batch) == 1
        if not batch:
            return NOTHING
        self._since = self._clock()
        return Batch(batch=batch)

    def _taken_waiting(self) -> list[_T]:
        taken = self._waiting[: self._batch_limit]
        self._waiting = self._waiting[self._batch_limit :]
        return taken

    def _taken_all(self) -> tuple[_T, ...]:
        again = [each for group in self._smaller for each in group]
        self._smaller.clear()
        waiting, self._waiting = self._waiting, []
        return (*again, *waiting)


def _halves(items: list[_T]) -> list[list[_T]]:
    middle = (len(items) + 1) // 2
    return [half for half in (items[:middle], items[middle:]) if half]
