"""Crashes, repetitions and lost state at every point: one row per event and per started view.

The code is the real one; only Kafka, Redis and ClickHouse are in memory.  More cases:
``ETL_STATE_MACHINE_EXAMPLES=20000 pytest tests/etl/test_faults.py``.
"""

from __future__ import annotations

import copy
import datetime as dt
import os
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contracts.reasons import Reason
from etl.config import RunPolicy
from etl.source import RawMessage
from etl.testing.store import Lifetimes, Truth
from registry.keys import KeyForm
from tests.etl.workers import Worker
from tests.etl.world import CLICK, CLICK_DATA, END, HOUR, START, World

EXAMPLES = int(os.environ.get("ETL_STATE_MACHINE_EXAMPLES", "200"))
WAIT = dt.timedelta(hours=12)
WAIT_MS = 12 * 3_600_000

VIEWS = [uuid.UUID(int=number) for number in range(3)]
USERS = ["anonymous", "anonymous", "ann"]
CLICKS = [uuid.UUID(int=number) for number in range(100, 104)]
POISON = [None, b"", b"\0\0", b"\1\0\0\0\1abc", b"\0\0\0\xff\xffabc", b"\0\0\0\0\1\xff"]
PARTITIONS = 3
WORKERS = st.integers(0, 1)

STEPS = st.integers(1, 60)
PLACES = st.tuples(
    st.sampled_from(
        [
            *("assign", "adopt", "read", "read_on", "repeated", "apply_pairs", "apply"),
            "insert_columns",
            *("insert", "send", "settle", "commit", "advance", "expired", "forget"),
        ]
    ),
    st.sampled_from(["before", "after"]),
    st.integers(1, 3),
)
"""Where a run is stopped: after so many steps, or at a method for the first, second … time."""
Where = int | tuple[str, str, int]


@dataclass(frozen=True)
class Sent:
    """A start or an end that is in the topic."""

    raw: RawMessage
    at_ms: int


