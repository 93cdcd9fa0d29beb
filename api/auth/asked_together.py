"""Calls that are shared, so that a new token is judged once and not once for each event."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

_T = TypeVar("_T")


class AskedTogether(Generic[_T]):
    """One answer for all who ask the same at the same time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[str, Future[_T]] = {}

    def ask(self, question: str, answer: Callable[[], _T]) -> _T:
        """What ``answer`` gives or raises, here or in the thread that asked first."""
        with self._lock:
            asked = self._open.get(question)
            is_first = asked is None
            if asked is None:
                asked = self._open[question] = Future()
        if is_first:
            try:
                asked.set_result(answer())
            except BaseException as error:  # noqa: BLE001 - raised below, in every thread
                asked.set_exception(error)
            finally:
                with self._lock:
                    del self._open[question]
        return asked.result()
