"""Whose folder it is: a living process keeps it, a dead one leaves it to the next."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.publish.spool import slots

HOLDER = """
import sys
from pathlib import Path
from api.publish.spool import slots
slot = slots.take(Path(sys.argv[1]))
print(slot.folder.name, flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(root: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another process with a folder of its own, and the folder's name."""
    command = [sys.executable, "-c", HOLDER, str(root)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def test_each_taker_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    taken = [slots.take(tmp_path / "spool") for _ in range(3)]
    names = [slot.folder.name for slot in taken]
    assert names == ["worker-0001", "worker-0002", "worker-0003"]
    taken[1].release()
    again = slots.take(tmp_path / "spool")
    assert again.folder.name == "worker-0002"
    for slot in [taken[0], taken[2], again]:
        slot.release()


def test_a_living_process_keeps_its_folder_and_a_killed_one_leaves_it(tmp_path: Path) -> None:
    with holder(tmp_path) as (process, name):
        assert name == "worker-0001"
        (tmp_path / name / "0000000001.spool").touch()
        mine = slots.take(tmp_path)
        assert mine.folder.name == "worker-0002"
        assert list(slots.take_abandoned(tmp_path)) == []
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        (left,) = slots.take_abandoned(tmp_path)
        assert left.folder.name == "worker-0001"
        assert list(slots.take_abandoned(tmp_path)) == []
        left.release()
        mine.release()


def test_a_paused_process_keeps_its_folder(tmp_path: Path) -> None:
    with holder(tmp_path) as (process, name):
        (tmp_path / name / "0000000001.spool").touch()
        process.send_signal(signal.SIGSTOP)
        assert list(slots.take_abandoned(tmp_path)) == []


def test_folders_without_segments_are_left_alone(tmp_path: Path) -> None:
    slots.take(tmp_path).release()
    assert list(slots.take_abandoned(tmp_path)) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        slots.take(tmp_path / "file" / "spool")
