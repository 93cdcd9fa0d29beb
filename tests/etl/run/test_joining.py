"""Pairs joined within a chunk, against giving the store every event by itself."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.message import Message
from etl.errors import StoreUnavailableError
from etl.run.report import Tally
from etl.run.sessions import Lost, SessionStep
from etl.sessions.pairing import VERSION_PAIRED, Derived, milliseconds
from etl.source import Chunk, RawMessage, Span
from etl.testing.store import MemorySessionStore, Truth
from tests.etl.world import END, HOUR, NOON, START, World

NOTHING_LOST = Lost({}, None)
PARTITIONS = 2
WAIT_HOURS = 12

Given = tuple[RawMessage, Message]

HALVES = st.tuples(
    st.sampled_from([START, START, END, END]),
    st.integers(0, 3),
    st.sampled_from(["anonymous", "a.b"]),
    st.integers(0, PARTITIONS - 1),
    st.sampled_from([0, 1, -5, 700]),
)
CHUNKS = st.lists(st.lists(HALVES, max_size=7), max_size=5)
FAILURES = st.lists(st.integers(1, 6), max_size=4)


class FailsSometimes:
    """A store of which a call fails: the first before it is made, or a later one afterwards."""

    def __init__(self, store: MemorySessionStore) -> None:
        self._store = store
        self.fails_at: int | None = None
        self.asked: list[str] = []

    def __getattr__(self, method: str) -> Callable[..., Any]:
        inner = getattr(self._store, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.asked.append(method)
            if self.fails_at is None:
                return inner(*args, **kwargs)
            self.fails_at -= 1
            if self.fails_at == 0:
                raise StoreUnavailableError("before")
            found = inner(*args, **kwargs)
            if self.fails_at == 1:
                self.fails_at = None
                raise StoreUnavailableError("after")
            return found

        return call


class Way:
    """One way through the chunks: a step over a store of its own, and what came of it."""

    def __init__(self, world: World, *, joins: bool) -> None:
        self.memory = MemorySessionStore(world.clock.ms)
        self.memory.adopt(dict.fromkeys(range(PARTITIONS), 0))
        self.store = FailsSometimes(self.memory)
        context = replace(world.context, store=self.store)  # type: ignore[arg-type]
        self.step = SessionStep(context, joins=joins)
        self.tally = Tally()
        self.rows: dict[uuid.UUID, Derived] = {}

    def take(self, chunk: Chunk, messages: list[Given], lost: Lost = NOTHING_LOST) -> None:
        rows = self.step.apply(chunk, messages, lost, self.tally)
        for row in rows:
            known = self.rows.get(row.message.event_id)
            if known is None or row.version >= known.version:
                self.rows[row.message.event_id] = row
        self.step.settle(rows, self.tally)

    def take_in_the_end(self, chunk: Chunk, messages: list[Given], failures: list[int]) -> None:
        """Fails as often as there are failures, each at another call, and is begun again."""
        for fails_at in failures:
            self.store.fails_at = fails_at
            with contextlib.suppress(StoreUnavailableError):
                self.take(chunk, messages)
            self.store.fails_at = None
        self.take(chunk, messages)

    def sweep(self, watermark_ms: int) -> None:
        assert self.step.expire(watermark_ms, self.tally, lambda: False) == watermark_ms

    @property
    def truth(self) -> Truth:
        return self.memory.truth


def message(event: str, view: int, user: str, at: dt.datetime) -> Message:
    return Message(
        event_id=uuid.uuid4(),
        event=event,
        user_id=user,
        timestamp=at,
        contract_version=1,
        data={"page_view_id": uuid.UUID(int=view), "page_type": f"{event} {at:%H:%M:%S}"},
    )


def chunks_of(world: World, halves: list[list[tuple[Any, ...]]]) -> list[tuple[Chunk, list[Given]]]:
    """Chunks of messages whose spans join, some seconds apart."""
    ends = dict.fromkeys(range(PARTITIONS), 0)
    found = []
    at = world.clock()
    for part in halves:
        starts, given = dict(ends), []
        for event, view, user, partition, seconds in part:
            at += dt.timedelta(seconds=1)
            sent = message(event, view, user, at + dt.timedelta(seconds=seconds))
            raw = RawMessage(
                "t",
                partition,
                ends[partition],
                event.encode(),
                b"\0\0\0\0\1value",
                milliseconds(at),
            )
            ends[partition] += 1
            given.append((raw, sent))
        spans = {p: Span(starts[p], ends[p]) for p in ends}
        found.append((Chunk([raw for raw, _ in given], spans), given))
    return found


@given(CHUNKS, st.integers(0, 4))
def test_joined_pairs_are_what_the_store_makes_of_their_events(
    halves: list[list[tuple[Any, ...]]], swept_after: int
) -> None:
    """Rows, counts and the store's content; also when a sweep comes between."""
    world = World()
    joining, reference = Way(world, joins=True), Way(world, joins=False)
    for number, (chunk, messages) in enumerate(chunks_of(world, halves)):
        for way in (joining, reference):
            way.take(chunk, messages)
        assert joining.truth == reference.truth
        if number == swept_after:
            world.clock.pass_seconds((WAIT_HOURS + 1) * HOUR)
            for way in (joining, reference):
                way.sweep(world.clock.ms())
    assert joining.rows == reference.rows
    assert joining.tally.events() == reference.tally.events()
    before = {"page_view": joining.memory.totals("pv")}
    assert joining.tally.pairs(before, before) == reference.tally.pairs(before, before)


