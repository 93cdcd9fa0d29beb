"""A circuit breaker that many threads may call through at once.

pybreaker counts, times and decides.  Its own ``call`` holds a lock while the guarded function
runs, so that one slow answer would make every other request wait in line; here the function runs
outside of that lock, and only its outcome is reported to pybreaker.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import NoReturn, TypeVar

import pybreaker

from api.errors import UnavailableError

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class Breaker:
    """Lets calls through until several in a row fail; then one trial call from time to time.

    Only an :class:`~api.errors.UnavailableError` counts as a failure.
    """

    def __init__(self, name: str, *, failures_to_open: int, retry_seconds: float) -> None:
        """
        Args:
            name: what stands behind it, for the log.
            failures_to_open: that many failures in a row stop the calls.
            retry_seconds: how long calls stay stopped until one is tried.
        """
        self._name = name
        self._trial = threading.Lock()
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=failures_to_open,
            reset_timeout=retry_seconds,
            exclude=[lambda error: not isinstance(error, UnavailableError)],
            listeners=[_StateLog(name)],
            throw_new_error_on_trip=False,
        )

    @property
    def closed(self) -> bool:
        """Whether calls are let through."""
        return self._breaker.current_state == pybreaker.STATE_CLOSED

    def call(self, function: Callable[[], _T], refused: type[UnavailableError]) -> _T:
        """The function's result.

        Raises:
            UnavailableError: as ``refused`` when no call is let through; else the function's own.
        """
        if self.closed:
            return self._observed(function)
        if not self._trial.acquire(blocking=False):
            raise refused(f"{self._name} is not asked: it did not answer lately")
        try:
            return self._breaker.call(function)
        except pybreaker.CircuitBreakerError as error:
            raise refused(f"{self._name} is not asked: it did not answer lately") from error
        finally:
            self._trial.release()

    def _observed(self, function: Callable[[], _T]) -> _T:
        try:
            result = function()
        except UnavailableError as error:
            self._report(_raiser(error))
            raise
        if self._breaker.fail_counter:
            self._report(_nothing)
        return result

    def _report(self, outcome: Callable[[], None]) -> None:
        """Tells pybreaker how a call ended. Late news of an open breaker change nothing."""
        if not self.closed:
            return
        try:
            self._breaker.call(outcome)
        except (UnavailableError, pybreaker.CircuitBreakerError):
            return


class _StateLog(pybreaker.CircuitBreakerListener):
    def __init__(self, name: str) -> None:
        self._name = name

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        _log.warning("circuit breaker of %s is %s", self._name, new_state.name)


def _raiser(error: UnavailableError) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise error

    return fail


def _nothing() -> None:
    return None
