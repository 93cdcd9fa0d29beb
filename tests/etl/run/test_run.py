"""Whole runs over edges in memory: what comes out, what is counted, what a failure leaves."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ch_schema.errors import AmbiguousError, ClickHouseError, RefusedError, RetryableError
from contracts.reasons import Reason
from etl.config import RunPolicy
from etl.errors import (
    OffsetOutOfRangeError,
    StateLostError,
    TooManyDeadLettersError,
)
from etl.run.report import UNKNOWN_EVENT, EventCounts
from etl.source import Span
from etl.testing.kafka import MemoryTables
from registry.errors import RegistryUnavailableError
from registry.serde import Decoder
from registry.testing import InMemoryRegistry
from tests.etl.sessions.test_pairing import video_contracts
from tests.etl.world import CLICK, CLICK_DATA, END, HOUR, NOON, START, World, catalog_with
from tests.support.with_context import nothing_said

VIEW = uuid.UUID(int=1)
OTHER_VIEW = uuid.UUID(int=2)


@pytest.fixture
def world() -> World:
    return World()


class FailingTables(MemoryTables):
    """Fails before or after it stored, as often as it has failures left."""

    def __init__(self, *failures: ClickHouseError) -> None:
        super().__init__()
        self.failures = list(failures)
        self.calls: list[tuple[str, str, Sequence[Sequence[Any]]]] = []

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        deduplication_token: str,
    ) -> None:
        self.calls.append((table, deduplication_token, rows))
        failure = self.failures.pop(0) if self.failures else None
        if isinstance(failure, RetryableError | RefusedError):
            raise failure
        super().insert(table, columns, rows, deduplication_token=deduplication_token)
        if failure is not None:
            raise failure


# Rows


def test_an_event_becomes_a_row_with_its_lineage(world: World) -> None:
    world.click()
    event_id = uuid.uuid4()
    raw = world.click(event_id=event_id, user_id="ann")
    report = world.run()
    row = world.tables.final("ugc.element_click")[event_id]
    assert row == {
        "event_id": event_id,
        "user_id": "ann",
        "timestamp": NOON,
        "contract_version": 1,
        **CLICK_DATA,
        **nothing_said(),
        "kafka_partition": raw.partition,
        "kafka_offset": 1,
        "loaded_at": NOON,
        "row_version": 1,
    }
    assert report.events == {CLICK: EventCounts(consumed=2, loaded=2)}
    assert report.offsets == {raw.partition: Span(0, 2)}
    assert report.finished


def test_a_run_ends_at_the_ends_and_the_next_goes_on(world: World) -> None:
    world.click()
    assert world.run().consumed == 1
    assert world.run().consumed == 0
    world.click()
    report = world.run()
    assert report.consumed == 1
    assert list(report.offsets.values()) == [Span(1, 2)]
    assert len(world.rows(CLICK)) == 2


def test_what_comes_during_a_run_waits_for_the_next(world: World) -> None:
    world.click()
    came = []

    def another_comes() -> bool:
        came.append(world.click())
        return False

    assert world.run(should_stop=another_comes).consumed == 1
    assert world.run().consumed == len(came) >= 1


def test_chunks_are_bounded_and_each_is_committed() -> None:
    tables = FailingTables()
    world = World(policy=RunPolicy(chunk_messages=4), tables=tables)
    for _ in range(10):
        world.click()
    world.run()
    assert [len(rows) for _, _, rows in tables.calls] == [4, 4, 2]


def test_a_stop_ends_after_the_chunk(world: World) -> None:
    world = World(policy=RunPolicy(chunk_messages=4))
    for _ in range(10):
        world.click()
    report = world.run(should_stop=lambda: True)
    assert not report.finished
    assert report.swept_to is None
    assert report.consumed == len(world.rows(CLICK)) == 4
    assert world.run().consumed == 6


# Duplicates and repetitions


def test_an_event_sent_again_is_a_duplicate(world: World) -> None:
    event_id = uuid.uuid4()
    for partition in (0, 0, 1):
        world.click(event_id=event_id, partition=partition)
    report = world.run()
    assert report.events[CLICK] == EventCounts(consumed=3, loaded=1, duplicates=2)
    world.click(event_id=event_id)
    assert world.run().events[CLICK] == EventCounts(consumed=1, duplicates=1)
    assert len(world.tables.rows["ugc.element_click"]) == 1


def test_after_the_window_a_duplicate_is_loaded_and_still_one_row(world: World) -> None:
    event_id = uuid.uuid4()
    world.click(event_id=event_id)
    world.run()
    world.clock.pass_seconds(901)
    world.click(event_id=event_id)
    assert world.run().events[CLICK].loaded == 1
    assert len(world.tables.rows["ugc.element_click"]) == 2
    assert len(world.rows(CLICK)) == 1


def test_reading_again_is_no_duplicate(world: World) -> None:
    world.click()
    world.run()
    world.topic.committed.clear()
    assert world.run().events[CLICK] == EventCounts(consumed=1, loaded=1)
    assert len(world.rows(CLICK)) == 1


def test_reading_again_brings_lost_rows_back(world: World) -> None:
    """A table is emptied by hand and loaded again from the beginning."""
    world.click()
    world.start(VIEW)
    world.end(VIEW)
    world.start(OTHER_VIEW)
    world.run()
    world.clock.pass_seconds(13 * HOUR)
    world.run()
    kept = {event: world.rows(event) for event in (CLICK, "page_view")}
    emptied = MemoryTables()
    world.tables = emptied
    world.context = replace(world.context, loader=World(tables=emptied).context.loader)
    world.topic.committed.clear()
    report = world.run()
    for event, rows in kept.items():
        assert [{**row, "loaded_at": None} for row in world.rows(event)] == [
            {**row, "loaded_at": None} for row in rows
        ]
    assert report.pairs["page_view"].paired == report.pairs["page_view"].unpaired == 0
    assert report.events[START].replayed == 2


# Pairs


def test_a_pair_within_a_run(world: World) -> None:
    world.start(VIEW, page_type="movie")
    world.clock.pass_seconds(12.5)
    world.end(VIEW, page_type="other")
    report = world.run()
    row = world.view()
    assert (row["duration_seconds"], row["page_type"], row["paired"]) == (12.5, "movie", True)
    assert row["timestamp"] == NOON
    assert report.events[START] == report.events[END] == EventCounts(consumed=1, taken=1)
    counts = report.pairs["page_view"]
    assert (counts.paired, counts.rows, counts.after.waiting) == (1, 1, 0)


@pytest.mark.parametrize("end_first", [False, True])
def test_a_pair_across_runs_in_either_order(world: World, *, end_first: bool) -> None:
    halves = [world.end, world.start] if end_first else [world.start, world.end]
    halves[0](VIEW)
    first = world.run().pairs["page_view"]
    assert (first.paired, first.after.waiting) == (0, 1)
    halves[1](VIEW)
    second = world.run().pairs["page_view"]
    assert (second.paired, second.late, second.after.waiting) == (1, 0, 0)
    assert world.view()["paired"]


def test_a_start_waits_as_long_as_the_contract_says(world: World) -> None:
    world.start(VIEW)
    world.clock.pass_seconds(12 * HOUR)
    assert world.run().pairs["page_view"].unpaired == 0
    world.clock.pass_seconds(1)
    report = world.run()
    assert report.pairs["page_view"].unpaired == 1
    assert report.swept_to == world.clock.now
    row = world.view()
    assert (row["paired"], row["duration_seconds"], row["row_version"]) == (False, None, 1)


def test_an_end_in_time_is_found_however_late_the_run_is(world: World) -> None:
    """The store's own lifetimes are over, and the pair is made all the same."""
    world.start(VIEW)
    world.run()
    world.clock.pass_seconds(HOUR)
    world.end(VIEW)
    world.clock.pass_seconds(72 * HOUR)
    report = world.run()
    assert world.view()["duration_seconds"] == HOUR
    assert report.pairs["page_view"].unpaired == 0


