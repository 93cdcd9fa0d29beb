"""Batches that take turns: one is under way, and what comes meanwhile is the next.

So a batch is as large as the other side is slow, and nothing queues up behind it elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

_T = TypeVar("_T")


class TooManyError(Exception):
    """No more items can wait."""


@dataclass(frozen=True, slots=True)
class Turn(Generic[_T]):
    """What is to be done now: hand the batch over, and give up what is dropped."""

    batch: Sequence[_T] = ()
    dropped: Sequence[_T] = ()


class Turns(Generic[_T]):
    """Items on their way, by identity. Safe to share between threads.

    Whoever gets a :class:`Turn` has to do what it says, and to :meth:`end` each item of its batch.
    """

    def __init__(self, limit: int) -> None:
        """``limit`` items at most wait or are under way."""
        self._limit = limit
        self._lock = Lock()
        self._waiting: list[_T] = []
        self._under_way: dict[int, _T] = {}
        self._has_failed = False

    def __len__(self) -> int:
        """How many wait or are under way."""
        with self._lock:
            return len(self._waiting) + len(self._under_way)

    def add(self, item: _T) -> Turn[_T]:
        """Takes an item in.

        Raises:
            TooManyError: as many as may wait do.
        """
        with self._lock:
            if len(self._waiting) + len(self._under_way) >= self._limit:
                raise TooManyError
            self._waiting.append(item)
            return self._next()

    def end(self, item: _T, *, failed: bool) -> Turn[_T]:
        """An item of the batch has ended; again for the same changes nothing.

        When one has failed, those that waited for the batch's end are dropped.
        """
        with self._lock:
            if self._under_way.pop(id(item), None) is None:
                return Turn()
            self._has_failed |= failed
            return self._next()

    def under_way(self) -> Collection[_T]:
        """What has been handed over and has not ended."""
        with self._lock:
            return list(self._under_way.values())

    def _next(self) -> Turn[_T]:
        if self._under_way:
            return Turn()
        left, self._waiting = self._waiting, []
        has_failed, self._has_failed = self._has_failed, False
        if has_failed:
            return Turn(dropped=tuple(left))
        self._under_way = {id(each): each for each in left}
        return Turn(batch=tuple(left))
