"""The spool's log: synced before it answers, read in order, deleted when done, and bad disks."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from api.errors import SpoolError, SpoolFullError
from api.publish.delivery import Delivery
from api.publish.spool.disk import Disk
from api.publish.spool.log import Damage, Log
from tests.api.publish.spool.parts import NOW_MS, FaultyDisk, HeldDisk, drained, open_log, record
from tests.support.processes import wait_until


def test_records_come_back_in_order_and_whole(tmp_path: Path) -> None:
    with closing(open_log(tmp_path)) as log:
        log.append([record(1), record(2)])
        log.append([record(3)])
        entries = log.read(0)
        assert [entry.record for entry in entries] == [record(1), record(2), record(3)]
        assert {entry.spooled_at_ms for entry in entries} == {NOW_MS}
        assert log.read(0) == []


def test_a_new_log_reads_what_an_old_one_left_and_then_its_own(tmp_path: Path) -> None:
    with closing(open_log(tmp_path, segment_bytes=200)) as log:
        for number in range(10):
            log.append([record(number)])
    with closing(open_log(tmp_path)) as log:
        log.append([record(10)])
        assert drained(log) == list(range(11))


def test_records_that_were_read_and_not_done_are_read_again_by_the_next(tmp_path: Path) -> None:
    with closing(open_log(tmp_path)) as log:
        log.append([record(1), record(2)])
        log.done(log.read(0)[:1])
    with closing(open_log(tmp_path)) as log:
        assert drained(log) == [1, 2]


def test_a_segment_is_deleted_when_all_its_records_are_done(tmp_path: Path) -> None:
    with closing(open_log(tmp_path, segment_bytes=150)) as log:
        for number in range(6):
            log.append([record(number)])
        names = sorted(path.name for path in tmp_path.iterdir())
        assert len(names) > 1
        first = log.read(0)
        log.done(first[:-1])
        assert sorted(path.name for path in tmp_path.iterdir()) == names
        log.done(first[-1:])
        assert sorted(path.name for path in tmp_path.iterdir()) == names[1:]
        drained(log)
        assert list(tmp_path.iterdir()) == []
        assert (log.bytes_used, log.is_empty, log.oldest_ms) == (0, True, None)


def test_an_emptied_log_takes_records_again(tmp_path: Path) -> None:
    with closing(open_log(tmp_path)) as log:
        for number in range(3):
            log.append([record(number)])
            assert drained(log) == [number]


def test_what_is_still_to_be_heard_comes_along(tmp_path: Path) -> None:
    with closing(open_log(tmp_path)) as log:
        (sent,) = Delivery([record(2)]).sent
        log.append([record(1), record(2)], [None, sent])
        assert [entry.sent for entry in log.read(0)] == [None, sent]


def test_it_says_whether_all_is_read(tmp_path: Path) -> None:
    with closing(open_log(tmp_path)) as log:
        assert log.is_read
        log.append([record(1)])
        assert not log.is_read
        entries = log.read(0)
        assert log.is_read
        assert not log.is_empty
        log.done(entries)
        assert log.is_empty


def test_a_full_log_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    with closing(open_log(tmp_path, max_bytes=1000)) as log:
        taken = 0
        while log.bytes_used < 900:
            log.append([record(taken)])
            taken += 1
        with pytest.raises(SpoolFullError, match="is full"):
            log.append([record(taken)])
        assert log.bytes_used == sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1000
        assert drained(log) == list(range(taken))
        log.append([record(7)])


def test_the_bound_counts_what_an_earlier_worker_left(tmp_path: Path) -> None:
    with closing(open_log(tmp_path)) as log:
        log.append([record(1, size=900)])
    with closing(open_log(tmp_path, max_bytes=1000)) as log, pytest.raises(SpoolFullError):
        log.append([record(2)])


def test_several_are_taken_all_or_none(tmp_path: Path) -> None:
    with closing(open_log(tmp_path, max_bytes=500)) as log:
        with pytest.raises(SpoolFullError):
            log.append([record(number) for number in range(20)])
        assert drained(log) == []


class GateDisk(Disk):
    """Syncs wait until the gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.syncs = 0
        self.entered = threading.Event()

    def sync(self, descriptor: int) -> None:
        self.entered.set()
        assert self.gate.wait(60)
        self.syncs += 1
        super().sync(descriptor)


