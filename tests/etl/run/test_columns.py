"""A run that reads by column, and one that reads message by message, on the same backlogs."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ch_schema.columns import ColumnBlock
from ch_schema.errors import ClickHouseError, RefusedError, RetryableError
from contracts.message import Message
from contracts.reasons import Reason
from etl.app import never
from etl.config import RunPolicy
from etl.decode.decoding import MessageDecoder
from etl.run.load import Loader
from etl.run.runner import run
from etl.source import Headers, MessageColumns, RawMessage
from etl.testing.decoding import OneByOne
from etl.testing.kafka import MemoryTables
from registry.columns import ColumnReader
from registry.serde import Decoder
from registry.testing import InMemoryRegistry
from tests.etl.world import CATALOG, CLICK, CLICK_DATA, END, PRODUCER, START, World

POLICY = RunPolicy(chunk_messages=7, dead_letter_minimum=10_000)
USERS = ("anonymous", "ann", "bob", "é", "")
QUALITY = {"video_id": "v", "old_quality": 1, "new_quality": 70}


class Recording(MemoryTables):
    """Tables that remember every block's token, and may refuse one of them."""

    def __init__(self, fails_at: int | None = None, *, stores_it: bool = False) -> None:
        super().__init__()
        self.tokens: list[tuple[str, str]] = []
        self.inserted = 0
        self.fails_at = fails_at
        self.stores_it = stores_it

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        deduplication_token: str,
    ) -> None:
        self.inserted += 1
        fails = self.inserted == self.fails_at
        if not fails or self.stores_it:
            self.tokens.append((table, deduplication_token))
            super().insert(table, columns, rows, deduplication_token=deduplication_token)
        if fails:
            raise RetryableError("as asked")


def world_with(messages: Sequence[tuple[int, bytes | None, bytes | None, Headers]]) -> World:
    world = World(policy=POLICY)
    world.topic.id = uuid.UUID(int=1)  # worlds that are compared have one topic
    for partition, key, value, headers in messages:
        world.topic.append(partition, key, value, headers)
    return world


def go(world: World, tables: Recording, *, one_by_one: bool) -> Any:
    """One run; its report, or None when ClickHouse failed in it."""
    decoder = world.context.decoder
    context = replace(
        world.context,
        decoder=OneByOne(decoder) if one_by_one else decoder,
        loader=Loader(tables, world.catalog, sleep=world.slept.append, attempts=1),
        runs=MemoryTables(),
        new_id=lambda: uuid.UUID(int=1),
    )
    source = world.source()
    try:
        report = run(context, source, never).as_dict()
    except ClickHouseError:
        return None
    finally:
        source.close()
    return {**report, "topic_id": None}  # each world has a topic of its own


def outcome(world: World, tables: Recording) -> dict[str, Any]:
    return {
        "rows": tables.rows,
        "dead": world.dead_letters.letters,
        "producers": world.ledger.producers(),
        "totals": world.ledger.totals(),
        "committed": world.topic.committed,
        "truth": world.memory_store.truth,
        "lifetimes": world.memory_store.lifetimes,
    }


ENCODER = World().producer
IDS = st.integers(0, 6).map(lambda number: uuid.UUID(int=number))


@st.composite
def values(draw: st.DrawFn) -> tuple[bytes | None, bytes | None]:
    """Key and value: a plain event, a half of a session, a repetition, or something damaged."""
    event = draw(st.sampled_from([CLICK, CLICK, CLICK, "quality_change", START, END]))
    view = {"page_view_id": str(draw(IDS)), "page_type": "movie"}
    data = {CLICK: CLICK_DATA, "quality_change": QUALITY}.get(event, view)
    user = draw(st.sampled_from(USERS))
    value = ENCODER.value(event, data, user_id=user, event_id=draw(IDS))
    match draw(st.sampled_from(["good"] * 8 + ["key", "damaged", "none", "long", "capitals"])):
        case "key":
            return draw(st.sampled_from([None, b"", b"\xff", CLICK.encode()])), value
        case "damaged":
            place = draw(st.integers(0, len(value) - 1))
            return event.encode(), value[:place] + draw(st.binary(max_size=2)) + value[place + 1 :]
        case "none":
            return event.encode(), draw(st.sampled_from([None, b"", b"\0\0", b"\0\0\0\0\1"]))
        case "long":
            return event.encode(), value + b"\0"
        case "capitals":
            return event.encode(), value[:6] + value[6:42].upper() + value[42:]
        case _:
            return event.encode(), value