class Faults(RuleBasedStateMachine):
    """Two workers, a producer, and everything that can go wrong between them."""

    follows = False
    overlaps = False
    chunk_messages = 2
    key_forms: tuple[KeyForm, ...] = (KeyForm.EVENT,)
    """How the API may be set; each lot of views comes by one of them."""

    def __init__(self) -> None:
        super().__init__()
        policy = RunPolicy(chunk_messages=self.chunk_messages, dead_letter_minimum=10_000)
        self.world = World(partitions=PARTITIONS, policy=policy)
        # What one of them has begun, by column, the other may end one by one.
        self.workers = [
            Worker(self.world, follows=self.follows, overlaps=self.overlaps),
            Worker(self.world, follows=self.follows, overlaps=self.overlaps, one_by_one=True),
        ]
        self.starts: dict[tuple[uuid.UUID, str], list[Sent]] = defaultdict(list)
        self.ends: dict[tuple[uuid.UUID, str], list[Sent]] = defaultdict(list)
        self.clicks: set[uuid.UUID] = set()
        self.poison: list[RawMessage] = []
        self.saved: tuple[Truth, Lifetimes] | None = None
        self.read_again = False
        self.lost_at_ms = 0

    # What comes in

    @rule(
        halves=st.lists(
            st.tuples(
                st.sampled_from([START, END]), st.sampled_from(VIEWS), st.sampled_from(USERS)
            ),
            min_size=1,
            max_size=6,
        ),
        late_seconds=st.sampled_from([0, 0, 0, HOUR, 13 * HOUR]),
        partition=st.sampled_from([None, None, None, *range(PARTITIONS)]),
        form=st.sampled_from(KeyForm),
    )
    def send_halves(
        self,
        halves: list[tuple[str, uuid.UUID, str]],
        late_seconds: float,
        partition: int | None,
        form: KeyForm,
    ) -> None:
        """Accepted by the API one second after another, and in the topic ``late_seconds`` later."""
        self.world.key_form = form if form in self.key_forms else KeyForm.EVENT
        accepted = []
        for event, view, user in halves:
            self.world.clock.pass_seconds(1)
            data = {"page_view_id": str(view), "page_type": f"{view.int}"}
            value = self.world.producer.value(event, data, user_id=user)
            key = self.world.key(event, data, user_id=user, event_id=uuid.uuid4())
            accepted.append((event, key, value, self.world.clock.ms()))
        self.world.clock.pass_seconds(late_seconds)
        for (event, key, value, at_ms), (_, view, user) in zip(accepted, halves, strict=True):
            place = self.world.partition_of(key) if partition is None else partition
            raw = self.world.topic.append(place, key, value)
            sent_to = self.starts if event == START else self.ends
            sent_to[view, user].append(Sent(raw, at_ms))

    @rule(click=st.sampled_from(CLICKS), partition=st.sampled_from([None, 0, 1]))
    def send_click(self, click: uuid.UUID, partition: int | None) -> None:
        self.world.send(CLICK, CLICK_DATA, event_id=click, partition=partition)
        self.clicks.add(click)

    @rule(value=st.sampled_from(POISON), partition=st.integers(0, PARTITIONS - 1))
    def send_poison(self, value: bytes | None, partition: int) -> None:
        self.poison.append(self.world.topic.append(partition, START.encode(), value))

    @rule(seconds=st.sampled_from([1.0, 1000.0, HOUR, 6 * HOUR, 12 * HOUR]))
    def pass_time(self, seconds: float) -> None:
        self.world.clock.pass_seconds(seconds)

    # What the workers do, and what is done to them

    @rule(number=WORKERS, where=STEPS | PLACES)
    def work(self, number: int, where: Where) -> None:
        worker = self.workers[number]
        if not worker.running:
            worker.begin()
        if isinstance(where, int):
            worker.go(where)
        else:
            worker.go_to(*where)

    @rule(number=WORKERS)
    def finish(self, number: int) -> None:
        worker = self.workers[number]
        if not worker.running:
            worker.begin()
        worker.finish()

    @rule(number=WORKERS, where=STEPS | PLACES)
    def kill(self, number: int, where: Where) -> None:
        self.work(number, where)
        if self.workers[number].running:
            self.workers[number].kill()

    @rule(number=WORKERS, where=STEPS | PLACES)
    def fail(self, number: int, where: Where) -> None:
        self.work(number, where)
        if self.workers[number].can_fail:
            self.workers[number].fail()

    @rule(number=WORKERS)
    def expel(self, number: int) -> None:
        self.workers[number].expel()

    @rule(number=WORKERS)
    def stop(self, number: int) -> None:
        self.workers[number].should_stop = True

    # What happens to the parts

    @rule()
    def redis_flushed(self) -> None:
        self.world.memory_store.flush()
        self.lost_at_ms = self.world.clock.ms()

    @rule(number=WORKERS, where=STEPS | PLACES)
    def redis_flushed_in_a_run(self, number: int, where: Where) -> None:
        self.work(number, where)
        self.redis_flushed()

    @rule()
    def markers_flushed(self) -> None:
        self.world.memory_store.lifetimes = Lifetimes()

    @rule(behind_ms=st.sampled_from([0, 1, 1_000_000, 3_600_000]))
    def redis_clock_set(self, behind_ms: int) -> None:
        self.world.store_clock_behind_ms = behind_ms

    @rule()
    def redis_saved(self) -> None:
        store = self.world.memory_store
        self.saved = copy.deepcopy((store.truth, store.lifetimes))

    @precondition(lambda self: self.saved is not None)
    @rule()
    def redis_restarted_with_older_data(self) -> None:
        assert self.saved is not None
        store = self.world.memory_store
        store.truth, store.lifetimes = copy.deepcopy(self.saved)
        self.lost_at_ms = self.world.clock.ms()

    @rule(
        partitions=st.sets(st.integers(0, PARTITIONS - 1), min_size=1),
        share=st.floats(0, 1),
        forget=st.booleans(),
    )
    def offsets_reset(self, partitions: set[int], share: float, forget: bool) -> None:
        """Back to an earlier offset, or forgotten; Kafka allows it when no worker is there."""
        for worker in self.workers:
            worker.expel()
        for partition in partitions & self.world.topic.committed.keys():
            offset, _ = self.world.topic.committed[partition]
            self.world.topic.committed[partition] = int(offset * share), ""
            if forget:
                del self.world.topic.committed[partition]
        self.read_again = True

    # What has to hold

    @invariant()
    def store_balances(self) -> None:
        assert self.world.memory_store.totals("pv").reconciled

    def teardown(self) -> None:
        for worker in self.workers:
            if worker.running:
                worker.kill()
            worker.expel()
        self.world.store_clock_behind_ms = 0
        self.world.run()
        for _ in range(2):
            self.world.clock.pass_seconds(13 * HOUR)
            report = self.world.run()
        assert report.pairs["page_view"].after.waiting == 0
        self.check_events()
        self.check_views()
        self.check_dead_letters()

    def check_events(self) -> None:
        assert {row["event_id"] for row in self.world.rows(CLICK)} == self.clicks

    def check_views(self) -> None:
        rows: dict[tuple[uuid.UUID, str], list[dict[str, Any]]] = defaultdict(list)
        for row in self.world.rows("page_view"):
            rows[uuid.UUID(int=int(row["page_type"])), row["user_id"]].append(row)
        assert rows.keys() == self.starts.keys()
        for view, starts in self.starts.items():
            (row,) = rows[view]
            self.check_view(row, starts, self.ends.get(view, []))

    def check_view(self, row: dict[str, Any], starts: list[Sent], ends: list[Sent]) -> None:
        halves = [*starts, *ends]
        first_due_ms = min(sent.at_ms for sent in halves) + WAIT_MS
        together = max(sent.raw.timestamp_ms for sent in halves) < first_due_ms
        assert row["paired"] or not (ends and together)
        assert row["paired"] is (row["duration_seconds"] is not None)
        inserted = [
            each
            for each in self.world.tables.rows["ugc.page_view"]
            if each["event_id"] == row["event_id"]
        ]
        assert row["paired"] is any(each["paired"] for each in inserted)
        unpaired = [each for each in inserted if not each["paired"]]
        assert all(each["loaded_at"] - each["timestamp"] > WAIT for each in unpaired)
        if ends and together and not self.read_again and not self.lost_at_ms:
            assert unpaired == []
        if not row["paired"]:
            return
        rebuilt_whole = self.lost_at_ms < first_due_ms + WAIT_MS
        pairs = list(self.possible_pairs(starts, ends, together and rebuilt_whole))
        assert row["duration_seconds"] in [
            max(0, end.at_ms - start.at_ms) / 1000 for start, end in pairs
        ]

    def possible_pairs(
        self, starts: list[Sent], ends: list[Sent], together: bool
    ) -> Iterator[tuple[Sent, Sent]]:
        """The first start and the first end, unless nobody can say which was first.

        That is so when they lie in several partitions, when some were read again without the
        others (by a reset, or to rebuild a lost store from a time in the view's midst), or when a
        view was forgotten before a repetition came.
        """
        places = [{sent.raw.partition for sent in halves} for halves in (starts, ends)]
        if together and not self.read_again and all(len(place) == 1 for place in places):
            yield starts[0], ends[0]
        else:
            yield from ((start, end) for start in starts for end in ends)

    def check_dead_letters(self) -> None:
        letters = self.world.dead_letters.letters
        kept = {(letter.original.location, letter.original.value) for letter in letters}
        assert kept >= {(raw.location, raw.value) for raw in self.poison}
        orphans = {
            letter.original.location for letter in letters if letter.reason is Reason.ORPHAN_END
        }
        for view, ends in self.ends.items():
            if view not in self.starts:
                assert orphans & {sent.raw.location for sent in ends}