def test_nothing_is_answered_or_read_before_it_is_synced_and_waiting_threads_share_one_sync(
    tmp_path: Path,
) -> None:
    disk = GateDisk()
    with closing(open_log(tmp_path, disk=disk)) as log, ThreadPoolExecutor(20) as threads:
        first = threads.submit(log.append, [record(0)])
        assert disk.entered.wait(60)
        rest = [threads.submit(log.append, [record(number)]) for number in range(1, 20)]
        wait_for_bytes(tmp_path, 20)
        assert not any(each.done() for each in [first, *rest])
        assert log.read(0) == []
        assert not log.is_read
        disk.gate.set()
        for each in [first, *rest]:
            each.result(60)
        assert disk.syncs == 2
        assert sorted(drained(log)) == list(range(20))


def wait_for_bytes(folder: Path, records: int) -> None:
    """Until that many records are written; records have the same size."""
    from tests.support.processes import wait_until

    one = len(b"v" * 10) + 50

    def written() -> bool:
        return sum(path.stat().st_size for path in folder.iterdir()) > records * one

    wait_until(written, "all threads have written")


@pytest.mark.parametrize("operation", ["create", "write", "sync"])
def test_a_disk_that_fails_refuses_and_works_again_later(tmp_path: Path, operation: str) -> None:
    disk = FaultyDisk()
    with closing(open_log(tmp_path, disk=disk)) as log:
        if operation != "create":
            log.append([record(1)])
        disk.failing = {operation}
        with pytest.raises(SpoolError, match=os.strerror(5)):
            log.append([record(2)])
        disk.failing = set()
        log.append([record(3)])
        kept = [3] if operation == "create" else [1, 3]
        assert drained(log) == kept
        assert log.is_empty
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("room", [0, 5, 30, 70])
def test_a_full_disk_leaves_no_half_record(tmp_path: Path, room: int) -> None:
    disk = FaultyDisk()
    with closing(open_log(tmp_path, disk=disk)) as log:
        log.append([record(1)])
        disk.room = room
        with pytest.raises(SpoolError, match=os.strerror(28)):
            log.append([record(2), record(3)])
    with closing(open_log(tmp_path)) as log:
        assert drained(log) == [1]
        assert log.damage == Damage(0, 0)


def test_what_was_refused_and_could_not_be_taken_off_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = FaultyDisk()
    with closing(open_log(tmp_path, disk=disk)) as log:
        log.append([record(1)])
        disk.failing = {"sync", "truncate"}
        with pytest.raises(SpoolError):
            log.append([record(2)])
        assert "is sent after a restart" in caplog.text
        assert drained(log) == [1]


def test_everybody_who_waits_for_a_failed_sync_is_refused(tmp_path: Path) -> None:
    class FailingGate(GateDisk):
        def sync(self, descriptor: int) -> None:
            super().sync(descriptor)
            if self.syncs == 1:
                raise OSError(5, os.strerror(5))

    disk = FailingGate()
    with closing(open_log(tmp_path, disk=disk)) as log, ThreadPoolExecutor(8) as threads:
        first = threads.submit(log.append, [record(0)])
        assert disk.entered.wait(60)
        rest = [threads.submit(log.append, [record(number)]) for number in range(1, 8)]
        wait_for_bytes(tmp_path, 8)
        disk.gate.set()
        for each in [first, *rest]:
            with pytest.raises(SpoolError, match="synced"):
                each.result(60)
        assert drained(log) == []


