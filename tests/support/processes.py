"""Server processes for tests: free ports, waits with a deadline, and an end in every case."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ugc.local.stack.process import end_with_parent

START_SECONDS = 30.0
STOP_SECONDS = 15.0


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def listening(port: int) -> int:
    """How many sockets listen on a port of 127.0.0.1 (Linux)."""
    lines = Path("/proc/net/tcp").read_text().splitlines()
    return sum(line.split()[1:4:2] == [f"0100007F:{port:04X}", "0A"] for line in lines[1:])


def wait_until(
    condition: Callable[[], bool], what: str, timeout_seconds: float = START_SECONDS
) -> None:
    """Returns as soon as ``condition`` holds; fails when it does not in time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_seconds} s in vain: {what}"
        time.sleep(0.02)


class ServerProcess:
    """A program and the children it starts, in a process group of their own.

    On Linux the program gets the signal ``at_our_end`` when the thread that started it ends,
    however it ends.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        env: Mapping[str, str] | None,
        *,
        at_our_end: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else {**os.environ, **env},
                start_new_session=True,
                preexec_fn=end_with_parent(at_our_end),
            )

    @property
    def is_running(self) -> bool:
        return self._popen.poll() is None

    @property
    def pid(self) -> int:
        return self._popen.pid

    def wait_ready(
        self, is_ready: Callable[[], bool], timeout_seconds: float = START_SECONDS
    ) -> None:
        """Waits for ``is_ready``; fails at once, with the log, when the program ends first."""

        def ready_or_ended() -> bool:
            assert self._popen.poll() is None, self.log.read_text(errors="replace")
            return is_ready()

        wait_until(ready_or_ended, f"server ready, see {self.log}", timeout_seconds)

    def wait_exit(self, timeout_seconds: float = STOP_SECONDS) -> int:
        """Waits for the program to end by itself; gives its exit code."""
        return self._popen.wait(timeout_seconds)

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the whole group; returns after SIGSTOP when the program has stopped.

        The kernel stops it when its threads are looked at next, which may take some moments.
        """
        os.killpg(self.pid, number)
        if number is signal.SIGSTOP:
            wait_until(self._has_stopped, f"{self.pid} has stopped")

    def _has_stopped(self) -> bool:
        try:
            states = {
                stat.read_text().rpartition(")")[2].split()[0]
                for stat in Path(f"/proc/{self.pid}/task").glob("*/stat")
            }
        except (FileNotFoundError, ProcessLookupError):  # a thread ended meanwhile
            return False
        return states <= {"T", "t"}

    def reload(self) -> None:
        """Sends SIGHUP to the program, not to its children."""
        self._popen.send_signal(signal.SIGHUP)

    def children(self) -> set[int]:
        """The process ids of the program's own children (Linux)."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return {int(each) for each in listed.split()}

    def terminate(self) -> int:
        """Asks the program, not its children, to end; gives its exit code."""
        self._popen.terminate()
        return self.wait_exit()

    def kill(self) -> None:
        """Ends the whole group at once, if it still runs."""
        if self._popen.poll() is None:
            self.send(signal.SIGKILL)
            self._popen.wait(STOP_SECONDS)
