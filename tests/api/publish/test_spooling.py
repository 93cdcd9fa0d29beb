"""The rule of storing: Kafka in time, else the spool, else refused; and out of the spool again."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from api.config import Publishing
from api.errors import RecordRefusedError, StoreOverloadedError, StoreUnavailableError
from api.model import ComponentStatus
from api.pipeline.storing import Publisher
from api.publish.replay import Replayer
from api.publish.sequencer import Sequencer
from api.publish.spool import slots
from api.publish.spool.log import Log
from api.publish.spool.record import Record
from api.publish.spooling import SpoolingPublisher
from api.publish.under_way import MOST_RECORDS
from api.publishing import spooling
from api.testing.publisher import InMemoryPublisher
from api.testing.sender import InMemorySender
from contracts.errors import SettingError
from contracts.sequence import sequence_header_in
from tests.api.publish.spool.parts import open_log, record
from tests.support.processes import wait_until

WAIT_SECONDS = 0.05


def TAKES(_record: Record) -> StoreUnavailableError | None:  # noqa: N802 - a kind of Kafka
    return None


def FAILS(_record: Record) -> StoreUnavailableError | None:  # noqa: N802
    return StoreUnavailableError("not taken")


def SILENT(_record: Record) -> StoreUnavailableError | None:  # noqa: N802
    return InMemorySender.SILENCE


class World:
    """A publisher over a Kafka in memory and a spool on the disk."""

    def __init__(self, folder: Path, **changes: float) -> None:
        self.folder = folder / "spool"
        self.sender = InMemorySender()
        self.settings = Publishing(
            spool_dir=self.folder,
            spool_max_bytes=int(changes.get("max_bytes", 10_000_000)),
            wait_seconds=changes.get("wait_seconds", WAIT_SECONDS),
            delivery_seconds=changes.get("delivery_seconds", 30.0),
        )

    @contextmanager
    def publisher(self) -> Iterator[SpoolingPublisher]:
        with spooling(self.sender, self.settings) as publisher:
            yield publisher

    @property
    def ids(self) -> list[int]:
        """What Kafka has, in order of arrival."""
        return [each.event_id.int for each in self.sender.taken]

    @property
    def numbers(self) -> list[int]:
        return [number_of(each) for each in self.sender.taken]

    def wait_for(self, *ids: int) -> None:
        wait_until(lambda: set(ids) <= set(self.ids), f"Kafka has {ids}")


def number_of(record: Record) -> int:
    sequence = sequence_header_in({name: text.encode() for name, text in record.headers.items()})
    assert sequence is not None
    return sequence.number


def voids_of(record: Record) -> str:
    return record.headers.get("ugc-void", "")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(params=["memory", "spooling"])
def stored(
    request: pytest.FixtureRequest, world: World
) -> Iterator[tuple[Publisher, list[Record]]]:
    """Every publisher, and what it stored."""
    if request.param == "memory":
        in_memory = InMemoryPublisher()
        yield in_memory, in_memory.published
        return
    with world.publisher() as publisher:
        yield publisher, world.sender.taken


def test_a_number_whose_request_ends_in_an_unforeseen_error_is_void(world: World) -> None:
    def breaks(_record: Record) -> None:
        raise RuntimeError("unforeseen")

    with world.publisher() as publisher:
        world.sender.answer = breaks
        with pytest.raises(RuntimeError):
            publisher.publish(record(1))
        world.sender.answer = TAKES
        publisher.publish(record(2))
    (told,) = world.sender.taken
    assert voids_of(told) == "1"
    assert "ugc-settled" not in told.headers


def test_what_was_published_is_stored(stored: tuple[Publisher, list[Record]]) -> None:
    publisher, found = stored
    publisher.publish(record(1))
    assert publisher.publish_all([record(2), record(3)]) == [None, None]
    assert publisher.publish_all([]) == []
    assert [each.event_id.int for each in found] == [1, 2, 3]
    assert {each.value for each in found} == {record(1).value}


def test_what_was_published_soon_is_stored_and_said_so_once_or_was_not_touched(
    stored: tuple[Publisher, list[Record]],
) -> None:
    publisher, found = stored
    told: list[Sequence[StoreUnavailableError | None]] = []
    is_on_its_way = publisher.publish_soon([record(1), record(2)], told.append)
    assert publisher.publish_soon([], told.append) is is_on_its_way
    if is_on_its_way:
        wait_until(lambda: len(told) == 2, "both have ended")
        assert sorted(map(list, told), key=len) == [[], [None, None]]
        assert [each.event_id.int for each in found] == [1, 2]
    else:
        assert not told
        assert not found


class Told:
    """What ``done`` was called with."""

    def __init__(self) -> None:
        self.outcomes: list[Sequence[StoreUnavailableError | None]] = []

    def __call__(self, outcomes: Sequence[StoreUnavailableError | None]) -> None:
        self.outcomes.append(list(outcomes))


def test_what_is_published_soon_waits_for_nothing_and_is_put_aside_when_kafka_is_silent(
    world: World,
) -> None:
    world.sender.answer = SILENT
    told = Told()
    with world.publisher() as publisher:
        assert publisher.publish_soon([record(1), record(2)], told)
        assert publisher.publish_soon([record(3)], told)
        wait_until(lambda: len(told.outcomes) == 2, "both have ended")
        assert publisher.counts().spooled == 3
        assert not publisher.publish_soon([record(4)], told), "the spool is in use"
        world.sender.answer = TAKES
        world.sender.settle(None)
        world.wait_for(1, 2, 3)
        wait_until(lambda: publisher.spool_state().is_direct, "Kafka is asked again")
        assert publisher.publish_soon([record(5)], told)
    assert told.outcomes == [[None, None], [None], [None]]
    assert world.ids == [1, 2, 3, 5]
    assert world.numbers == [1, 2, 3, 4]


def test_what_is_published_soon_and_fails_is_put_aside_or_refused_for_good(world: World) -> None:
    never = RecordRefusedError("too large")
    answers = iter([None, never, StoreUnavailableError("no")])
    world.sender.answer = lambda _record: next(answers, None)
    told = Told()
    with world.publisher() as publisher:
        assert publisher.publish_soon([record(1), record(2), record(3)], told)
        wait_until(lambda: bool(told.outcomes), "it has ended")
        world.wait_for(1, 3)
        counts = publisher.counts()
    assert told.outcomes == [[None, never, None]]
    assert (counts.acknowledged, counts.spooled, counts.refused) == (1, 1, 0)


def test_a_busy_kafka_that_goes_on_answering_is_not_silent(tmp_path: Path) -> None:
    """Each waits for longer than the time that Kafka may be silent, since others are before it."""
    world = World(tmp_path, wait_seconds=0.2)
    world.sender.answer = SILENT
    ends = threading.Event()

    def answer_another() -> None:
        while not ends.wait(0.02):
            world.sender.settle_first()

    told = Told()
    with world.publisher() as publisher, ThreadPoolExecutor(1) as threads:
        answering = threads.submit(answer_another)
        try:
            for number in range(50):
                assert publisher.publish_soon([record(number)], told)
            wait_until(lambda: len(told.outcomes) == 50, "all have ended")
        finally:
            ends.set()
        answering.result()
        assert publisher.counts().acknowledged == 50
    assert world.ids == list(range(50))


def test_nothing_waits_for_ever_for_a_kafka_that_answers_others(tmp_path: Path) -> None:
    world = World(tmp_path, wait_seconds=0.05)
    world.sender.answer = lambda each: SILENT(each) if each.event_id.int == 0 else None
    told, ends = Told(), threading.Event()

    def answer_others() -> None:
        while not ends.wait(0.01):
            world.sender.was_heard()

    with world.publisher() as publisher, ThreadPoolExecutor(1) as threads:
        answering = threads.submit(answer_others)
        try:
            assert publisher.publish_soon([record(0)], told)
            wait_until(lambda: bool(told.outcomes), "it has ended")
        finally:
            ends.set()
        answering.result()
        assert publisher.counts().spooled == 1


def test_more_than_may_be_under_way_is_refused_and_takes_no_number(tmp_path: Path) -> None:
    world = World(tmp_path, wait_seconds=60)
    world.sender.answer = SILENT
    told = Told()
    with world.publisher() as publisher:
        many = [record(number) for number in range(MOST_RECORDS)]
        assert publisher.publish_soon(many, told)
        assert not publisher.publish_soon([record(6)], told)
        (problem,) = publisher.publish_all([record(7)])
        assert isinstance(problem, StoreOverloadedError)
        assert publisher.counts().refused == 0, "no outage: the alert would call somebody"
        world.sender.answer = TAKES
        world.sender.settle(None)
        wait_until(lambda: bool(told.outcomes), "they have ended")
        publisher.publish(record(8))
    assert world.numbers == list(range(1, MOST_RECORDS + 2))
    assert voids_of(world.sender.taken[-1]) == ""


def test_closing_ends_what_was_published_soon(world: World) -> None:
    world.sender.answer = SILENT
    told = Told()
    with world.publisher() as publisher:
        assert publisher.publish_soon([record(1)], told)
    assert told.outcomes == [[None]]
    assert not publisher.publish_soon([record(2)], told)


def test_after_a_hiccup_of_kafka_batches_go_straight_again_while_more_keep_coming(
    world: World,
) -> None:
    world.sender.answer = SILENT
    ends = threading.Event()
    numbers = itertools.count(1000)

    def keep_publishing() -> None:
        while not ends.is_set():
            batch = [record(next(numbers)) for _ in range(300)]
            assert publisher.publish_all(batch) == [None] * 300

    with world.publisher() as publisher, ThreadPoolExecutor(4) as threads:
        try:
            publisher.publish(record(1))
            world.sender.answer = TAKES
            world.sender.settle(None)
            running = [threads.submit(keep_publishing) for _ in range(4)]
            wait_until(lambda: publisher.counts().acknowledged > 3_000, "many go straight")
        finally:
            ends.set()
        for each in running:
            each.result()


def test_many_threads_publish_at_once(stored: tuple[Publisher, list[Record]]) -> None:
    publisher, found = stored
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda number: publisher.publish(record(number)), range(200)))
    assert sorted(each.event_id.int for each in found) == list(range(200))


def test_each_record_gets_the_next_number_of_one_producer(world: World) -> None:
    with world.publisher() as publisher:
        for number in range(3):
            publisher.publish(record(number))
    assert world.numbers == [1, 2, 3]
    assert len({each.headers["ugc-producer"] for each in world.sender.taken}) == 1


def test_another_incarnation_is_another_producer(world: World) -> None:
    for _ in range(2):
        with world.publisher() as publisher:
            publisher.publish(record(1))
    assert world.numbers == [1, 1]
    assert len({each.headers["ugc-producer"] for each in world.sender.taken}) == 2


def test_a_record_that_fails_goes_to_the_spool_and_from_there_to_kafka(world: World) -> None:
    answers = iter([StoreUnavailableError("no"), None, None])
    world.sender.answer = lambda _record: next(answers)
    with world.publisher() as publisher:
        publisher.publish(record(1))
        world.wait_for(1)
        wait_until(lambda: publisher.spool_state().bytes_used == 0, "the spool is empty")
        counts = publisher.counts()
        assert (counts.acknowledged, counts.spooled, counts.refused) == (0, 1, 0)
        wait_until(lambda: publisher.spool_state().is_direct, "Kafka is asked again")
        publisher.publish(record(2))
        assert publisher.counts().acknowledged == 1
    assert world.ids == [1, 2]
    assert world.numbers == [1, 2]


def test_without_an_answer_it_waits_a_bounded_time_once_and_then_not_at_all(world: World) -> None:
    world.sender.answer = SILENT
    with world.publisher() as publisher:
        began = time.monotonic()
        publisher.publish(record(1))
        assert time.monotonic() - began >= WAIT_SECONDS
        assert not publisher.spool_state().is_direct
        for number in range(2, 50):
            publisher.publish(record(number))
        assert world.sender.asked <= 2, "the rest went to the spool without asking Kafka"
        assert publisher.counts().spooled == 49


def test_what_kafka_acknowledges_late_is_not_sent_again(world: World) -> None:
    world.sender.answer = SILENT
    with world.publisher() as publisher:
        publisher.publish(record(1))
        publisher.publish(record(2))
        world.sender.answer = TAKES
        world.sender.settle(None)
        world.wait_for(1, 2)
        wait_until(lambda: publisher.spool_state().bytes_used == 0, "the spool is empty")
        counts = publisher.counts().replay
        assert (counts.late, counts.replayed) == (1, 1)
    assert world.ids == [1, 2]


def test_what_fails_late_is_sent_again_with_the_same_id_and_stamp(world: World) -> None:
    world.sender.answer = SILENT
    with world.publisher() as publisher:
        publisher.publish(record(1))
        world.sender.answer = TAKES
        world.sender.settle(StoreUnavailableError("late"))
        world.wait_for(1)
    assert world.ids == [1]
    assert world.numbers == [1]


def test_what_is_never_heard_of_again_is_sent_again(tmp_path: Path) -> None:
    """As when a message is left in the queue of a producer that was replaced."""
    world = World(tmp_path, delivery_seconds=0.1)
    world.sender.answer = SILENT
    with world.publisher() as publisher:
        publisher.publish(record(1))
        world.sender.answer = TAKES
        wait_until(lambda: world.sender.asked > 1, "it is tried again")


def test_the_order_is_kept_through_an_outage(world: World) -> None:
    world.sender.answer = FAILS
    with world.publisher() as publisher:
        for number in range(500):
            publisher.publish(record(number))
        world.sender.answer = TAKES
        for number in range(500, 900):
            publisher.publish(record(number))
        world.wait_for(*range(900))
    assert world.ids == list(range(900))
    assert world.numbers == list(range(1, 901))


def test_an_outage_in_the_middle_of_the_replay_loses_nothing_and_keeps_the_order(
    world: World,
) -> None:
    world.sender.answer = FAILS
    with world.publisher() as publisher:
        publisher.publish_all([record(number) for number in range(1000)])
        tries = 0

        def fails_from_300_on_once(each: Record) -> StoreUnavailableError | None:
            """All of a window is refused; the first of them is then tried alone."""
            nonlocal tries
            tries += each.event_id.int == 300
            return None if each.event_id.int < 300 or tries > 1 else StoreUnavailableError("no")

        world.sender.answer = fails_from_300_on_once
        world.wait_for(*range(1000))
    assert sorted(set(world.ids)) == world.ids == list(range(1000))


def test_what_is_left_is_sent_by_the_next_worker(world: World) -> None:
    world.sender.answer = FAILS
    with world.publisher() as publisher:
        publisher.publish_all([record(number) for number in range(20)])
    assert world.ids == []
    world.sender.answer = TAKES
    with world.publisher() as publisher:
        world.wait_for(*range(20))
        wait_until(lambda: publisher.spool_state().bytes_used == 0, "the spool is empty")
    assert world.ids == list(range(20))
    assert world.numbers == list(range(1, 21))


def test_a_dead_workers_spool_is_taken_over_and_a_living_ones_is_not(world: World) -> None:
    with ExitStack() as held:
        dead, alive = slots.take(world.folder), slots.take(world.folder)
        held.callback(alive.release)
        for slot, number in [(dead, 1), (alive, 2)]:
            log = open_log(slot.folder)
            log.append([record(number)])
            log.close()
        dead.release()
        publisher = held.enter_context(world.publisher())
        world.wait_for(1)
        wait_until(lambda: publisher.spool_state().bytes_used == 0, "the spool is empty")
        assert world.ids == [1]


def test_other_folders_that_nobody_owns_are_emptied_too(world: World) -> None:
    owned = [slots.take(world.folder) for _ in range(3)]
    for number, slot in enumerate(owned):
        log = open_log(slot.folder)
        log.append([record(number)])
        log.close()
    owned[1].release()
    owned[2].release()
    with world.publisher() as publisher:
        world.wait_for(1, 2)
        wait_until(lambda: publisher.counts().replay.adopted == 1, "one is taken over")
        assert sorted(world.ids) == [1, 2]
        assert not list((world.folder / "worker-0003").glob("*.spool"))
        slots.take(world.folder).release()
    owned[0].release()


def test_events_go_straight_again_while_more_keep_coming(tmp_path: Path) -> None:
    """Each that went to the spool meanwhile would be a reason for the next to go there too."""
    world = World(tmp_path, wait_seconds=1.0, max_bytes=100_000_000)
    world.sender.answer = FAILS
    numbers, ends = itertools.count(100), threading.Event()

    def keep_publishing() -> None:
        while not ends.is_set():
            publisher.publish(record(next(numbers)))

    def settle_slowly() -> None:
        while not ends.wait(0.01):
            world.sender.settle(None)

    with world.publisher() as publisher, ThreadPoolExecutor(9) as threads:
        try:
            publisher.publish(record(1))
            running = [threads.submit(keep_publishing) for _ in range(8)]
            wait_until(lambda: publisher.counts().spooled > 100, "many are in the spool")
            world.sender.answer = SILENT
            running.append(threads.submit(settle_slowly))
            wait_until(lambda: publisher.counts().acknowledged > 100, "many go straight")
        finally:
            ends.set()
            world.sender.answer = TAKES
            world.sender.settle(None)
        for each in running:
            each.result()


def test_a_full_spool_refuses_and_the_numbers_are_void_on_a_later_record(tmp_path: Path) -> None:
    world = World(tmp_path, max_bytes=1_000)
    world.sender.answer = FAILS
    with world.publisher() as publisher:
        outcomes = [publisher.publish_all([record(number)])[0] for number in range(20)]
        kept = outcomes.count(None)
        assert 0 < kept < 20
        with pytest.raises(StoreUnavailableError, match="is full"):
            publisher.publish(record(99))
        world.sender.answer = TAKES
        wait_until(lambda: publisher.spool_state().is_direct, "the spool is empty")
        publisher.publish(record(100))
        publisher.publish(record(101))
    assert world.ids == [*range(kept), 100, 101]
    assert [voids_of(each) for each in world.sender.taken[-2:]] == [f"{kept + 1}-21", ""]
    assert world.numbers[-2:] == [22, 23]


def test_a_spool_that_is_refused_by_the_disk_does_not_stop_the_way_to_kafka(world: World) -> None:
    with world.publisher() as publisher:
        (world.folder / "worker-0001" / "lock").unlink()
        (world.folder / "worker-0001").rmdir()
        world.sender.answer = FAILS
        with pytest.raises(StoreUnavailableError, match="no new file in the spool"):
            publisher.publish(record(1))
        world.sender.answer = TAKES
        wait_until(lambda: publisher.publish_all([record(2)]) == [None], "Kafka is asked again")
        (world.folder / "worker-0001").mkdir()


def test_what_kafka_will_never_take_is_refused_and_not_spooled(world: World) -> None:
    world.sender.answer = lambda _record: RecordRefusedError("too large")
    with world.publisher() as publisher:
        with pytest.raises(RecordRefusedError):
            publisher.publish(record(1))
        assert publisher.spool_state().bytes_used == 0
        assert publisher.spool_state().is_direct
        assert publisher.counts().refused == 0, "no outage: the alert would call somebody"
        world.sender.answer = TAKES
        publisher.publish(record(2))
    assert voids_of(world.sender.taken[0]) == "1"


def test_what_kafka_will_never_take_does_not_stop_the_replay(world: World) -> None:
    world.sender.answer = FAILS
    with world.publisher() as publisher:
        publisher.publish_all([record(number) for number in range(5)])
        world.sender.answer = lambda each: (
            RecordRefusedError("too large") if each.event_id.int == 2 else None
        )
        world.wait_for(0, 1, 3, 4)
        wait_until(lambda: publisher.counts().replay.set_aside == 1, "one is set aside")
    assert [path.suffix for path in (world.folder / "worker-0001").glob("0*")] == [".damaged"]


def test_of_several_only_those_that_failed_go_to_the_spool(world: World) -> None:
    asked: list[int] = []

    def every_other(each: Record) -> StoreUnavailableError | None:
        asked.append(each.event_id.int)
        is_first_time = asked.count(each.event_id.int) == 1
        return StoreUnavailableError("no") if is_first_time and each.event_id.int % 2 else None

    world.sender.answer = every_other
    with world.publisher() as publisher:
        assert publisher.publish_all([record(number) for number in range(6)]) == [None] * 6
        counts = publisher.counts()
        assert (counts.acknowledged, counts.spooled) == (3, 3)
        world.wait_for(*range(6))
    assert sorted(world.ids) == list(range(6))


def test_the_health_of_the_spool(tmp_path: Path) -> None:
    world = World(tmp_path, max_bytes=1_500_000)
    with world.publisher() as publisher:
        empty = publisher.spool_health()
        assert (empty.status, empty.required, empty.detail) == (ComponentStatus.UP, False, "empty")
        world.sender.answer = FAILS
        publisher.publish(record(1, size=600_000))
        used = publisher.spool_health()
        assert (used.status, used.required) == (ComponentStatus.UP, True)
        assert used.detail == "40% full, in use"
        publisher.publish(record(2, size=620_000))
        assert publisher.spool_health().status is ComponentStatus.DEGRADED
        publisher.publish(record(3, size=100_000))
        assert publisher.spool_health().status is ComponentStatus.DOWN
        assert not publisher.kafka_health().required


def test_a_folder_that_cannot_be_used_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    with (
        pytest.raises(SettingError, match="SPOOL_DIR must be a folder"),
        World(tmp_path).publisher(),
    ):
        pass


def test_closing_ends_the_threads_while_kafka_is_silent(world: World) -> None:
    world.sender.answer = SILENT
    with world.publisher() as publisher:
        publisher.publish(record(1))
        began = time.monotonic()
    assert time.monotonic() - began < 60, "it did not wait for what Kafka may still say"
    assert not publisher.is_alive
    assert "spool-replay" not in {thread.name for thread in threading.enumerate()}


def test_a_number_in_the_spool_never_stands_before_a_smaller_one(tmp_path: Path) -> None:
    """A worker that is killed between two writes leaves no gap that nobody was promised."""
    is_late, may_go_on = threading.Event(), threading.Event()

    def slow_first_clock() -> int:
        if threading.current_thread().name == "slow":
            is_late.set()
            may_go_on.wait(60)
        return 0

    (tmp_path / "spool").mkdir()
    log = Log(tmp_path / "spool", max_bytes=10_000_000, clock_ms=slow_first_clock)
    sender = InMemorySender()
    replayer = Replayer(log, sender, list, delivery_seconds=1.0)
    replayer.report_outage()
    publisher = SpoolingPublisher(
        sender, log, replayer, Sequencer("0" * 32), wait_seconds=WAIT_SECONDS
    )
    slow = threading.Thread(target=lambda: publisher.publish(record(1)), name="slow")
    slow.start()
    assert is_late.wait(60)
    publisher.publish(record(2))
    may_go_on.set()
    slow.join()
    found = [each.record for each in log.read(0)]
    log.close()
    assert [number_of(each) for each in found] == [1, 2]
    assert [each.event_id.int for each in found] == [2, 1]
