"""Runs in a row on one source, which keeps its place in the consumer group (continuous mode).

A run ends every ``report_seconds`` with its report, as a scheduled one does; the next one begins at
once, with the partitions that are there.  When a part does not answer, the run ends with that
error; it is begun anew, with the source, as soon as the parts answer again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from etl.errors import StoppedError
from etl.run.context import RunContext
from etl.run.following import Following, Pace
from etl.run.report import RunReport
from etl.run.runner import run
from etl.source import Source

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 10.0


class Stop(Protocol):
    """What of :class:`threading.Event` is used; :meth:`wait` ends earlier when it is set."""

    def is_set(self) -> bool: ...
    def wait(self, timeout: float) -> object: ...


class Watcher(Protocol):
    """Is told what goes on; all from one thread."""

    def run_ended(self, report: RunReport) -> None:
        """A run ended with its report."""

    def stored(self, since_ms: int | None) -> None:
        """A block was committed, or nothing waits: see :class:`etl.run.following.Following`."""

    def waits(self, error: Exception, seconds: float) -> None:
        """Nothing can be loaded; after so many seconds it is tried again. Once for each try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """What is needed to follow a topic.

    ``prepare`` asks Redis and ClickHouse whether a run could begin: a loader that cannot load joins
    no group, in which it would take partitions from others that can.  ``is_passing`` tells errors
    that waiting cures from others.
    """

    context: RunContext
    prepare: Callable[[], object]
    open_source: Callable[[], Source]
    is_passing: Callable[[Exception], bool]
    clock: Callable[[], float]


def follow(follower: Follower, pace: Pace, stop: Stop, watcher: Watcher) -> None:
    """Loads what comes until ``stop`` is set; ends when the block at hand is stored.

    Raises:
        EtlError, RegistryError, ClickHouseError: one that waiting does not cure.
    """
    outage = _Outage(watcher)
    while not stop.is_set():
        try:
            follower.prepare()
            with closing(follower.open_source()) as source:
                _runs(follower, pace, source, stop, outage)
        except StoppedError:
            return
        except Exception as error:
            if not follower.is_passing(error):
                raise
            stop.wait(outage.wait_seconds(error))


class _Outage:
    """How long to wait: longer each time, until something was stored or nothing waits."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher = watcher
        self._next_seconds = _FIRST_WAIT_SECONDS

    def wait_seconds(self, error: Exception) -> float:
        seconds = self._next_seconds
        self._next_seconds = min(2 * seconds, _LONGEST_WAIT_SECONDS)
        self.watcher.waits(error, seconds)
        return seconds

    def stored(self, since_ms: int | None) -> None:
        self._next_seconds = _FIRST_WAIT_SECONDS
        self.watcher.stored(since_ms)


def _runs(follower: Follower, pace: Pace, source: Source, stop: Stop, outage: _Outage) -> None:
    while not stop.is_set():
        following = Following(
            source, pace, clock=follower.clock, should_stop=stop.is_set, stored=outage.stored
        )
        outage.watcher.run_ended(run(follower.context, following, stop.is_set))
