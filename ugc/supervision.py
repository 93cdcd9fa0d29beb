"""Keeps a server's worker processes alive. Pure: time is passed in, others start the processes.

A worker that ends is started again: at once the first time, then after growing pauses until one has
served for a while.  Its end never ends the others, nor the process that looks after them.  Workers
are given up only when none has ever come so far that it serves: their settings are wrong.
"""

from __future__ import annotations

import logging
import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ugc.errors import NoWorkerStartsError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPolicy:
    """When workers that end are started again, and how those that are to end are told.

    A worker that served and lived for ``steady_seconds`` starts the count of its place anew.
    ``hopeless_starts`` in one place are enough when no worker has ever served.  A worker that is
    to end is told so again and again, since it may not hear while it starts, and killed after
    ``stop_seconds``.
    """

    first_pause_seconds: float = 0.5
    longest_pause_seconds: float = 10.0
    steady_seconds: float = 30.0
    hopeless_starts: int = 3
    stop_seconds: float = 20.0
    tell_again_seconds: float = 1.0

    def pause_seconds(self, ends: int) -> float:
        """The pause after so many ends in a row: none, the first one, then its doubles."""
        if ends <= 1:
            return 0.0
        doubles = min(ends - 2, 30)  # more of them have no room in a float
        return min(self.first_pause_seconds * 2.0**doubles, self.longest_pause_seconds)


class Worker(Protocol):
    """A process that was started."""

    @property
    def pid(self) -> int: ...

    @property
    def has_begun(self) -> bool:
        """Whether it has ever come so far that it serves."""
        ...

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        ...

    def terminate(self) -> None: ...
    def kill(self) -> None: ...


_W = TypeVar("_W", bound=Worker)


@dataclass(slots=True)
class _Place(Generic[_W]):
    """One of the workers that there are to be, whichever process it is."""

    number: int
    worker: _W | None = None
    started_at: float = 0.0
    due: float = 0.0
    ends: int = 0


@dataclass(frozen=True, slots=True)
class _Successor(Generic[_W]):
    place: _Place[_W]
    worker: _W
    started_at: float


@dataclass(slots=True)
class _Leaving(Generic[_W]):
    worker: _W
    tell_at: float
    kill_at: float


class Supervisor(Generic[_W]):
    """This many workers; each is replaced when it ends, or one after another when asked for."""

    def __init__(
        self,
        workers: int,
        start: Callable[[int], _W],
        ended: Callable[[int], object],
        policy: WorkerPolicy,
    ) -> None:
        """``start`` starts the worker of a place; places are numbered from 0.

        ``ended`` is told the place of a worker that has ended by itself, before the next starts.
        """
        self._places = [_Place[_W](number) for number in range(workers)]
        self._start = start
        self._ended = ended
        self._policy = policy
        self._any_has_begun = False
        self._to_replace: deque[_Place[_W]] = deque()
        self._successor: _Successor[_W] | None = None
        self._leaving: list[_Leaving[_W]] = []

    def workers(self) -> list[_W]:
        """Every process that was started and whose end was not seen yet."""
        serving = [place.worker for place in self._places if place.worker is not None]
        coming = [self._successor.worker] if self._successor is not None else []
        return serving + coming + [each.worker for each in self._leaving]

    def replace_all(self) -> None:
        """Gives each worker a successor, one after another; it ends when its successor serves.

        If a successor ends before that, its worker and those that are left stay.
        """
        self._to_replace = deque(self._places)

    def end_all(self, now: float) -> None:
        """Lets all workers end, and starts none any more; :meth:`step` sees them off."""
        for worker in self.workers():
            self._let_go(worker, now)
        self._places.clear()
        self._to_replace.clear()
        self._successor = None

    def step(self, now: float) -> float | None:
        """Does what is due.

        Args:
            now: seconds of a clock that only goes forward.

        Returns:
            The seconds until something is due; None when all depends on the workers.

        Raises:
            NoWorkerStartsError: none has ever served, and one place was tried often enough.
        """
        self._any_has_begun |= any(each.has_begun for each in self.workers())
        for place in self._places:
            self._attend(place, now)
        self._replace(now)
        self._see_off(now)
        dues = [place.due for place in self._places if place.worker is None]
        dues += [min(each.tell_at, each.kill_at) for each in self._leaving]
        return max(0.0, min(dues) - now) if dues else None

    def _attend(self, place: _Place[_W], now: float) -> None:
        worker = place.worker
        if worker is not None and worker.exit_code is not None:
            self._plan_restart(place, worker, now)
        if place.worker is None and place.due <= now:
            place.worker, place.started_at = self._start(place.number), now

    def _plan_restart(self, place: _Place[_W], worker: _W, now: float) -> None:
        lived_seconds = now - place.started_at
        if worker.has_begun and lived_seconds >= self._policy.steady_seconds:
            place.ends = 0
        place.ends += 1
        place.worker = None
        self._ended(place.number)
        pause = self._policy.pause_seconds(place.ends)
        place.due = now + pause
        ended = f"worker {place.number + 1} (process {worker.pid}) ended after"
        ended = f"{ended} {lived_seconds:.1f} s: {_ending(worker)}"
        if not self._any_has_begun and place.ends >= self._policy.hopeless_starts:
            raise NoWorkerStartsError(f"no worker can start; {ended}, {place.ends} times in a row")
        _log.error("%s; it is started again in %g s", ended, pause)

    def _replace(self, now: float) -> None:
        successor = self._successor
        if successor is not None and successor.worker.has_begun:
            place, self._successor = successor.place, None
            if place.worker is not None:
                self._let_go(place.worker, now)
            place.worker, place.started_at = successor.worker, successor.started_at
            place.ends = 0
        elif successor is not None and successor.worker.exit_code is not None:
            self._successor = None
            self._to_replace.clear()
            _log.error(
                "the successor of worker %d (process %d) ended before it served: %s;"
                " the workers that were not replaced stay",
                successor.place.number + 1,
                successor.worker.pid,
                _ending(successor.worker),
            )
        if self._successor is None and self._to_replace:
            place = self._to_replace.popleft()
            self._successor = _Successor(place, self._start(place.number), now)

    def _let_go(self, worker: _W, now: float) -> None:
        if all(each.worker is not worker for each in self._leaving):
            self._leaving.append(_Leaving(worker, now, now + self._policy.stop_seconds))

    def _see_off(self, now: float) -> None:
        self._leaving = [each for each in self._leaving if each.worker.exit_code is None]
        for each in self._leaving:
            if each.kill_at <= now:
                _log.warning("process %d did not end when told to and is killed", each.worker.pid)
                each.worker.kill()
                each.kill_at = each.tell_at = now + self._policy.stop_seconds
            elif each.tell_at <= now:
                each.worker.terminate()
                each.tell_at = now + self._policy.tell_again_seconds


def _ending(worker: Worker) -> str:
    code = worker.exit_code
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
