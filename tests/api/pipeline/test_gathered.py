"""Ids looked up together: one call for all that came during the one before."""

from __future__ import annotations

import datetime as dt
import queue
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from threading import Event

import pytest

from api.pipeline.gathered import GatheredSeen
from api.pipeline.seen import Seen
from api.testing.seen import InMemorySeenEvents

SEEN = Seen("0123456789abcdef", dt.datetime(2026, 1, 31, 12, 0, 0, 123_000, dt.UTC))
IDS = [uuid.UUID(int=number) for number in range(1, 101)]


class Slow(InMemorySeenEvents):
    """The first call waits for ``go``; how many ids each had is counted."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = Event(), Event()
        self.calls: list[int] = []

    def find(self, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Seen]:
        self.begun.set()
        assert self.go.wait(30)
        self.calls.append(len(ids))
        return super().find(ids)


class Broken(InMemorySeenEvents):
    def find(self, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Seen]:
        raise RuntimeError("nobody foresaw this")


@pytest.fixture
def seen() -> InMemorySeenEvents:
    return InMemorySeenEvents()


@pytest.fixture
def gathered(seen: InMemorySeenEvents) -> Iterator[GatheredSeen]:
    with closing(GatheredSeen(seen)) as found:
        yield found


def asked(gathered: GatheredSeen, event_id: uuid.UUID) -> bool:
    told: queue.SimpleQueue[bool] = queue.SimpleQueue()
    gathered.find_soon(event_id, told.put)
    return told.get(timeout=30)


def remember(gathered: GatheredSeen, event_id: uuid.UUID) -> None:
    heard = Event()
    gathered.remember_soon(event_id, SEEN, lambda _: heard.set())
    assert heard.wait(30)


def test_what_is_remembered_is_known(gathered: GatheredSeen) -> None:
    assert not asked(gathered, IDS[0])
    remember(gathered, IDS[0])
    assert asked(gathered, IDS[0])
    assert not asked(gathered, IDS[1])


def test_without_an_answer_nothing_is_known_and_everybody_is_told(
    seen: InMemorySeenEvents, gathered: GatheredSeen
) -> None:
    remember(gathered, IDS[0])
    seen.available = False
    assert not asked(gathered, IDS[0])
    remember(gathered, IDS[1])
    seen.available = True
    assert asked(gathered, IDS[0])
    assert not asked(gathered, IDS[1])


def test_what_comes_during_a_call_goes_with_the_next() -> None:
    slow = Slow()
    told: list[bool] = []
    with closing(GatheredSeen(slow)) as gathered:
        gathered.find_soon(IDS[0], told.append)
        assert slow.begun.wait(30)
        for each in IDS[1:]:
            gathered.find_soon(each, told.append)
        slow.go.set()
    assert slow.calls == [1, len(IDS) - 1]
    assert told == [False] * len(IDS)


def test_an_error_that_nobody_foresaw_is_logged_and_everybody_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with closing(GatheredSeen(Broken())) as gathered:
        assert not asked(gathered, IDS[0])
        assert not asked(gathered, IDS[1])
    assert {each.message for each in caplog.records} == {"seen events cannot be asked for"}


def test_nothing_is_left_at_the_end_and_an_end_without_a_question_is_none() -> None:
    GatheredSeen(InMemorySeenEvents()).close()
    told: list[bool] = []
    gathered = GatheredSeen(InMemorySeenEvents())
    for each in IDS:
        gathered.find_soon(each, told.append)
    gathered.close()
    assert told == [False] * len(IDS)
