"""A server that is killed, that forks, or that just ends loses and doubles nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.model.loader import load_catalog
from tests.support.stack import NO_SCHEDULE, Running, free_ports
from tests.ugc.sdk.python.packages import put_package
from ugc.local.stack import Stack, StackConfig

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

KILLS = 4
EVENTS = 2_000

TRACK = """
import sys
from ugc_events import Tracker

tracker = Tracker(sys.argv[1], spool=sys.argv[2], batch_events=50, collect_seconds=0.01)
for number in range(int(sys.argv[3])):
    print(tracker.element_click(element_type="movie", page_type="main"), flush=True)
sys.stdin.read()
"""

DRAIN = """
import sys
from ugc_events import Tracker

tracker = Tracker(sys.argv[1], spool=sys.argv[2])
assert tracker.flush(60), tracker.counts()
assert tracker.close()
print(tracker.counts().accepted)
"""

FORK = """
import os, sys
from ugc_events import Tracker

tracker = Tracker(sys.argv[1], spool=sys.argv[2] or None, collect_seconds=30)

def track(count):
    for _ in range(count):
        told = tracker.element_click(element_type="movie", page_type="main")
        os.write(1, f"{told}\\n".encode())  # whole, whoever else writes

track(5)
children = []
for _ in range(3):
    if (child := os.fork()) == 0:
        track(7)
        assert tracker.flush(60)
        assert tracker.counts().accepted == 7, tracker.counts()
        assert tracker.close()
        os._exit(0)
    children.append(child)
track(5)
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
assert tracker.flush(60)
assert tracker.counts().accepted == 10, tracker.counts()
"""

END = """
import sys
from ugc_events import Tracker

tracker = Tracker(sys.argv[1], collect_seconds=30)
print(tracker.element_click(element_type="movie", page_type="main"), flush=True)
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("stack")
    config = StackConfig(state_dir=folder, ports=free_ports(), parts=NO_SCHEDULE)
    with Stack.start(config) as stack:
        yield Running(stack)


class Programs:
    """Programs of a server with the package, and the ids that they said they had tracked."""

    def __init__(self, running: Running, folder: Path) -> None:
        self.running = running
        self.spool = folder / "spool"
        package = put_package(load_catalog(), folder)
        self.env = {**os.environ, "PYTHONPATH": str(package)}

    def start(self, program: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", program, self.running.api, *map(str, arguments)]
        return subprocess.Popen(
            command,
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, program: str, *arguments: object) -> list[str]:
        process = self.start(program, *arguments)
        told, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return told.split()

    def stored(self) -> set[uuid.UUID]:
        """The ids in the table, in which each has one row, after a run of the loader."""
        self.running.load()
        rows = self.running.rows("SELECT event_id FROM ugc.element_click FINAL")
        ids = [uuid.UUID(row["event_id"]) for row in rows]
        assert len(set(ids)) == len(ids)
        return set(ids)


@pytest.fixture
def programs(running: Running, tmp_path: Path) -> Programs:
    return Programs(running, tmp_path)


def test_a_server_that_is_killed_loses_and_doubles_nothing(programs: Programs) -> None:
    """Killed at another place each time: what it said it had tracked has one row."""
    before = programs.stored()
    told: set[uuid.UUID] = set()
    for kill in range(1, KILLS + 1):
        process = programs.start(TRACK, programs.spool, EVENTS)
        assert process.stdout
        for _ in range(kill * EVENTS // (KILLS + 1)):
            told.add(uuid.UUID(process.stdout.readline().strip()))
        process.send_signal(signal.SIGKILL)
        told |= {uuid.UUID(line.strip()) for line in process.stdout if line.endswith("\n")}
        process.communicate()
    (drained,) = programs.run(DRAIN, programs.spool)
    assert list(programs.spool.iterdir()) == []
    found = programs.stored() - before
    assert told - found == set(), "lost"
    # One at most of each process was on disk and not told yet.
    assert len(found - told) <= KILLS
    assert int(drained) > 0, "the last process was killed with something left"


@pytest.mark.parametrize("has_spool", [False, True])
def test_a_fork_sends_its_own_events_and_no_others(programs: Programs, has_spool: bool) -> None:
    before = programs.stored()
    told = programs.run(FORK, programs.spool if has_spool else "")
    ids = {uuid.UUID(line) for line in told}
    assert len(ids) == len(told) == 5 + 3 * 7 + 5
    assert programs.stored() - before == ids


def test_a_program_that_ends_sends_what_it_has(programs: Programs) -> None:
    (told,) = programs.run(END)
    assert uuid.UUID(told) in programs.stored()
