"""The books of runs, also of those that were killed; and the numbers of the producers."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from etl.app import never
from etl.config import RunPolicy
from etl.errors import RebalancedError
from etl.run.runner import run
from etl.run.runs_table import NAME, NAMES, RUNS
from etl.testing.kafka import MemorySource, MemoryTopic
from tests.etl.world import CLICK, CLICK_DATA, HOUR, PRODUCER, START, World


class Killed(BaseException):
    """SIGKILL."""


class DyingSource(MemorySource):
    """Its process dies at the given commit, before or after it is done."""

    def __init__(self, topic: MemoryTopic, commits: int, *, after: bool) -> None:
        super().__init__(topic)
        self._left = commits
        self._after = after

    def commit(self, positions: Mapping[int, int], note: str) -> None:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        super().commit(positions, note)
        if self._left == 0:
            raise Killed


def die(world: World, commits: int, *, after: bool) -> None:
    source = DyingSource(world.topic, commits, after=after)
    with closing(source), pytest.raises(Killed):
        run(world.context, source, never)


def small_world() -> World:
    return World(policy=RunPolicy(chunk_messages=2))


def rows_of(world: World) -> list[dict[str, Any]]:
    """As FINAL gives them."""
    last: dict[uuid.UUID, dict[str, Any]] = {}
    for row in world.tables.rows.get(f"ugc.{NAME}", []):
        known = last.get(row["run_id"])
        if known is None or row["version"] >= known["version"]:
            last[row["run_id"]] = row
    return list(last.values())


def ranges(world: World) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for row in rows_of(world):
        told = zip(row["partitions"], row["from_offsets"], row["to_offsets"], strict=True)
        for partition, start, stop in told:
            found.setdefault(partition, []).append((start, stop))
    return {partition: sorted(each) for partition, each in found.items()}


def assert_complete(world: World) -> None:
    """The ranges join without gap and overlap, and the counts are those of the topic."""
    for partition, each in ranges(world).items():
        assert each[0][0] == 0
        assert all(stop == start for (_, stop), (start, _) in itertools.pairwise(each))
        assert each[-1][1] == len(world.topic.logs[partition])
    consumed = sum(sum(row["consumed"]) for row in rows_of(world))
    assert consumed == sum(len(log) for log in world.topic.logs)


def test_a_run_leaves_a_row() -> None:
    world = World()
    event_id = uuid.uuid4()
    for _ in range(2):
        world.click(event_id=event_id, partition=1)
    world.start(uuid.uuid4(), partition=2)
    world.run()
    (row,) = rows_of(world)
    assert (row["outcome"], row["balanced"]) == ("done", True)
    assert (row["events"], row["consumed"]) == ([CLICK, START], [2, 1])
    assert (row["loaded"], row["duplicates"], row["taken"]) == ([1, 0], [1, 0], [0, 1])
    assert (row["derived"], row["open_views"]) == (["page_view"], [1])
    assert ranges(world) == {1: [(0, 2)], 2: [(0, 1)]}
    assert world.ledger.kept_reports() == {}


def test_a_run_that_was_asked_to_stop_says_so() -> None:
    world = small_world()
    for _ in range(5):
        world.click()
    world.run(should_stop=lambda: True)
    assert [row["outcome"] for row in rows_of(world)] == ["stopped"]
    world.run()
    assert_complete(world)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("commits", [1, 2, 3])
def test_a_killed_run_is_booked_by_the_next(commits: int, after: bool) -> None:
    world = small_world()
    for _ in range(6):
        world.click()
    die(world, commits, after=after)
    world.run()
    assert_complete(world)
    told = [row["outcome"] for row in rows_of(world)]
    assert told == (["interrupted", "done"] if commits > 1 or after else ["done"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(1, 3), st.booleans()),
        max_size=8,
    )
)
def test_ranges_join_whatever_is_killed(steps: list[tuple[int, int, int, bool]]) -> None:
    world = small_world()
    for number, partition, commits, after in steps:
        for _ in range(number):
            world.click(partition=partition)
        source = DyingSource(world.topic, commits, after=after)
        with closing(source):
            try:
                run(world.context, source, never)
            except Killed:
                continue
    world.run()
    assert_complete(world)


def test_a_partition_that_goes_to_another_and_comes_back() -> None:
    world = small_world()
    first, second = world.source(), world.source()
    for partition in range(3):
        for _ in range(4):
            world.click(partition=partition)

    class Thief(MemorySource):
        """Its partitions are taken and given back in the middle."""

        stolen = False

        def commit(self, positions: Mapping[int, int], note: str) -> None:
            super().commit(positions, note)
            if not self.stolen:
                self.stolen = True
                world.topic.expel(self)
                other = world.source()
                run(world.context, other, never)
                other.close()

    source = Thief(world.topic)
    run(world.context, source, never)
    for each in (first, second, source):
        each.close()
    assert_complete(world)


def test_a_stale_run_books_nothing_that_it_did_not_commit() -> None:
    world = small_world()
    for _ in range(4):
        world.click(partition=0)

    class Stale(MemorySource):
        def commit(self, positions: Mapping[int, int], note: str) -> None:
            raise RebalancedError("given up")

    source = Stale(world.topic)
    with closing(source), pytest.raises(Exception, match="handed its partitions out"):
        run(world.context, source, never)
    world.run()
    assert_complete(world)


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    with closing(connect(f"chdb://{tmp_path_factory.mktemp('chdb')}/ugc")) as client:
        client.execute("CREATE DATABASE IF NOT EXISTS ugc")
        yield client


def test_the_table_takes_a_row(clickhouse: ClickHouse) -> None:
    world = World()
    world.click()
    world.start(uuid.uuid4())
    world.run()
    (row,) = rows_of(world)
    values = [row[name] for name in NAMES]
    for _ in range(2):
        clickhouse.execute(RUNS.create_statement())
        clickhouse.insert(f"ugc.{NAME}", NAMES, [values], deduplication_token="x")
    (found,) = clickhouse.query(f"SELECT * FROM ugc.{NAME} FINAL")
    assert found == row


# Numbers of producers


def send(world: World, number: int, **options: Any) -> None:
    producer = options.pop("producer", PRODUCER)
    world.send(CLICK, CLICK_DATA, headers=world.stamp(number, producer), **options)


def test_requests_that_a_kill_cut_off_are_told_apart_from_accepted_events() -> None:
    world = World()
    for number, settled in ((1, 0), (4, 2), (7, 3)):
        headers = (*world.stamp(number), ("ugc-settled", b"%d" % settled))
        world.send(CLICK, CLICK_DATA, headers=headers)
    world.run()
    world.clock.pass_seconds(HOUR + 1)
    numbers = world.run().numbers
    assert numbers
    assert (numbers.given, numbers.missing, numbers.cut_off, numbers.awaited) == (7, 2, 2, 0)
    assert numbers.producers[0].gaps == ((2, 3), (5, 6))
    assert rows_of(world)[-1]["missing"] == 2


def test_a_gap_is_told_when_the_time_of_grace_is_over_and_taken_back_when_it_fills() -> None:
    world = World()
    for number in (1, 2, 5):
        send(world, number)
    numbers = world.run().numbers
    assert numbers
    assert (numbers.given, numbers.missing, numbers.awaited) == (5, 0, 2)
    world.clock.pass_seconds(HOUR + 1)
    numbers = world.run().numbers
    assert numbers
    assert (numbers.missing, numbers.awaited) == (2, 0)
    assert numbers.producers[0].gaps == ((3, 4),)
    send(world, 4)
    numbers = world.run().numbers
    assert numbers
    assert (numbers.missing, numbers.given) == (1, 5)
    send(world, 3)
    world.run()
    assert rows_of(world)[-1]["missing"] == 0


def test_a_number_that_comes_twice_is_told() -> None:
    world = World()
    for number in (1, 2, 2):
        send(world, number)
    numbers = world.run().numbers
    assert numbers
    assert (numbers.repeated, numbers.producers[0].repeated) == (1, 1)
    world.topic.committed.clear()
    numbers = world.run().numbers
    assert numbers
    assert numbers.repeated == 1, "reading again repeats nothing"


def test_dead_and_unstamped_messages_are_known() -> None:
    world = World()
    world.topic.append(0, CLICK.encode(), b"poison", world.stamp(1))
    world.send(CLICK, CLICK_DATA, headers=())
    report = world.run()
    assert report.numbers
    assert (report.numbers.given, report.numbers.unstamped) == (1, 1)
    assert report.events[CLICK].unstamped == 1


def test_after_a_flush_no_gap_is_made_up() -> None:
    world = World()
    for number in range(1, 6):
        send(world, number)
        world.clock.pass_seconds(30 * HOUR)
    world.run()
    world.ledger.flush()
    world.memory_store.flush()
    send(world, 6)
    world.run()
    world.clock.pass_seconds(2 * HOUR)
    numbers = world.run().numbers
    assert numbers
    assert numbers.missing == 0


def test_producers_that_are_gone_are_forgotten() -> None:
    world = World()
    send(world, 3)
    world.run()
    world.clock.pass_seconds(8 * 24 * HOUR)
    send(world, 1, producer="cd" * 16)
    numbers = world.run().numbers
    assert numbers
    assert [each.name for each in world.ledger.producers()] == ["cd" * 16]
    assert (numbers.missing, numbers.given) == (2, 4)