def test_a_late_end_replaces_the_unpaired_row(world: World) -> None:
    world.start(VIEW)
    world.run()
    world.clock.pass_seconds(13 * HOUR)
    assert world.run().pairs["page_view"].unpaired == 1
    world.end(VIEW)
    counts = world.run().pairs["page_view"]
    assert (counts.paired, counts.late, counts.unpaired) == (1, 1, 0)
    row = world.view()
    assert (row["paired"], row["duration_seconds"]) == (True, 13 * HOUR)
    assert len(world.tables.rows["ugc.page_view"]) == 2


def test_an_end_whose_start_never_comes_is_kept(world: World) -> None:
    raw = world.end(VIEW)
    report = world.run()
    assert report.pairs["page_view"].after.ends_waiting == 1
    world.clock.pass_seconds(13 * HOUR)
    report = world.run()
    assert report.pairs["page_view"].orphan_ends == 1
    (letter,) = world.dead_letters.letters
    original = replace(raw, headers=())  # the pair store keeps the value alone
    assert (letter.original, letter.reason) == (original, Reason.ORPHAN_END)
    assert "ugc.page_view" not in world.tables.rows


def test_a_start_after_its_orphan_end_still_makes_the_pair(world: World) -> None:
    world.end(VIEW)
    world.run()
    world.clock.pass_seconds(13 * HOUR)
    world.run()
    world.start(VIEW)
    counts = world.run().pairs["page_view"]
    assert (counts.paired, counts.late, counts.skewed) == (1, 1, 1)
    assert world.view()["duration_seconds"] == 0


