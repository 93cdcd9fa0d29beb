"""Judges cases in a child process, which a schema may hang, fill or kill without ending the run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import TracebackType
from typing import Self

from ugc.roundtrip.cases import Case, cases_in
from ugc.roundtrip.run import Outcome, RoundTrip

_START_SECONDS = 120.0
"""The engine is loaded in less, even where the machine is busy."""

_LOOK_EVERY_SECONDS = 0.05
_STATM = "/proc/{}/statm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a child is told: where the cases are, and how they are judged.

    A child reads the cases itself, since a schema can be nested too deeply to be sent to it.
    """

    schemas: Path
    instances: Path | None
    draft: str | None
    count: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one schema may take; ``memory_bytes`` is the child's resident memory."""

    seconds: float
    memory_bytes: int


class StoppedError(Exception):
    """The run was asked to stop before there was an outcome."""


class IsolatedRoundTrip:
    """Judges cases by their number, one after the other; a child that is lost is replaced."""

    def __init__(
        self, work: Work, bounds: Bounds, *, should_stop: Callable[[], bool] = lambda: False
    ) -> None:
        """``should_stop`` is asked all the time while a child works."""
        self._work = work
        self._bounds = bounds
        self._should_stop = should_stop
        self._child: _Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._end()

    @property
    def pid(self) -> int | None:
        """The child's process id; ``None`` where there is none at the moment."""
        return self._child.process.pid if self._child else None

    def outcome(self, number: int, case: Case) -> Outcome:
        """What became of the case with this number, from 0; blocks for the bounds' seconds at most.

        To that a child's start is added where there is none.

        Raises:
            StoppedError: it was asked to stop.
        """
        if self._should_stop():
            raise StoppedError
        if case.problem is not None:
            return Outcome(id=case.id, problem=case.problem)
        try:
            if self._child is None:
                self._child = _Child(self._work, self._should_stop)
                self._child.answer(Bounds(seconds=_START_SECONDS, memory_bytes=1 << 62))
            self._child.ask(number)
            found = self._child.answer(self._bounds)
        except _LostError as error:
            self._end()
            if self._should_stop():  # A signal to the whole group ends the child as well.
                raise StoppedError from error
            return Outcome(id=case.id, problem=f"error: {error}")
        if found is None:
            raise TypeError("a child answered without an outcome")
        return found

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


class _LostError(Exception):
    """The child is of no more use; the text says why."""


class _Child:
    def __init__(self, work: Work, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop
        context = multiprocessing.get_context("spawn")
        self._folder = tempfile.TemporaryDirectory(prefix="ugc-roundtrip-")
        self._connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=_work, args=(work, theirs, Path(self._folder.name), os.getpid()), daemon=True
        )
        self.process.start()
        theirs.close()

    def ask(self, number: int) -> None:
        try:
            self._connection.send(number)
        except OSError as error:
            raise _LostError(self._how_it_died()) from error

    def answer(self, bounds: Bounds) -> Outcome | None:
        """The next outcome, or ``None`` once it has started.

        Raises:
            _LostError: it went beyond the bounds, or it died.
            StoppedError: it was asked to stop.
        """
        until = time.monotonic() + bounds.seconds
        while not self._connection.poll(_LOOK_EVERY_SECONDS):
            if self._should_stop():
                raise StoppedError
            if time.monotonic() > until:
                raise _LostError(f"timed out after {bounds.seconds:g} s")
            if self._resident_bytes() > bounds.memory_bytes:
                raise _LostError(f"it took more than {bounds.memory_bytes >> 20} MiB of memory")
        try:
            found: Outcome | None = self._connection.recv()
        except (EOFError, OSError) as error:
            raise _LostError(self._how_it_died()) from error
        return found

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self._connection.close()
        self._folder.cleanup()

    def _resident_bytes(self) -> int:
        """0 where the system does not tell (no Linux), or the process has just ended."""
        try:
            pages = Path(_STATM.format(self.process.pid)).read_text(encoding="ascii").split()[1]
        except (OSError, IndexError):
            return 0
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def _how_it_died(self) -> str:
        self.process.join(_START_SECONDS)
        code = self.process.exitcode
        if code is not None and code < 0:
            return f"the process died (signal {signal.Signals(-code).name})"
        return f"the process ended (exit code {code})"


def _work(work: Work, connection: Connection, folder: Path, parent: int) -> None:
    from ch_schema.client.connect import connect
    from ugc.local.stack.process import end_with_parent
    from ugc.roundtrip.table import Tables

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The parent decides what Ctrl-C ends.
    if arm := end_with_parent(signal.SIGKILL, parent):
        arm()
    cases = cases_in(work.schemas, work.instances, work.draft)
    client = connect(f"chdb://{folder}/ugc")
    judge: Callable[[Case], Outcome] = RoundTrip(
        Tables(client), count=work.count, seed=work.seed
    ).outcome
    connection.send(None)
    while True:
        connection.send(judge(cases[connection.recv()]))
