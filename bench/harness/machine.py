"""The machine: cores, what processes used, versions."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

MEASURED_CORE = 0
"""For what is measured."""
OTHER_CORE = 1
"""For whoever sends and whatever it is stored in."""

BUSY_LOAD = 0.5
"""Above this load average others disturb a run that has not begun."""

_TICKS = os.sysconf("SC_CLK_TCK")
_LIBRARIES = (
    *("confluent-kafka", "fastavro", "flask", "granian", "gunicorn", "jsonschema"),
    *("jsonschema-rs", "orjson", "clickhouse-driver", "chdb", "redis"),
)


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """What the calling thread starts meanwhile runs on that core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core} & before or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def tree(pid: int) -> set[int]:
    """A process and all below it."""
    found, waiting = set(), [pid]
    while waiting:
        each = waiting.pop()
        found.add(each)
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            waiting += map(int, task.read_text().split())
    return found


def cpu_seconds(pid: int) -> float:
    """What a process and those below it have used so far, in user and system mode."""
    used = 0
    for each in tree(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / _TICKS


def peak_memory_mb(pid: int) -> float:
    """The most that a process has had resident so far; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def memory_mb(pid: int) -> float:
    """Resident memory of the largest process of a tree: the worker."""
    statuses = [Path(f"/proc/{each}/status").read_text() for each in tree(pid)]
    sizes = [int(text.partition("VmRSS:")[2].split()[0]) for text in statuses]
    return max(sizes) / 1024


def load_average() -> float:
    """Of the last minute."""
    return os.getloadavg()[0]


def description() -> Mapping[str, str]:
    """What figures depend on; nothing that names the machine."""
    info = Path("/proc/cpuinfo").read_text()
    model = next(
        (line.partition(": ")[2] for line in info.splitlines() if "model name" in line), ""
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "memory": f"{memory:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
    }


def versions() -> Mapping[str, str]:
    """Of the libraries that the figures depend on."""
    return {name: version(name) for name in _LIBRARIES}


def commit() -> str:
    """The commit that is measured, with ``-changed`` when files differ from it."""
    name = _git("rev-parse", "HEAD").strip()
    is_changed = _git("status", "--porcelain", "--untracked-files=no").strip()
    return name[:9] + ("-changed" if is_changed else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True)
    return done.stdout
