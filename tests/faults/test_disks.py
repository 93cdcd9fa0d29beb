"""Disks that are full: small file systems in memory, which root may mount."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.faults.conftest import Noted, StartKit
from tests.faults.kit import Kit, KitConfig
from tests.faults.test_lines import CLICK, accept, check
from tests.fullstack.cache import missing
from ugc.local.stack import PartName

pytestmark = [pytest.mark.stack, pytest.mark.full]

SPOOL_BYTES = 2 * 2**20
CLICKHOUSE_BYTES = 256 * 2**20


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[None]:
    """A file system of that size, mounted on a folder that is made for it."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        missing(f"a small disk cannot be mounted ({done.stderr.strip()}): root has to run this")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def disks(tmp_path: Path) -> Iterator[Path]:
    """The folder of a kit whose spool and whose ClickHouse have small disks."""
    if sys.platform != "linux":
        missing("small disks are mounted on Linux only")
    with ExitStack() as mounted:
        mounted.enter_context(small_disk(tmp_path / "spool", SPOOL_BYTES))
        mounted.enter_context(small_disk(tmp_path / "below" / "clickhouse", CLICKHOUSE_BYTES))
        yield tmp_path


@pytest.fixture
def small(disks: Path, start_kit: StartKit) -> Kit:
    return start_kit(KitConfig(env={"SPOOL_DIR": str(disks / "spool")}))


@pytest.mark.fault("kafka_queue_full", "clickhouse_full")
def test_full_disks_are_told_and_lose_nothing(small: Kit, disks: Path, noted: Noted) -> None:
    noted.done = "Kafka silent until the spool's disk was full; then ClickHouse's disk filled up"
    ids = fill_the_spool(small)
    noted.fault_ends()
    small.resume(PartName.KAFKA)
    small.wait_whole()
    noted.recovered()
    with full(disks / "below" / "clickhouse"):
        told = small.running.ugc("etl", "run", code=75)
    assert "NOT_ENOUGH_SPACE" in told
    check(small, noted, ids + accept(small))


def fill_the_spool(small: Kit) -> list[str]:
    """Sends until nothing is taken any more; gives the ids of what was."""
    small.pause(PartName.KAFKA)
    events = [{"event": "element_click", "token": None, "data": CLICK} for _ in range(400)]
    body = json.dumps(events).encode()
    ids: list[str] = []
    while True:
        answer = small.running.post(body, path="/api/v1/events/batch")
        results = answer.json().get("results", [])
        ids += [each["event_id"] for each in results if each["status"] == 202]
        refused = [each for each in results if each["status"] == 503]
        if refused or answer.status_code == 503:
            return ids
        assert answer.status_code in (200, 202, 207), answer.text
        assert len(ids) < 100_000, "the disk does not become full"


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Not a byte is left on the folder's disk."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        left = os.statvfs(folder)
        os.posix_fallocate(file.fileno(), 0, left.f_bavail * left.f_frsize)
    try:
        yield
    finally:
        filler.unlink()
