"""Reads the system's table of processes (proc(5)). Elsewhere than on Linux it is empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """A process. ``started``: clock ticks since boot; ``state``: a letter, of the main thread."""

    pid: int
    session: int
    started: int
    state: str

    @property
    def has_ended(self) -> bool:
        """It only waits for its parent to take notice."""
        return self.state in "ZX"

    @property
    def is_paused(self) -> bool:
        """SIGSTOP holds it."""
        return self.state == "T"

    @property
    def is_asleep(self) -> bool:
        """It waits for something to happen, such as a signal."""
        return self.state == "S"


def look(pid: int) -> Process | None:
    """The process that has a number, if one has."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the program's name in parentheses and may hold anything.
    fields = text.rpartition(")")[2].split()
    return Process(pid, session=int(fields[3]), started=int(fields[19]), state=fields[0])


def is_running(pid: int) -> bool:
    """Whether a process has the number and has not ended."""
    found = look(pid)
    return found is not None and not found.has_ended


def is_available() -> bool:
    """Whether there is a table to read."""
    return (_PROC / "self" / "stat").exists()


def session(leader: int) -> Iterator[Process]:
    """The running processes of a session, its leader among them if it still runs."""
    for folder in _PROC.glob("[0-9]*"):
        found = look(int(folder.name))
        if found is not None and found.session == leader and not found.has_ended:
            yield found


def boot_id() -> str:
    """Differs after every boot; empty where the system does not tell."""
    path = _PROC / "sys" / "kernel" / "random" / "boot_id"
    return path.read_text(encoding="ascii").strip() if path.exists() else ""