@given(CHUNKS, st.lists(FAILURES, min_size=5, max_size=5), st.booleans())
def test_a_chunk_that_is_begun_again_gives_the_same(
    halves: list[list[tuple[Any, ...]]], failures: list[list[int]], at_once: bool
) -> None:
    """Whichever calls failed before; also when it is read again in other parts."""
    world = World()
    joining, reference = Way(world, joins=True), Way(world, joins=False)
    chunks = chunks_of(world, halves)
    for (chunk, messages), fails in zip(chunks, failures, strict=False):
        joining.take_in_the_end(chunk, messages, fails)
        reference.take(chunk, messages)
        assert joining.truth == reference.truth
    assert joining.rows == reference.rows
    if at_once and chunks:
        spans = {p: Span(0, chunks[-1][0].spans[p].stop) for p in range(PARTITIONS)}
        together = [given for _, messages in chunks for given in messages]
        joining.take(Chunk([raw for raw, _ in together], spans), together)
        assert joining.truth == reference.truth
        assert joining.rows == reference.rows


@given(CHUNKS, st.integers(0, 6), st.sampled_from([None, 0, 10**15]))
def test_what_a_lost_store_is_given_back_is_not_joined(
    halves: list[list[tuple[Any, ...]]], until: int, settled_before_ms: int | None
) -> None:
    world = World()
    joining, reference = Way(world, joins=True), Way(world, joins=False)
    lost = Lost(dict.fromkeys(range(PARTITIONS), until), settled_before_ms)
    for chunk, messages in chunks_of(world, halves):
        for way in (joining, reference):
            way.take(chunk, messages, lost)
        assert joining.truth == reference.truth
    assert joining.rows == reference.rows
    assert joining.tally.events() == reference.tally.events()


def test_a_pair_is_one_entry_however_many_there_are() -> None:
    """One call for the pairs, one for what is left, one to settle."""
    world = World()
    way = Way(world, joins=True)
    for number in (1, 100):
        halves = [
            (event, view, "ann", 0, 0)
            for view in range(number * 1_000, number * 1_000 + number)
            for event in (START, END)
        ]
        way = Way(world, joins=True)
        ((chunk, messages),) = chunks_of(world, [halves])
        way.take(chunk, messages)
        assert way.store.asked == ["apply_pairs", "begin", "apply", "settle"]
        assert len(way.rows) == number
        assert all(row.version == VERSION_PAIRED for row in way.rows.values())


def test_a_pair_that_was_joined_and_whose_row_was_not_stored_is_swept() -> None:
    """As when its messages were skipped by hand after a crash."""
    world = World()
    way = Way(world, joins=True)
    ((chunk, messages),) = chunks_of(world, [[(START, 1, "ann", 0, 0), (END, 1, "ann", 1, 0)]])
    assert len(way.step.apply(chunk, messages, NOTHING_LOST, way.tally)) == 1
    assert way.memory.totals("pv").waiting == 2
    world.clock.pass_seconds((WAIT_HOURS + 1) * HOUR)
    way.sweep(world.clock.ms())
    assert way.memory.totals("pv").waiting == 0
    (row,) = world.rows("page_view")
    assert row["paired"]
    assert row["timestamp"] > NOON
