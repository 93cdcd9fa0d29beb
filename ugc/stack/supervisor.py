"""Starts the parts in order, watches them, and stops them in reverse order.

Tansu keeps its log in memory.  A stack that is started again finds the tables and the open page
views of the last one and an empty Kafka; what was not loaded by then is gone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from ugc.stack import process, state
from ugc.stack.config import (
    API_URL_VARIABLE,
    LOCAL_SETTINGS,
    PARTS,
    Part,
    PartName,
    Place,
    StackConfig,
)
from ugc.stack.errors import AlreadyRunningError, PartFailedError, StackError
from ugc.stack.ports import choose_ports
from ugc.stack.probes import PROBES

_PROBE_PAUSE_SECONDS = 0.05
_GRACE_SECONDS = 15.0

Say = Callable[[str], object]


class Stack:
    """A running local stack; a context manager that stops it.

    Not for several threads.
    """

    def __init__(self, config: StackConfig, env: Mapping[str, str], say: Say) -> None:
        self.config = config
        self.env = env
        """The environment of every part: also right for other commands."""
        self._say = say
        self._ports: dict[PartName, int] = {}
        self._processes: dict[PartName, subprocess.Popen[bytes]] = {}
        self._replaced: set[PartName] = set()

    @classmethod
    def start(cls, config: StackConfig, say: Say = lambda _line: None) -> Self:
        """Starts everything and returns when it is ready.

        Args:
            config: what to start.
            say: gets a line for each step.

        Raises:
            StackError: a part does not start; everything is stopped again.
        """
        config.state_dir.mkdir(parents=True, exist_ok=True)
        if running := state.running_stack(config.state_dir):
            raise AlreadyRunningError(
                f"a stack runs on {config.state_dir} already (process {running.supervisor})"
            )
        if orphans := state.stop_orphans(config.state_dir):
            say(f"stopped what a killed stack has left: {', '.join(orphans)}")
        stack = cls(config, {}, say)
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

    @property
    def urls(self) -> Mapping[PartName, str]:
        """Where each part is."""
        found = {part.name: self._url(part) for part in PARTS}
        return {name: url for name, url in found.items() if url}

    def log(self, name: PartName) -> Path:
        """A part's log file."""
        return self.config.state_dir / "logs" / f"{name}.log"

    def pid(self, name: PartName) -> int:
        """The leader of a part's process group."""
        return self._processes[name].pid

    def start_part(self, name: PartName) -> None:
        """Starts one part, on the port it had before, and waits until it is ready.

        Raises:
            PartFailedError: it ends, or is not ready in time.
        """
        part = next(part for part in PARTS if part.name is name)
        place = Place(self._ports.get(name, 0), self.config.state_dir / name)
        place.data_dir.mkdir(exist_ok=True)
        command = part.command(self.config, place)
        self._processes[name] = process.start(command, self.env, self.log(name))
        self._remember()
        self._wait_until_ready(name)

    def stop_part(self, name: PartName) -> None:
        """Stops one part with SIGTERM, and with SIGKILL what is left of it."""
        process.stop(self._processes.pop(name), grace_seconds=_GRACE_SECONDS)

    def kill_part(self, name: PartName) -> None:
        """SIGKILL for every process of a part."""
        killed = self._processes.pop(name)
        process.kill_group(killed.pid)
        killed.wait()

    def pause_part(self, name: PartName) -> None:
        """SIGSTOP: the part keeps its connections and answers nothing."""
        process.signal_group(self.pid(name), signal.SIGSTOP)

    def resume_part(self, name: PartName) -> None:
        """SIGCONT after :meth:`pause_part`."""
        process.signal_group(self.pid(name), signal.SIGCONT)

    def dead_parts(self) -> tuple[PartName, ...]:
        """Parts that have ended by themselves."""
        return tuple(name for name, child in self._processes.items() if child.poll() is not None)

    def stop(self) -> None:
        """Stops every part, the last one started first."""
        for name in reversed(list(self._processes)):
            self._say(f"stopping {name}")
            self.stop_part(name)
        state.forget(self.config.state_dir)

    def _start_all(self) -> None:
        (self.config.state_dir / "logs").mkdir(exist_ok=True)
        self._replaced = {
            part.name for part in PARTS if part.variable and os.environ.get(part.variable)
        }
        self._ports = choose_ports(self.config, self._say)
        self.env = self._environment()
        wanted = [p.name for p in PARTS if p.name in self.config.parts - self._replaced]
        for name in wanted:
            if name is PartName.API:
                self._initialise()
            self._say(f"starting {name}")
            self.start_part(name)
        if PartName.API not in wanted:
            self._initialise()

    def _environment(self) -> dict[str, str]:
        env = {
            **LOCAL_SETTINGS,
            "JWT_SECRET": state.jwt_secret(self.config.state_dir),
            **os.environ,
            **self.config.env,
        }
        for part in PARTS:
            if part.variable and part.name in self._ports and part.name not in self._replaced:
                env[part.variable] = part.url(self._ports[part.name])
        if PartName.API in self._ports:
            env[API_URL_VARIABLE] = self._url(PARTS[-2])
        return env

    def _url(self, part: Part) -> str:
        if part.name in self._replaced and part.variable:
            return os.environ[part.variable]
        return part.url(self._ports[part.name]) if part.name in self._ports else ""

    def _initialise(self) -> None:
        """Topics, subjects and tables, where the parts for them are there."""
        if not {PartName.KAFKA, PartName.REGISTRY, PartName.CLICKHOUSE} <= (
            self.config.parts | self._replaced
        ):
            return
        self._say("creating topics, subjects and tables")
        done = subprocess.run(
            [sys.executable, "-m", "ugc", "init"],
            env=dict(self.env),
            capture_output=True,
            text=True,
        )
        self.config.state_dir.joinpath("logs", "init.log").write_text(done.stdout + done.stderr)
        if done.returncode:
            raise PartFailedError(f"ugc init failed:\n{done.stdout}{done.stderr}")

    def _wait_until_ready(self, name: PartName) -> None:
        """Asks again and again until the part is ready, has ended, or the time is up."""
        child, deadline = self._processes[name], time.monotonic() + self.config.start_seconds
        while not PROBES[name](self._ports.get(name, 0)):
            if child.poll() is not None:
                raise self._failure(name, f"ended with code {child.returncode}")
            if time.monotonic() > deadline:
                raise self._failure(name, f"was not ready in {self.config.start_seconds:g} s")
            time.sleep(_PROBE_PAUSE_SECONDS)

    def _failure(self, name: PartName, problem: str) -> StackError:
        log = self.log(name)
        return PartFailedError(f"{name} {problem}; {log} ends with:\n{process.last_lines(log)}")

    def _remember(self) -> None:
        pids = {name.value: child.pid for name, child in self._processes.items()}
        us = os.getpid()
        state.write(
            self.config.state_dir,
            state.StackInfo(
                supervisor=us,
                env={k: v for k, v in self.env.items() if os.environ.get(k) != v},
                urls={name.value: url for name, url in self.urls.items()},
                pids=pids,
                started={str(pid): state.start_time(pid) for pid in (us, *pids.values())},
            ),
        )