def test_an_end_from_another_user_ends_nothing(world: World) -> None:
    world.start(VIEW, user_id="ann")
    world.end(VIEW, user_id="bob")
    world.run()
    world.clock.pass_seconds(13 * HOUR)
    counts = world.run().pairs["page_view"]
    assert (counts.unpaired, counts.orphan_ends) == (1, 1)
    row = world.view()
    assert (row["user_id"], row["paired"]) == ("ann", False)


def test_second_starts_and_ends_are_duplicates(world: World) -> None:
    world.start(VIEW)
    world.clock.pass_seconds(5)
    world.start(VIEW)
    world.end(VIEW)
    world.clock.pass_seconds(5)
    world.end(VIEW)
    report = world.run()
    assert report.events[START] == EventCounts(consumed=2, taken=1, duplicates=1)
    assert report.events[END] == EventCounts(consumed=2, taken=1, duplicates=1)
    assert world.view()["duration_seconds"] == 5
    world.end(VIEW)
    assert world.run().events[END] == EventCounts(consumed=1, duplicates=1)
    assert world.view()["duration_seconds"] == 5


def test_an_end_before_its_start_is_counted(world: World) -> None:
    world.end(VIEW)
    world.clock.pass_seconds(3)
    world.start(VIEW)
    assert world.run().pairs["page_view"].skewed == 1
    assert world.view()["duration_seconds"] == 0


def test_a_sweep_of_more_than_a_chunk() -> None:
    tables = FailingTables()
    world = World(policy=RunPolicy(chunk_messages=1_500), tables=tables)
    for number in range(4_200):
        world.start(uuid.UUID(int=number), partition=number % 3)
        if number % 3 == 0:
            world.end(uuid.UUID(int=10_000 + number))
    world.run()
    world.clock.pass_seconds(13 * HOUR)
    tables.calls.clear()
    counts = world.run().pairs["page_view"]
    assert (counts.unpaired, counts.orphan_ends, counts.after.waiting) == (4_200, 1_400, 0)
    assert [len(rows) for _, _, rows in tables.calls] == [1_500, 1_500, 1_200]
    assert len(world.dead_letters.letters) == 1_400


def test_a_stop_in_the_sweep_ends_after_a_block() -> None:
    world = World(policy=RunPolicy(chunk_messages=250))
    for number in range(600):
        world.start(uuid.UUID(int=number))
    world.run()
    world.clock.pass_seconds(13 * HOUR)
    asked = iter([False, True])
    report = world.run(should_stop=lambda: next(asked))
    assert not report.finished
    assert report.swept_to is None
    assert report.pairs["page_view"].unpaired == 250
    assert world.run().pairs["page_view"].unpaired == 350


def test_the_sweep_waits_for_other_workers_partitions(world: World) -> None:
    """Another worker has partitions that were never read: the missing end may be there."""
    world.start(VIEW, partition=0)
    other = world.source()
    world.topic.enter(other)
    first = world.source()
    assert world.run(first).swept_to is None
    world.topic.expel(other)
    world.clock.pass_seconds(13 * HOUR)
    assert world.run().pairs["page_view"].unpaired == 1


def test_a_second_pairing_by_contract_files_alone(tmp_path: Path) -> None:
    world = World(catalog_with(tmp_path, video_contracts()))
    video = {"player": "p", "video": "v", "quality": 720}
    world.send("video_start", video)
    world.send("video_start", {**video, "video": "w"})
    world.start(VIEW)
    world.clock.pass_seconds(30)
    world.send("video_stop", video)
    world.end(VIEW)
    world.run()
    world.clock.pass_seconds(31)
    report = world.run()
    rows = {row["outcome"]: row for row in world.rows("video_play")}
    assert rows["stopped"]["seconds"] == 30
    assert rows["left"]["seconds"] is None
    assert world.view()["duration_seconds"] == 30
    assert report.pairs["video_play"].unpaired == 1
    assert report.pairs["page_view"].unpaired == 0