@st.composite
def headers(draw: st.DrawFn) -> Headers:
    number = draw(st.integers(1, 60))
    stamp = (("ugc-producer", PRODUCER.encode()), ("ugc-seq", b"%d" % number))
    further = draw(st.sampled_from([(), (("ugc-settled", b"3"),), (("ugc-void", b"2-4"),)]))
    return draw(st.sampled_from([(*stamp, *further)] * 4 + [(), (("ugc-seq", b"1"),)]))


BACKLOG = st.lists(st.tuples(st.integers(0, 2), values(), headers()), max_size=40).map(
    lambda drawn: [(partition, key, value, told) for partition, (key, value), told in drawn]
)


def usable(messages: Sequence[tuple[int, bytes | None, bytes | None, Headers]]) -> bool:
    """Whether no value was damaged into one that a run stops at, whichever way it reads."""
    decoder = World().context.decoder
    for _, key, value, _ in messages:
        try:
            message = decoder.decode(key, value)
        except Exception as error:  # noqa: BLE001 - all but this one are dead letters
            if getattr(error, "reason", None) is Reason.SCHEMA_NEWER:
                return False
        else:
            if not 0 <= message.contract_version < 2**32:
                return False
    return True


@settings(deadline=None, max_examples=150)
@given(BACKLOG.filter(usable))
def test_rows_books_dead_letters_and_offsets_are_the_same(messages: Any) -> None:
    worlds, tables = [world_with(messages), world_with(messages)], [Recording(), Recording()]
    reports = [
        go(world, table, one_by_one=one_by_one)
        for world, table, one_by_one in zip(worlds, tables, (False, True), strict=True)
    ]
    assert reports[0] == reports[1]
    assert reports[0]["balanced"]
    assert tables[0].tokens == tables[1].tokens
    assert outcome(worlds[0], tables[0]) == outcome(worlds[1], tables[1])


@settings(deadline=None, max_examples=150)
@given(BACKLOG.filter(usable), st.integers(1, 6), st.booleans(), st.booleans())
def test_what_one_way_began_the_other_ends_with_the_same_rows(
    messages: Any, fails_at: int, stores_it: bool, begins_one_by_one: bool
) -> None:
    """The run ends at an insert that failed, or was stored without an answer."""
    world, tables = world_with(messages), Recording(fails_at, stores_it=stores_it)
    go(world, tables, one_by_one=begins_one_by_one)
    report = go(world, tables, one_by_one=not begins_one_by_one)
    if report is None:
        report = go(world, tables, one_by_one=not begins_one_by_one)
    assert report["balanced"]
    whole, untroubled = world_with(messages), Recording()
    go(whole, untroubled, one_by_one=True)
    assert tables.rows == untroubled.rows
    assert world.ledger.producers() == whole.ledger.producers()
    assert world.topic.committed == whole.topic.committed


def test_a_message_that_does_not_fit_goes_one_by_one_and_few_with_it() -> None:
    """However long the chunk is: not all of it pays for one."""
    world = World(policy=RunPolicy(chunk_messages=10_000, dead_letter_minimum=10_000))
    for number in range(2_000):
        raw = world.click(event_id=uuid.UUID(int=number + 1))
        if number == 777:
            world.topic.logs[raw.partition][-1] = replace(raw, value=(raw.value or b"") + b"\0")
    counting = Counting(world.context.decoder)
    world.context = replace(world.context, decoder=counting)
    report = world.run()
    assert report.events[CLICK].loaded == 1_999
    assert [letter.reason for letter in world.dead_letters.letters] == [Reason.TRAILING_BYTES]
    assert counting.decoded <= 8


class Twice(InMemoryRegistry):
    """A registry that knows another's schemas under two ids each."""

    FURTHER = 1_000

    def __init__(self, inner: InMemoryRegistry) -> None:
        super().__init__()
        self._inner = inner

    def schema(self, schema_id: int) -> str:
        return self._inner.schema((schema_id - 1) % self.FURTHER + 1)