def test_a_damaged_record_is_skipped_said_counted_and_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(open_log(tmp_path)) as log:
        log.append([record(number) for number in range(5)])
    (file,) = tmp_path.iterdir()
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 0x10
    file.write_bytes(raw)
    with closing(open_log(tmp_path)) as log, caplog.at_level(logging.CRITICAL):
        assert drained(log) == [0, 1, 3, 4]
        assert log.damage.places == 1
        assert log.is_empty
        assert log.bytes_used == len(raw)
    assert "cannot be read: damaged" in caplog.text
    assert [path.suffix for path in tmp_path.iterdir()] == [".damaged"]
    with closing(open_log(tmp_path)) as log:
        log.append([record(9)])
        assert drained(log) == [9]
        assert log.bytes_used == len(raw)


@pytest.mark.parametrize("cut", [1, 17, 50])
def test_a_tail_that_was_cut_off_is_skipped_and_said(
    tmp_path: Path, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(open_log(tmp_path)) as log:
        log.append([record(1), record(2)])
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-cut])
    with closing(open_log(tmp_path)) as log:
        assert drained(log) == [1]
    assert "cut off or damaged up to its end" in caplog.text


def test_a_damaged_header_is_said_and_the_file_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(open_log(tmp_path)) as log:
        log.append([record(1)])
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"x" + file.read_bytes()[1:])
    with closing(open_log(tmp_path)) as log:
        assert drained(log) == []
        assert log.is_empty
    assert "the header is damaged" in caplog.text
    assert [path.suffix for path in tmp_path.iterdir()] == [".damaged"]


@pytest.mark.parametrize("count", [0, 5, 20])
def test_a_file_that_ends_in_its_header_held_nothing(tmp_path: Path, count: int) -> None:
    (tmp_path / "0000000003.spool").write_bytes(b"UGCSPOOL" + bytes(count))
    with closing(open_log(tmp_path)) as log:
        log.append([record(1)])
        assert drained(log) == [1]


def test_what_kafka_will_never_take_is_kept_in_a_file(tmp_path: Path) -> None:
    with closing(open_log(tmp_path)) as log:
        log.append([record(1), record(2)])
        first, second = log.read(0)
        log.done([first])
        log.set_aside([second])
        assert log.is_empty
    assert [path.suffix for path in tmp_path.iterdir()] == [".damaged"]


def test_a_closed_log_refuses_and_a_waiting_reader_ends(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(log.read, 30)
        log.close()
        assert reading.result(60) == []
    with pytest.raises(SpoolError, match="closed"):
        log.append([record(1)])


def test_an_append_that_waits_while_the_log_closes_touches_no_closed_file(tmp_path: Path) -> None:
    disk = HeldDisk()
    log = open_log(tmp_path, disk=disk)
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(log.append, [record(1)])
        assert disk.syncing.wait(60)
        one = log.bytes_used
        second = threads.submit(log.append, [record(2)])
        wait_until(lambda: log.bytes_used > one, "the second append waits for a sync")
        closing_log = threads.submit(log.close)
        wait_until(lambda: refuses(log), "the log closes")
        disk.go_on.set()
        closing_log.result(60)
        first.result(60)
        with pytest.raises(SpoolError, match="closed"):
            second.result(60)
    assert disk.syncs == 1
    with closing(open_log(tmp_path)) as left:
        assert drained(left)[:1] == [1]


def refuses(log: Log) -> bool:
    """Whether the log takes nothing any more; it is asked for more than it could ever hold."""
    try:
        log.append([record(3, size=20_000_000)])
    except SpoolFullError:
        return False
    except SpoolError:
        return True
    raise AssertionError("a record beyond the limit was taken")


WRITER = """
import sys
from pathlib import Path
from tests.api.publish.spool.parts import open_log, record
log = open_log(Path(sys.argv[1]), segment_bytes=5_000)
for number in range(1_000_000):
    log.append([record(number)])
    print(number, flush=True)
"""


def test_a_killed_writer_loses_nothing_that_it_was_told_is_safe(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(200)]
        writer.send_signal(signal.SIGKILL)
        said += [int(line) for line in writer.stdout if line.endswith("\n")]
    with closing(open_log(tmp_path)) as log:
        found = drained(log)
    assert found[: len(said)] == said