# Messages that cannot be used


def poison(world: World) -> dict[Reason, bytes | None]:
    good = world.producer.value(CLICK, CLICK_DATA)
    view_data = {"page_view_id": str(VIEW), "page_type": "movie"}
    return {
        Reason.VALUE_NULL: None,
        Reason.VALUE_TOO_SHORT: good[:4],
        Reason.MAGIC_BYTE_WRONG: b"\x01" + good[1:],
        Reason.SCHEMA_ID_UNKNOWN: b"\0\0\0\xff\xff" + good[5:],
        Reason.AVRO_UNREADABLE: good[:-3],
        Reason.TRAILING_BYTES: good + b"\0",
        Reason.KEY_MISMATCH: world.producer.value(START, view_data),
    }


def test_poison_is_set_aside_and_the_run_goes_on(world: World) -> None:
    world.click()
    values = poison(world)
    raws = [world.topic.append(0, CLICK.encode(), value) for value in values.values()]
    world.click()
    report = world.run()
    assert report.events[CLICK] == EventCounts(consumed=9, loaded=2, dead=7, unstamped=7)
    letters = world.dead_letters.letters
    assert [letter.reason for letter in letters] == list(values)
    assert [letter.original for letter in letters] == raws


def test_poison_with_an_unknown_key_is_counted_apart(world: World) -> None:
    for key in (None, b"no_event", b"\xff"):
        world.topic.append(0, key, b"")
    assert world.run().events == {UNKNOWN_EVENT: EventCounts(consumed=3, dead=3, unstamped=3)}


def test_too_much_poison_stops_the_run() -> None:
    world = World(policy=RunPolicy(dead_letter_ratio=0.5, dead_letter_minimum=3))
    world.click(partition=0)
    for _ in range(2):
        world.topic.append(0, CLICK.encode(), b"")
    world.run()
    world.click(partition=0)
    for _ in range(3):
        world.topic.append(0, CLICK.encode(), b"")
    before = dict(world.topic.committed)
    with pytest.raises(TooManyDeadLettersError, match=r"3 of 4 .* offset 6: value_too"):
        world.run()
    assert world.topic.committed == before
    assert len(world.dead_letters.letters) == 2


def test_a_registry_that_is_away_stops_the_run(world: World) -> None:
    class Away(InMemoryRegistry):
        def schema(self, schema_id: int) -> str:
            raise RegistryUnavailableError("no answer")

    world.click()
    world.context = replace(world.context, decoder=Decoder(world.catalog, Away()))
    with pytest.raises(RegistryUnavailableError):
        world.run()
    assert world.topic.committed == {}


# Inserts


@pytest.mark.parametrize("failure", [RetryableError("full"), AmbiguousError("time-out")])
def test_inserts_are_repeated_with_the_same_rows_and_token(failure: ClickHouseError) -> None:
    tables = FailingTables(failure, failure)
    world = World(tables=tables)
    world.click()
    world.run()
    assert len(tables.calls) == 3
    assert tables.calls[0] == tables.calls[1] == tables.calls[2]
    assert len(tables.rows["ugc.element_click"]) == 1
    assert world.slept == sorted(world.slept)
    assert len(world.slept) == 2


def test_a_block_that_is_never_stored_ends_the_run_uncommitted() -> None:
    tables = FailingTables(*[RetryableError("full")] * 5)
    world = World(tables=tables)
    world.click()
    world.start(VIEW)
    world.end(VIEW)
    with pytest.raises(RetryableError):
        world.run()
    assert world.topic.committed == {}
    world.tables = tables
    report = world.run()
    assert report.events[START].replayed == 1
    assert report.pairs["page_view"].paired == 1
    assert world.view()["paired"]
    assert len(world.rows(CLICK)) == 1


def test_a_refused_block_is_not_tried_again() -> None:
    tables = FailingTables(RefusedError("no such column"))
    world = World(tables=tables)
    world.click()
    with pytest.raises(RefusedError):
        world.run()
    assert len(tables.calls) == 1
    assert world.topic.committed == {}


# A store that lost what it had


