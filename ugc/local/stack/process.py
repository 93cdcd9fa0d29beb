"""One child process: a session of its own, a log of its own, and an end when we end."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ugc.local.stack.proctable import Process, session

_PR_SET_PDEATHSIG = 1
_PAUSE_SECONDS = 0.02
_EFFECT_SECONDS = 2.0
_LOG_LINES = 20
_LOG_END_BYTES = 64 * 1024


class Child:
    """A program and all that it starts, as long as that stays in the program's session.

    On Linux the program gets SIGTERM when the thread that started it ends, however it ends; so a
    child has to be started by a thread that outlives it.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        """Starts the program, with its output appended to ``log``.

        Raises:
            OSError: the program cannot be started.
        """
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,  # data and logs hold what visitors sent
                preexec_fn=end_with_parent(signal.SIGTERM),
            )
        self._reaped = False

    @property
    def pid(self) -> int:
        """The program's process; also the number of its group and of its session."""
        return self._popen.pid

    def exit_code(self) -> int | None:
        """The program's exit code, None while it runs (negative: the signal that ended it).

        What an ended program leaves behind is killed: a server's workers would go on serving.
        """
        code = self._popen.poll()
        if code is not None and not self._reaped:
            # Now and never again: the number may belong to somebody else soon.
            self._reaped = True
            _signal_group(self.pid, signal.SIGKILL)
        return code

    def pause(self) -> None:
        """SIGSTOP to the program and all that it has started; returns when it has taken effect."""
        self._signal(signal.SIGSTOP)
        self._wait_for_all(lambda process: process.is_paused)

    def resume(self) -> None:
        """SIGCONT after :meth:`pause`; returns when all of them are themselves again.

        A SIGTERM that finds a server's main thread still half asleep goes to another one of its
        threads, and Python's main thread does not hear of it.
        """
        was_paused = any(process.is_paused for process in session(self.pid))
        self._signal(signal.SIGCONT)
        if was_paused:
            self._wait_for_all(lambda process: process.is_asleep)

    def stop(self, *, grace_seconds: float, in_a_hurry: Callable[[], bool]) -> None:
        """SIGTERM to the program, SIGKILL to all when it has not ended in time.

        Args:
            grace_seconds: how long to wait in between.
            in_a_hurry: ends the waiting as soon as it is true.
        """
        if self.exit_code() is None:
            self.resume()
            self._popen.terminate()
        deadline = time.monotonic() + grace_seconds
        while self.exit_code() is None and time.monotonic() < deadline and not in_a_hurry():
            time.sleep(_PAUSE_SECONDS)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the program and all that it has started; returns when the program is gone."""
        self._signal(signal.SIGKILL)
        self._popen.wait()
        self.exit_code()

    def _signal(self, number: signal.Signals) -> None:
        if self.exit_code() is None:
            _signal_group(self.pid, number)

    def _wait_for_all(self, condition: Callable[[Process], bool]) -> None:
        """Waits until a signal has shown its effect, but not for long: a busy program has none."""
        deadline = time.monotonic() + _EFFECT_SECONDS
        while not all(map(condition, session(self.pid))) and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        # The group is empty; macOS reports one that has only zombies left as not permitted.
        return


def last_lines(log: Path) -> str:
    """The end of a log, for an error message."""
    if not log.exists():
        return "    (no log)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LOG_END_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-_LOG_LINES:]) or "    (the log is empty)"


def end_with_parent(
    number: signal.Signals, parent: int | None = None
) -> Callable[[], object] | None:
    """What a new child runs first, to get a signal when the thread that started it ends.

    ``parent`` is that process's id, the calling process's if it is ``None``.  The result is
    ``None`` where the system has no such thing.  The library is loaded here: a forked child must
    not do it.
    """
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, parent or os.getpid()

    def in_the_child() -> None:
        prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # it has ended in between, and no signal will come
            os._exit(1)

    return in_the_child
