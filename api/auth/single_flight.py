"""Calls that are shared, so that a new token is judged once and not once for each event."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

_T = TypeVar("_T")


class SingleFlight(Generic[_T]):
    """One answer for all who ask the same at the same time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[str, Future[_T]] = {}
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many are there now for an answer that another asked for."""
        with self._lock:
            return self._waiting

    def ask(self, question: str, answer: Callable[[], _T]) -> _T:
        """What ``answer`` gives or raises, here or in the thread that asked first."""
        with self._lock:
            asked = self._open.get(question)
            is_first = asked is None
            if asked is None:
                asked = self._open[question] = Future()
            else:
                self._waiting += 1
        try:
            if is_first:
                self._answer(question, asked, answer)
            return asked.result()
        finally:
            if not is_first:
                with self._lock:
                    self._waiting -= 1

    def _answer(self, question: str, asked: Future[_T], answer: Callable[[], _T]) -> None:
        try:
            asked.set_result(answer())
        except BaseException as error:  # noqa: BLE001 - raised in every thread that asked
            asked.set_exception(error)
        finally:
            with self._lock:
                del self._open[question]
