"""Dead letters: found, shown, and sent back without harm."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from contracts.reasons import Reason
from etl.decode.dead_letter_topic import (
    RETRY_OF,
    Filter,
    StoredDeadLetter,
    find_dead_letter,
    read_dead_letters,
    retry,
)
from etl.decode.dead_letters import DeadLetter
from etl.errors import ReplayError
from etl.source import Headers, RawMessage
from etl.testing.kafka import MemoryHistory, MemoryProducer, MemoryTopic
from tests.etl.world import CLICK, CLICK_DATA, START, World

STAMPS: Headers = (("ugc-producer", b"ab" * 16), ("ugc-seq", b"7"))


class Shelf:
    """A world whose dead letters go into a topic."""

    def __init__(self) -> None:
        self.world = World()
        self.topic = MemoryTopic("ugc.events.dead-letter", 1, self.world.clock.ms)
        self.producer = MemoryProducer(self.world.topic, self.topic)

    def run(self) -> None:
        before = len(self.world.dead_letters.letters)
        self.world.run()
        for letter in self.world.dead_letters.letters[before:]:
            self.put(letter)

    def put(self, letter: DeadLetter) -> None:
        self.topic.append(0, letter.original.key, letter.original.value, letter.headers())

    def letters(self, **wanted: Any) -> list[StoredDeadLetter]:
        return list(read_dead_letters(MemoryHistory(self.topic), Filter(**wanted)))

    def retry(self, letters: list[StoredDeadLetter], **options: Any) -> int:
        return retry(
            letters,
            self.producer,
            topic=self.world.topic.name,
            dead_letter_topic=self.topic.name,
            **options,
        )


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf()
    shelf.world.topic.append(1, CLICK.encode(), b"\1poison", (*STAMPS, ("trace", b"t")))
    shelf.world.topic.append(2, START.encode(), None)
    shelf.run()
    return shelf


def test_a_letter_tells_where_it_comes_from(shelf: Shelf) -> None:
    letter = shelf.letters()[0]
    assert (letter.event, letter.topic, letter.partition, letter.offset) == (
        CLICK,
        "ugc.events",
        1,
        0,
    )
    assert letter.as_dict()["headers"] == {
        "ugc-producer": "ab" * 16,
        "ugc-seq": "7",
        "trace": "t",
    }
    assert bytes.fromhex(letter.as_dict()["value_hex"]) == b"\1poison"
    assert shelf.letters()[1].as_dict()["value_hex"] is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["0:0", "0:1"]),
        ({"reasons": frozenset({"value_null"})}, ["0:1"]),
        ({"events": frozenset({CLICK})}, ["0:0"]),
        ({"partitions": frozenset({2})}, ["0:1"]),
        ({"events": frozenset({CLICK}), "partitions": frozenset({2})}, []),
        ({"retried": True}, []),
        ({"locations": frozenset({"0:1", "0:9"})}, ["0:1"]),
    ],
)
def test_filters(shelf: Shelf, wanted: dict[str, Any], found: list[str]) -> None:
    assert [letter.location for letter in shelf.letters(**wanted)] == found


def test_one_letter(shelf: Shelf) -> None:
    assert find_dead_letter(MemoryHistory(shelf.topic), "0:1").reason == "value_null"
    with pytest.raises(ReplayError, match="no dead letter 0:5"):
        find_dead_letter(MemoryHistory(shelf.topic), "0:5")


def test_no_letters() -> None:
    assert Shelf().letters() == []


def test_what_is_sent_back_is_the_original_without_its_stamps(shelf: Shelf) -> None:
    told: list[tuple[int, int]] = []
    assert shelf.retry(shelf.letters(), progress=lambda *now: told.append(now)) == 2
    assert told == [(0, 2), (2, 2)]
    click = shelf.world.topic.logs[1][-1]
    assert (click.key, click.value) == (CLICK.encode(), b"\1poison")
    assert click.headers == (("trace", b"t"), (RETRY_OF, b"0:0"))
    assert shelf.world.topic.logs[2][-1].value is None


def test_it_is_noted_what_was_sent_back(shelf: Shelf) -> None:
    shelf.retry(shelf.letters(events=frozenset({CLICK})))
    assert [letter.retried for letter in shelf.letters()] == [True, False]
    assert [letter.location for letter in shelf.letters(retried=False)] == ["0:1"]


def test_what_is_still_unusable_comes_back_as_a_letter(shelf: Shelf) -> None:
    shelf.retry(shelf.letters(events=frozenset({CLICK})))
    shelf.run()
    (again,) = shelf.letters(events=frozenset({CLICK}), retried=False)
    assert again.as_dict()["headers"][RETRY_OF] == "0:0"


def test_sending_back_twice_makes_one_row(shelf: Shelf) -> None:
    """As when a schema was unknown for a while: the bytes are good, only not then."""
    world, event_id = shelf.world, uuid.uuid4()
    good = world.producer.value(CLICK, CLICK_DATA, event_id=event_id)
    start = world.producer.value(START, {"page_view_id": str(event_id), "page_type": "main"})
    for partition, key, value in ((0, CLICK, good), (1, START, start)):
        raw = RawMessage("ugc.events", partition, 0, key.encode(), value, world.clock.ms())
        shelf.put(DeadLetter(raw, Reason.SCHEMA_ID_UNKNOWN, "no such schema", 1))
    letters = [each for each in shelf.letters() if each.reason == "schema_id_unknown"]
    for _ in range(2):
        shelf.retry(letters)
        shelf.run()
    assert [row["event_id"] for row in world.rows(CLICK)] == [event_id]
    world.clock.pass_seconds(13 * 3600)
    shelf.run()
    assert len(world.rows("page_view")) == 1


def test_it_stops_when_asked(shelf: Shelf) -> None:
    assert shelf.retry(shelf.letters(), should_stop=lambda: True) == 0
