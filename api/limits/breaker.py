"""A circuit breaker that many threads may call through at once.

The guarded function runs outside of the lock, so that one slow answer makes no other call wait;
libraries for this count under the same lock that they call under.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from api.errors import UnavailableError

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class Breaker:
    """Lets calls through until several in a row fail; then one trial call from time to time.

    Only an :class:`~api.errors.UnavailableError` counts as a failure.  Calls that fail side by side
    count as one: a burst that is too much for a moment says no more than its first call.  So with
    calls that end after a time-out, it takes that many time-outs to open, however many call.
    """

    def __init__(
        self,
        name: str,
        *,
        failures_to_open: int,
        retry_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            name: what stands behind it, for the log.
            failures_to_open: that many failures, each of a call that began after the one before,
                stop the calls.
            retry_seconds: how long calls stay stopped until one is tried.
            clock: seconds, never backwards.
        """
        self._name = name
        self._failures_to_open = failures_to_open
        self._retry_seconds = retry_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._trial = threading.Lock()
        self._failures = 0
        self._counted = 0
        """Failures since the start, those that an answer followed, too."""
        self._opened_at: float | None = None

    @property
    def closed(self) -> bool:
        """Whether calls are let through."""
        return self._opened_at is None

    def call(self, function: Callable[[], _T], refused: type[UnavailableError]) -> _T:
        """The function's result.

        Raises:
            UnavailableError: as ``refused`` when no call is let through; else the function's own.
        """
        if self.closed:
            return self._watched(function, is_trial=False)
        if not self._trial.acquire(blocking=False):
            raise self._rejection(refused)
        try:
            if not self._may_try():
                raise self._rejection(refused)
            return self._watched(function, is_trial=True)
        finally:
            self._trial.release()

    def note_failure(self) -> None:
        """Counts a failure of a call that did not go through here, like any other."""
        self._note_failure(self._counted, is_trial=False)

    def _may_try(self) -> bool:
        with self._lock:
            opened_at = self._opened_at
        return opened_at is None or self._clock() - opened_at >= self._retry_seconds

    def _watched(self, function: Callable[[], _T], *, is_trial: bool) -> _T:
        counted = self._counted
        try:
            result = function()
        except UnavailableError:
            self._note_failure(counted, is_trial=is_trial)
            raise
        except Exception:
            self._note_answer(is_trial=is_trial)  # it was reached, whatever it said
            raise
        self._note_answer(is_trial=is_trial)
        return result

    def _note_failure(self, counted: int, *, is_trial: bool) -> None:
        """``counted``: the failures before the call began."""
        with self._lock:
            if self._opened_at is None:
                if counted != self._counted:
                    return  # another that was under way at the same time has said so
                self._counted += 1
                self._failures += 1
                if self._failures < self._failures_to_open:
                    return
                _log.warning("circuit breaker of %s is open", self._name)
            elif not is_trial:
                return  # late news of a call that began before it opened
            self._opened_at = self._clock()

    def _note_answer(self, *, is_trial: bool) -> None:
        # Nearly every call ends here: without a failure there is nothing to change.
        if not self._failures and self._opened_at is None:
            return
        with self._lock:
            if self._opened_at is not None:
                if not is_trial:
                    return
                _log.warning("circuit breaker of %s is closed", self._name)
            self._failures, self._opened_at = 0, None

    def _rejection(self, refused: type[UnavailableError]) -> UnavailableError:
        return refused(f"{self._name} is not asked: it did not answer lately")
