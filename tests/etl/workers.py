"""Runs that stop before and after every input and output, where a test decides how they go on.

Each run has a thread, but only one thread moves at a time: the test's, or that of the run it has
told to go on.  So every interleaving of several runs can be had, and had again.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ch_schema.errors import AmbiguousError, ClickHouseError, RetryableError
from etl.errors import DeadLettersUnavailableError, EtlError, StoreUnavailableError
from etl.run.following import Following, Pace
from etl.run.load import Loader
from etl.run.report import RunReport
from etl.run.runner import run
from etl.testing.decoding import OneByOne
from etl.testing.kafka import MemorySource
from tests.etl.world import World

END_SECONDS = 60.0

_RUNS_IN_A_ROW = 2
_SECONDS_OF_A_RUN = 12


class Killed(BaseException):
    """SIGKILL: nothing below the point where it strikes is run."""


Fault = Callable[[], Exception]

FAULTS: Mapping[tuple[str, str], Fault] = {
    ("tables", "before"): lambda: RetryableError("no connection"),
    ("tables", "after"): lambda: AmbiguousError("time-out"),
    ("store", "before"): lambda: StoreUnavailableError("no connection"),
    ("store", "after"): lambda: StoreUnavailableError("time-out"),
    ("dead_letters", "before"): lambda: DeadLettersUnavailableError("no connection"),
    ("dead_letters", "after"): lambda: DeadLettersUnavailableError("time-out"),
}
"""What a part reports when it fails before it did something, or after."""


Gate = Callable[[str, str, str], None]
"""Is told the part, its method, and whether it is about to work or has worked."""


class Gated:
    """A part whose every method stops before and after it does its work."""

    def __init__(self, name: str, inner: Any, gate: Gate) -> None:
        self._name = name
        self._inner = inner
        self._gate = gate

    def __getattr__(self, method: str) -> Callable[..., Any]:
        inner = getattr(self._inner, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._gate(self._name, method, "before")
            found = inner(*args, **kwargs)
            self._gate(self._name, method, "after")
            return found

        return call


class Worker:
    """One process of the loader."""

    def __init__(self, world: World, *, follows: bool = False, one_by_one: bool = False) -> None:
        """
        Args:
            world: what it works in.
            follows: it makes some runs in a row on one membership, each reading on a while.
            one_by_one: the reference's way, without columns.
        """
        self._world = world
        self._follows = follows
        self._decoder = world.context.decoder
        if one_by_one:
            self._decoder = OneByOne(self._decoder)
        self._go_on, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._order = "go"
        self._at: tuple[str, str, str] | None = None
        self._members: list[MemorySource] = []
        self._unexpected: BaseException | None = None
        self.reports: list[RunReport] = []
        self.should_stop = False

    @property
    def running(self) -> bool:
        return self._at is not None

    @property
    def can_fail(self) -> bool:
        return self._at is not None and (self._at[0], self._at[2]) in FAULTS

    def begin(self) -> None:
        """Begins a run, which stops before its first input or output."""
        assert not self.running
        self.should_stop = False
        threading.Thread(target=self._main, daemon=True).start()
        self._wait()

    def go(self, steps: int) -> None:
        """Lets the run go on, through so many stops at most."""
        for _ in range(steps):
            if self.running:
                self._tell("go")

    def go_to(self, method: str, moment: str, times: int) -> None:
        """Lets the run go on until it has come to a place so many times, or has ended."""
        while self.running and times:
            self._tell("go")
            times -= self._at is not None and self._at[1:] == (method, moment)

    def finish(self) -> None:
        """Lets the run go on to its end."""
        while self.running:
            self._tell("go")

    def fail(self) -> None:
        """The part that the run is using fails."""
        self._tell("fail")

    def kill(self) -> None:
        """The process dies where it is."""
        self._tell("kill")

    def expel(self) -> None:
        """The group gives up the worker's process, and those before it that were killed."""
        for member in self._members:
            self._world.topic.expel(member)

    def _tell(self, order: str) -> None:
        self._order = order
        self._go_on.release()
        self._wait()

    def _wait(self) -> None:
        assert self._stopped.acquire(timeout=END_SECONDS), "a run hangs"
        if self._unexpected is not None:
            raise self._unexpected

    def _gate(self, part: str, method: str, moment: str) -> None:
        self._at = part, method, moment
        self._stopped.release()
        self._go_on.acquire()
        match self._order:
            case "kill":
                raise Killed
            case "fail":
                raise FAULTS[part, moment]()

    def _main(self) -> None:
        try:
            self._run()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._unexpected = error
        self._at = None
        self._stopped.release()

    def _run(self) -> None:
        world = self._world
        member = MemorySource(world.topic)
        self._members.append(member)
        tables = Gated("tables", world.tables, self._gate)
        context = replace(
            world.context,
            decoder=self._decoder,
            store=Gated("store", world.memory_store, self._gate),  # type: ignore[arg-type]
            dead_letters=Gated("dead_letters", world.dead_letters, self._gate),  # type: ignore[arg-type]
            loader=Loader(tables, world.catalog, sleep=world.slept.append, attempts=3),
        )
        source = Gated("source", member, self._gate)
        try:
            for _ in range(_RUNS_IN_A_ROW if self._follows else 1):
                self._take(run(context, self._reading(source), lambda: self.should_stop))
        except (EtlError, ClickHouseError):
            pass
        member.close()

    def _reading(self, source: Any) -> Any:
        if not self._follows:
            return source
        # Every look at the clock is a second.
        seconds = map(float, itertools.count())
        pace = Pace(max_delay_seconds=1, report_seconds=_SECONDS_OF_A_RUN)
        return Following(
            source, pace, clock=lambda: next(seconds), should_stop=lambda: self.should_stop
        )

    def _take(self, report: RunReport) -> None:
        assert report.reconciled, report
        self.reports.append(report)
