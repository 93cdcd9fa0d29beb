"""Starts the parts in order and stops them in reverse order.

Tansu keeps messages and consumer offsets in memory only.  A stack that is started again finds the
tables and the open page views of the last one, and an empty Kafka: what was not loaded by then is
gone.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from contracts.project import with_project
from ugc.exits import NEVER_AGAIN
from ugc.local.stack import state
from ugc.local.stack.config import PartName, StackConfig
from ugc.local.stack.errors import (
    PartFailedError,
    PartMisconfiguredError,
    PartStateError,
    StoppedError,
)
from ugc.local.stack.parts import PART, Place, ugc_command
from ugc.local.stack.plan import Plan, make_plan
from ugc.local.stack.ports import Claims
from ugc.local.stack.probes import PROBES
from ugc.local.stack.process import Child, last_lines

_PAUSE_SECONDS = 0.05
_GRACE_SECONDS = 25.0
"""Longer than a server of ours waits for the requests that it still works on."""

_STARTED = frozenset({PartName.API, PartName.ETL})
"""They need topics, subjects and tables."""

Say = Callable[[str], object]


class Stack:
    """A running local stack; a context manager that stops it.

    Not for several threads, and not for one that ends before the stack does: the parts would end
    with it.
    """

    def __init__(
        self,
        config: StackConfig,
        plan: Plan,
        lock: BinaryIO,
        claims: Claims,
        say: Say,
        stop_requests: Callable[[], int],
    ) -> None:
        """See :meth:`start`."""
        self.config = config
        self.urls: Mapping[PartName, str] = plan.urls
        """Where each part is; the loader is nowhere."""
        self.env: Mapping[str, str] = plan.env
        """The environment of every part: also right for other commands."""
        self._plan = plan
        self._lock = lock
        self._claims = claims
        self._say = say
        self._stop_requests = stop_requests
        self._children: dict[PartName, Child] = {}

    @classmethod
    def start(
        cls,
        config: StackConfig,
        say: Say = lambda _line: None,
        stop_requests: Callable[[], int] = lambda: 0,
    ) -> Self:
        """Starts everything and returns when it is ready.

        Args:
            config: what to start.
            say: gets a line for each step.
            stop_requests: how often somebody has asked the stack to stop.  From 1 on, waiting for
                a part is given up; from 2 on, parts are killed instead of stopped.

        Raises:
            StackError: a part does not start; everything is stopped again.
        """
        folder = config.state_dir
        lock = state.claim(folder)
        claims = Claims()
        try:
            if orphans := state.stop_orphans(folder):
                say(f"stopped what a killed stack had left running: {', '.join(orphans)}")
            if config.fresh:
                state.clear(folder)
            env = with_project({**os.environ, **config.env})
            plan = make_plan(config, env, state.jwt_secret(folder), say, claims.take)
        except BaseException:
            claims.close()
            lock.close()
            raise
        stack = cls(config, plan, lock, claims, say, stop_requests)
        try:
            stack._start_all()
        except BaseException:
            stack.stop()
            raise
        return stack

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def log(self, name: str) -> Path:
        """The log file of a part, or of ``init``."""
        return self.config.state_dir / "logs" / f"{name}.log"

    def pid(self, name: PartName) -> int:
        """The process of a part that leads its group and session.

        Raises:
            PartStateError: it does not run.
        """
        return self._child(name).pid

    def start_part(self, name: PartName) -> None:
        """Starts one part again, where it was, and waits until it is ready.

        Kafka comes back empty.

        Raises:
            PartStateError: it runs already, or never belonged to this stack.
            PartFailedError: it ends, or is not ready in time.
            StoppedError: the stack was asked to stop meanwhile.
        """
        self._launch(name)
        self._wait_until_ready(name, watched=(name,))

    def stop_part(self, name: PartName) -> None:
        """Stops one part with SIGTERM, and with SIGKILL what is left of it."""
        child = self._child(name)
        child.stop(grace_seconds=_GRACE_SECONDS, in_a_hurry=lambda: self._stop_requests() > 1)
        self._forget(name)

    def kill_part(self, name: PartName) -> None:
        """SIGKILL for every process of a part."""
        self._child(name).kill()
        self._forget(name)

    def pause_part(self, name: PartName) -> None:
        """SIGSTOP: the part keeps its connections and answers nothing.

        It does not notice when this process is killed meanwhile; the next start on the same state
        folder ends it.
        """
        self._child(name).pause()

    def resume_part(self, name: PartName) -> None:
        """SIGCONT after :meth:`pause_part`."""
        self._child(name).resume()

    def dead_parts(self) -> Mapping[PartName, int]:
        """Parts that have ended by themselves and were not started again, and their exit codes."""
        codes = ((name, child.exit_code()) for name, child in self._children.items())
        return {name: code for name, code in codes if code is not None}

    def stop(self) -> None:
        """Stops every part, the last one started first. Once it has begun, nothing survives it.

        An exception in between, such as a second Ctrl-C, kills the rest.
        """
        if self._lock.closed:
            return
        try:
            for name in reversed(list(self._children)):
                self._say(f"stopping {name}")
                self.stop_part(name)
        finally:
            for child in self._children.values():
                child.kill()
            self._children.clear()
            state.forget(self.config.state_dir)
            self._claims.close()
            self._lock.close()

    def _start_all(self) -> None:
        self._put_old_logs_aside()
        self._remember()
        initialised = not self._plan.can_be_initialised
        for part in self._plan.started:
            if part.name in _STARTED and not initialised:
                self._initialise()
                initialised = True
            self._say(f"starting {part.name}")
            self._launch(part.name)
            self._wait_until_ready(part.name, watched=self._children)
        if not initialised:
            self._initialise()

    def _put_old_logs_aside(self) -> None:
        folder = self.config.state_dir / "logs"
        folder.mkdir(exist_ok=True)
        for log in folder.glob("*.log"):
            log.replace(log.with_suffix(".log.1"))

    def _launch(self, name: PartName) -> None:
        part = PART[name]
        if part not in self._plan.started:
            raise PartStateError(f"{name} is not a part of this stack")
        if name in self._children and self._children[name].exit_code() is None:
            raise PartStateError(f"{name} runs already")
        place = Place(self._plan.ports.get(name, 0), self.config.state_dir / name)
        self._children[name] = self._spawn(name, part.command(self.config, place))
        self._remember()

    def _spawn(self, name: str, command: list[str]) -> Child:
        try:
            (self.config.state_dir / name).mkdir(exist_ok=True)
            return Child(command, self.env, self.log(name))
        except OSError as error:
            raise PartFailedError(f"{name} cannot be started: {error}") from error

    def _wait_until_ready(self, name: PartName, *, watched: Collection[PartName]) -> None:
        """Asks again and again until the part is ready, a watched one has ended, or time is up."""
        deadline = time.monotonic() + self.config.start_seconds
        probe, port = PROBES[name], self._plan.ports.get(name, 0)
        while True:
            ready = probe(port)
            self._check(watched)
            if ready:
                return
            if time.monotonic() > deadline:
                raise self._failure(name, f"was not ready within {self.config.start_seconds:g} s")
            time.sleep(_PAUSE_SECONDS)

    def _initialise(self) -> None:
        """Makes topics, subjects and tables."""
        self._say("creating topics, subjects and tables")
        seconds = self.config.start_seconds
        child = self._spawn("init", ugc_command("init", f"--wait={seconds:g}"))
        deadline = time.monotonic() + seconds + _GRACE_SECONDS
        try:
            while child.exit_code() is None:
                self._check(self._children)
                if time.monotonic() > deadline:
                    raise self._failure("init", f"did not end within {seconds:g} s")
                time.sleep(_PAUSE_SECONDS)
            if code := child.exit_code():
                raise self._ended("init", code)
        finally:
            child.kill()

    def _check(self, watched: Collection[PartName]) -> None:
        """Gives up waiting when there is no more sense in it."""
        for name in watched:
            if (code := self._children[name].exit_code()) is not None:
                raise self._ended(name, code)
        if self._stop_requests():
            raise StoppedError("asked to stop")

    def _ended(self, name: str, code: int) -> PartFailedError:
        kind = PartMisconfiguredError if code in NEVER_AGAIN else PartFailedError
        return self._failure(name, _ending(code), kind)

    def _failure(
        self, name: str, problem: str, kind: type[PartFailedError] = PartFailedError
    ) -> PartFailedError:
        log = self.log(name)
        return kind(f"{name} {problem}; {log} ends with:\n{last_lines(log)}")

    def _child(self, name: PartName) -> Child:
        try:
            return self._children[name]
        except KeyError as error:
            raise PartStateError(f"{name} does not run") from error

    def _forget(self, name: PartName) -> None:
        del self._children[name]
        self._remember()

    def _remember(self) -> None:
        state.write(
            self.config.state_dir,
            env=self._plan.shared,
            urls={str(name): url for name, url in self.urls.items()},
            pids={str(name): child.pid for name, child in self._children.items()},
        )


def _ending(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