def test_a_flushed_store_is_rebuilt_before_anything_is_swept(world: World) -> None:
    world.start(VIEW)
    world.start(OTHER_VIEW)
    world.end(OTHER_VIEW)
    world.run()
    world.memory_store.flush()
    world.clock.pass_seconds(HOUR)
    report = world.run()
    counts = report.pairs["page_view"]
    assert (report.consumed, counts.rebuilt, counts.after.starts_waiting) == (0, 3, 1)
    assert report.offsets == {}
    world.end(VIEW)
    assert world.run().pairs["page_view"].paired == 1
    assert {row["duration_seconds"] for row in world.rows("page_view")} == {0, HOUR}


def test_a_store_with_older_data_is_rebuilt(world: World) -> None:
    world.start(VIEW)
    world.run()
    older = world.memory_store.truth
    world.memory_store.truth = type(older)()
    world.memory_store.adopt(older.applied)
    world.memory_store.truth.applied[sum(START.encode()) % 3] = 0
    assert world.run().pairs["page_view"].rebuilt == 1
    world.end(VIEW)
    world.run()
    assert world.view()["paired"]


def test_a_rebuild_reads_no_more_than_it_needs(world: World) -> None:
    world.click(partition=0)
    world.start(VIEW, partition=0)
    world.clock.pass_seconds(30 * HOUR)
    world.start(OTHER_VIEW, partition=0)
    world.run()
    world.memory_store.flush()
    assert world.run().pairs["page_view"].rebuilt == 1
    assert len(world.rows("page_view")) == 1
    assert len(world.tables.rows["ugc.element_click"]) == 1


def test_ends_that_were_orphans_are_no_orphans_again_after_a_rebuild(world: World) -> None:
    world.end(VIEW)
    world.clock.pass_seconds(13 * HOUR)
    world.run()
    assert len(world.dead_letters.letters) == 1
    world.memory_store.flush()
    for _ in range(2):
        world.run()
        world.clock.pass_seconds(13 * HOUR)
    assert len(world.dead_letters.letters) == 1


def test_poison_is_not_set_aside_again_by_a_rebuild(world: World) -> None:
    world.topic.append(0, START.encode(), b"")
    world.start(VIEW, partition=0)
    world.run()
    world.memory_store.flush()
    assert world.run().pairs["page_view"].rebuilt == 1
    assert len(world.dead_letters.letters) == 1


def test_a_flush_in_the_middle_of_a_run_ends_it() -> None:
    world = World(policy=RunPolicy(chunk_messages=1))
    world.start(VIEW)
    world.end(VIEW)

    def flush() -> bool:
        world.memory_store.flush()
        return False

    with pytest.raises(StateLostError):
        world.run(should_stop=flush)
    world.run()
    assert world.view()["paired"]


# Offsets


def test_a_committed_offset_out_of_range_stops_the_run(world: World) -> None:
    world.click(partition=1)
    world.run()
    world.topic.committed[1] = (7, "")
    with pytest.raises(OffsetOutOfRangeError, match=r"partition 1: .* offset 7 .* 0 to 1"):
        world.run()
    world.topic.committed[1] = (0, "")
    world.topic.low[1] = 1
    with pytest.raises(OffsetOutOfRangeError, match=r"offset 0 .* 1 to 1"):
        world.run()


def test_a_partition_without_a_commit_starts_at_its_first_message(world: World) -> None:
    world.click(partition=1)
    world.click(partition=1)
    world.topic.low[1] = 1
    assert world.run().offsets == {1: Span(1, 2)}


def test_partitions_handed_out_anew_are_claimed_again() -> None:
    world = World(policy=RunPolicy(chunk_messages=1))
    for partition in range(3):
        world.click(partition=partition)
    other = world.source()

    def other_worker_comes_and_goes() -> bool:
        if world.topic.generation == 1:
            world.topic.enter(other)
            world.topic.expel(other)
        return False

    report = world.run(should_stop=other_worker_comes_and_goes)
    assert report.events[CLICK] == EventCounts(consumed=3, loaded=3)
    assert len(world.tables.rows["ugc.element_click"]) == 3


def test_two_workers_share_the_work(world: World) -> None:
    for number in range(12):
        world.click(partition=number % 3)
    first, second = world.source(), world.source()
    for source in (first, second):
        world.topic.enter(source)
    consumed = [world.run(source).consumed for source in (first, second)]
    assert consumed[0] + consumed[1] == 12
    assert len(world.rows(CLICK)) == 12


def test_a_report_can_be_logged(world: World) -> None:
    world.click()
    told = world.run().as_dict()
    assert told["events"][CLICK]["loaded"] == 1
    assert told["balanced"] is True
    assert dt.datetime.fromisoformat(told["swept_to"]) == NOON