def test_an_end_is_told_when_the_store_is_lost_after_another_of_its_view() -> None:
    state = Faults()
    event = (END, VIEWS[0], "anonymous")
    state.send_halves(halves=[event], late_seconds=0, partition=0, form=KeyForm.EVENT)
    state.pass_time(seconds=12 * HOUR)
    state.fail(number=1, where=3)
    state.send_halves(halves=[event], late_seconds=0, partition=None, form=KeyForm.EVENT)
    state.work(number=0, where=9)
    state.expel(number=1)
    state.finish(number=0)
    state.redis_flushed()
    state.teardown()


def test_an_end_that_outlived_a_sweep_is_told_when_the_store_is_lost_then() -> None:
    """Its marker lived on by Redis's clock: it must not count as swept."""
    state = Faults()
    state.redis_clock_set(behind_ms=3_600_000)
    state.send_halves(
        halves=[(END, VIEWS[0], "anonymous")], late_seconds=0, partition=0, form=KeyForm.EVENT
    )
    state.finish(number=0)
    state.pass_time(seconds=12 * HOUR)
    state.pass_time(seconds=1.0)
    state.finish(number=0)
    state.redis_flushed()
    state.teardown()


class FollowingFaults(Faults):
    """The same, and the workers follow the topic."""

    follows = True


class FaultsOfLargerChunks(Faults):
    """Most pairs lie within one chunk."""

    chunk_messages = 8


class FaultsWithUsersInKeys(Faults):
    """The API's key is set this way and that, so that a view's halves may lie anywhere."""

    key_forms = tuple(KeyForm)


class OverlappingFaults(Faults):
    """The workers read a chunk while they store another, and insert tables beside each other."""

    overlaps = True


class OverlappingFollowingFaults(FollowingFaults):
    """The same, and the workers follow the topic."""

    overlaps = True


class OverlappingFaultsOfLargerChunks(FaultsOfLargerChunks):
    """Pairs, plain events and dead letters lie in chunks that are stored beside each other."""

    overlaps = True


MACHINES = (
    Faults,
    FollowingFaults,
    FaultsOfLargerChunks,
    FaultsWithUsersInKeys,
    OverlappingFaults,
    OverlappingFollowingFaults,
    OverlappingFaultsOfLargerChunks,
)

for machine in MACHINES:
    machine.TestCase.settings = settings(
        max_examples=max(1, EXAMPLES // len(MACHINES)),
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
TestFaults = Faults.TestCase
TestFollowingFaults = FollowingFaults.TestCase
TestFaultsOfLargerChunks = FaultsOfLargerChunks.TestCase
TestFaultsWithUsersInKeys = FaultsWithUsersInKeys.TestCase
TestOverlappingFaults = OverlappingFaults.TestCase
TestOverlappingFollowingFaults = OverlappingFollowingFaults.TestCase
TestOverlappingFaultsOfLargerChunks = OverlappingFaultsOfLargerChunks.TestCase