def test_an_event_under_two_schema_ids_loses_none_of_its_messages() -> None:
    """As after a move to another registry, with messages of both in one chunk."""
    world = World(policy=RunPolicy(chunk_messages=10_000, dead_letter_minimum=10_000))
    sent = [world.click(event_id=uuid.UUID(int=number + 1)) for number in range(40)]
    for raw in sent[::2]:
        value = raw.value or b""
        other_id = int.from_bytes(value[1:5], "big") + Twice.FURTHER
        log = world.topic.logs[raw.partition]
        log[log.index(raw)] = replace(raw, value=b"\0" + other_id.to_bytes(4, "big") + value[5:])
    decoder = Decoder(CATALOG, Twice(world.producer.registry))
    counting = Counting(decoder)
    world.context = replace(world.context, decoder=counting)
    report = world.run()
    assert (report.events[CLICK].loaded, counting.decoded) == (40, 0)
    assert len(world.tables.rows["ugc.element_click"]) == 40


class Counting:
    """A decoder that counts what it reads one by one."""

    def __init__(self, decoder: MessageDecoder) -> None:
        self.decoder = decoder
        self.decoded = 0

    def decode(self, key: bytes | None, value: bytes | None) -> Message:
        self.decoded += 1
        return self.decoder.decode(key, value)

    def key_fits(self, key: bytes | None, event: str) -> bool:
        return self.decoder.key_fits(key, event)

    def columns(self, schema_id: int) -> ColumnReader | None:
        return self.decoder.columns(schema_id)


def test_a_value_that_no_column_holds_stops_the_run_as_it_does_one_by_one() -> None:
    world = World()
    raw = world.click()
    value = (raw.value or b"").replace(b"\x02\nmovie", b"\x01\nmovie")  # version -1
    world.topic.logs[raw.partition][-1] = replace(raw, value=value)
    for decoder in (world.context.decoder, OneByOne(world.context.decoder)):
        world.context = replace(world.context, decoder=decoder)
        with pytest.raises(RefusedError, match="contract_version"):
            world.run()


class Forgotten:
    """Ann was erased at a time; nobody else."""

    def __init__(self, at: dt.datetime) -> None:
        self._at = at

    def refresh(self) -> None:
        """Nothing to ask."""

    def covers(self, message: Message) -> bool:
        return message.user_id == "ann" and message.timestamp <= self._at

    def until(self, user_ids: Iterable[str]) -> dict[str, dt.datetime]:
        return {"ann": self._at} if "ann" in user_ids else {}


def test_rows_of_an_erased_user_tell_of_nobody_by_column_too() -> None:
    world = World()
    contract = world.catalog.get("search_filter")
    data = {"search_query": "who", "filters": "f"}
    for user in ("ann", "bob"):
        world.send("search_filter", data, user_id=user, event_id=uuid.uuid4())
    erased_at = world.clock.now
    world.clock.pass_seconds(1)
    world.send("search_filter", data, user_id="ann", event_id=uuid.uuid4())
    loader = Loader(
        world.tables, world.catalog, sleep=world.slept.append, erased=Forgotten(erased_at)
    )
    world.context = replace(world.context, loader=loader)
    world.run()
    told = [
        (row["user_id"], row["search_query"]) for row in world.tables.rows[f"ugc.{contract.event}"]
    ]
    assert told == [("erased", ""), ("bob", "who"), ("ann", "who")]


def test_messages_by_column_are_the_messages() -> None:
    raws = [RawMessage("t", n % 2, n, b"k", None, n, (("h", b"1"),)) for n in range(5)]
    columns = MessageColumns.of(raws)
    assert list(columns) == raws
    assert list(columns[1:3]) == raws[1:3]
    assert columns[-1] == raws[-1]
    assert MessageColumns.of(columns) is columns


def test_blocks_hold_what_the_rows_of_messages_hold() -> None:
    world, tables = World(), Blocks()
    world.click(event_id=uuid.UUID(int=5))
    world.context = replace(
        world.context, loader=Loader(tables, world.catalog, sleep=world.slept.append)
    )
    world.run()
    (block,) = tables.blocks
    assert block.native() is not None
    (row,) = block.as_rows()
    named = dict(zip(block.names, row, strict=True))
    assert named["event_id"] == uuid.UUID(int=5)
    assert named["timestamp"] == world.clock.now
    assert named["element_type"] == CLICK_DATA["element_type"]


class Blocks(MemoryTables):
    """Keeps the blocks as they came."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[ColumnBlock] = []

    def insert_columns(self, block: ColumnBlock, *, deduplication_token: str) -> None:
        self.blocks.append(block)
