"""Runs that stop before and after every input and output, where a test decides how they go on.

Each run has a thread, and one for each call that it begins beside (:mod:`etl.run.lanes`), but only
one thread moves at a time: the test's, or one of the run it has told to go on.  So every
interleaving of several runs can be had, and had again.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ch_schema.errors import AmbiguousError, ClickHouseError, RetryableError
from etl.errors import DeadLettersUnavailableError, EtlError, StoreUnavailableError
from etl.run.following import Following, Pace
from etl.run.lanes import IN_TURN, Lanes
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


Place = tuple[str, str, str]


class Strand:
    """One thread of a run: where it stands, and for whom it waits there."""

    def __init__(self) -> None:
        self.go_on = threading.Semaphore(0)
        self.order = "go"
        self.at: Place = ("lanes", "begin", "before")
        self.waits_for: Strand | None = None
        self.ended = False
        self.found: Any = None
        self.problem: Exception | None = None

    @property
    def may_go(self) -> bool:
        return not self.ended and (self.waits_for is None or self.waits_for.ended)


class TurnLanes:
    """:class:`etl.run.lanes.Lanes` whose threads stop as the run's own does."""

    overlaps = True

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def begin(self, call: Callable[[], Any]) -> Callable[[], Any]:
        strand = self._worker.started(call)
        return lambda: self._worker.outcome(strand)

    def wait(self, waits: Sequence[Callable[[], object]]) -> None:
        problems = [problem for wait in waits if (problem := _problem_of(wait)) is not None]
        if problems:
            raise problems[0]

    def drop(self, waits: Sequence[Callable[[], object]]) -> None:
        for wait in waits:
            _problem_of(wait)


def _problem_of(wait: Callable[[], object]) -> Exception | None:
    try:
        wait()
    except Exception as error:  # noqa: BLE001 - whatever it was
        return error
    return None


class Worker:
    """One process of the loader."""

    def __init__(
        self,
        world: World,
        *,
        follows: bool = False,
        one_by_one: bool = False,
        overlaps: bool = False,
    ) -> None:
        """
        Args:
            world: what it works in.
            follows: it makes some runs in a row on one membership, each reading on a while.
            one_by_one: the reference's way, without columns.
            overlaps: it reads ahead, and stores beside; else all in turn, as the reference.
        """
        self._world = world
        self._follows = follows
        self._decoder = world.context.decoder
        if one_by_one:
            self._decoder = OneByOne(self._decoder)
        self._lanes: Lanes = TurnLanes(self) if overlaps else IN_TURN
        self._stopped = threading.Semaphore(0)
        self._strands: list[Strand] = []
        self._mine = threading.local()
        self._next: Strand | None = None
        self._members: list[MemorySource] = []
        self._unexpected: BaseException | None = None
        self.reports: list[RunReport] = []
        self.should_stop = False

    @property
    def running(self) -> bool:
        return self._next is not None

    @property
    def can_fail(self) -> bool:
        return self._next is not None and (self._next.at[0], self._next.at[2]) in FAULTS

    def begin(self) -> None:
        """Begins a run, which stops before its first input or output."""
        assert not self.running
        self.should_stop = False
        self._strands = []
        self._choice = random.Random(len(self._members))
        self._next = self.started(self._run)
        self._tell("go")

    def started(self, call: Callable[[], Any]) -> Strand:
        """A thread that makes the call when it is its turn."""
        strand = Strand()
        self._strands.append(strand)
        threading.Thread(target=self._main, args=(strand, call), daemon=True).start()
        return strand

    def outcome(self, other: Strand) -> Any:
        """What another thread of the run came to; waits for it."""
        if not other.ended:
            mine: Strand = self._mine.strand
            mine.waits_for, mine.at = other, ("lanes", "wait", "before")
            self._stop(mine)
            mine.waits_for = None
        if other.problem is not None:
            raise other.problem
        return other.found

    def go(self, steps: int) -> None:
        """Lets the run go on, through so many stops at most."""
        for _ in range(steps):
            if self.running:
                self._tell("go")

    def go_to(self, method: str, moment: str, times: int) -> None:
        """Lets the run go on until it has come to a place so many times, or has ended."""
        while self.running and times:
            self._tell("go")
            times -= self._next is not None and self._next.at[1:] == (method, moment)

    def finish(self) -> None:
        """Lets the run go on to its end."""
        while self.running:
            self._tell("go")

    def fail(self) -> None:
        """The part that the run is using fails."""
        self._tell("fail")

    def kill(self) -> None:
        """The process dies where it is."""
        for strand in self._strands:
            if not strand.ended:
                self._let_go(strand, "kill")
        self._next = None

    def expel(self) -> None:
        """The group gives up the worker's process, and those before it that were killed."""
        for member in self._members:
            self._world.topic.expel(member)

    def _tell(self, order: str) -> None:
        assert self._next is not None
        self._let_go(self._next, order)
        if self._strands[0].ended:
            assert all(strand.ended for strand in self._strands), "something goes on by itself"
            self._next = None
        else:
            self._next = self._choice.choice([each for each in self._strands if each.may_go])

    def _let_go(self, strand: Strand, order: str) -> None:
        strand.order = order
        strand.go_on.release()
        assert self._stopped.acquire(timeout=END_SECONDS), "a run hangs"
        if self._unexpected is not None:
            raise self._unexpected

    def _gate(self, part: str, method: str, moment: str) -> None:
        mine: Strand = self._mine.strand
        mine.at = part, method, moment
        self._stop(mine)

    def _stop(self, mine: Strand) -> None:
        self._stopped.release()
        mine.go_on.acquire()
        match mine.order:
            case "kill":
                raise Killed
            case "fail":
                part, _, moment = mine.at
                raise FAULTS[part, moment]()

    def _main(self, mine: Strand, call: Callable[[], Any]) -> None:
        self._mine.strand = mine
        mine.go_on.acquire()
        try:
            if mine.order != "kill":
                mine.found = call()
        except Killed:
            pass
        except (EtlError, ClickHouseError) as error:
            mine.problem = error
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._unexpected = error
        mine.ended = True
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
            lanes=self._lanes,
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
