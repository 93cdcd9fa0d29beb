"""Events of one turn of the loop: published together, each awaited by itself."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable, Sequence

import pytest

from api.errors import NotAskedError, RecordRefusedError, StoreUnavailableError
from api.http.publications import Outcome, Publications
from api.publish.spool.record import Record

Done = Callable[[Sequence[Outcome]], None]


def record(number: int) -> Record:
    return Record(event_id=uuid.UUID(int=number), key=b"key", value=b"value", headers={})


class Kept:
    """Takes records, and says nothing of them until it is told to."""

    def __init__(self) -> None:
        self.groups: list[Sequence[Record]] = []
        self.dones: list[Done] = []
        self.takes = True

    def publish_soon(self, records: Sequence[Record], done: Done) -> bool:
        if self.takes:
            self.groups.append(records)
            self.dones.append(done)
        return self.takes

    @property
    def sizes(self) -> list[int]:
        return list(map(len, self.groups))


def test_events_of_one_turn_are_published_together_and_each_hears_of_its_own() -> None:
    kept, refused = Kept(), RecordRefusedError("no")

    async def scenario() -> list[Outcome]:
        publications = Publications(kept.publish_soon, lambda: None)
        waits = [asyncio.ensure_future(publications.of(record(number))) for number in range(4)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        later = asyncio.ensure_future(publications.of(record(4)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert publications.waiting == 5
        # From another thread, as whoever hears Kafka is one.
        telling = threading.Thread(target=kept.dones[0], args=([None, refused, None, None],))
        telling.start()
        found = await asyncio.gather(*waits)
        telling.join()
        kept.dones[1]([None])
        return [*found, await later]

    assert asyncio.run(scenario()) == [None, refused, None, None, None]
    assert kept.sizes == [4, 1]
    assert [each.event_id.int for each in kept.groups[0]] == [0, 1, 2, 3]


def test_where_nothing_is_taken_each_is_told_that_nothing_was_done() -> None:
    kept = Kept()
    kept.takes = False

    async def scenario() -> list[object]:
        publications = Publications(kept.publish_soon, lambda: None)
        waits = [publications.of(record(number)) for number in range(3)]
        found: list[object] = await asyncio.gather(*waits, return_exceptions=True)
        assert publications.waiting == 0
        return found

    assert [type(each) for each in asyncio.run(scenario())] == [NotAskedError] * 3


def test_an_error_that_nobody_foresaw_reaches_every_request_of_the_turn() -> None:
    def broken(_records: Sequence[Record], _done: Done) -> bool:
        raise ZeroDivisionError

    async def scenario() -> list[object]:
        publications = Publications(broken, lambda: None)
        waits = [publications.of(record(number)) for number in range(3)]
        return await asyncio.gather(*waits, return_exceptions=True)

    assert [type(each) for each in asyncio.run(scenario())] == [ZeroDivisionError] * 3


def test_a_request_that_was_given_up_keeps_no_other_of_its_turn_from_its_answer() -> None:
    kept = Kept()

    async def scenario() -> Outcome:
        publications = Publications(kept.publish_soon, lambda: None)
        given_up, other = (asyncio.ensure_future(publications.of(record(n))) for n in range(2))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.wait([given_up])
        kept.dones[0]([None, StoreUnavailableError("late")])
        return await other

    assert isinstance(asyncio.run(scenario()), StoreUnavailableError)
    assert kept.sizes == [2]


@pytest.mark.parametrize("count", [1, 7])
def test_drained_waits_for_what_is_gathered_and_for_what_is_on_its_way(count: int) -> None:
    kept = Kept()

    async def scenario() -> list[bool]:
        publications = Publications(kept.publish_soon, lambda: None)
        waits = [asyncio.ensure_future(publications.of(record(n))) for n in range(count)]
        await asyncio.sleep(0)
        drained = asyncio.ensure_future(publications.drained())
        await asyncio.sleep(0)
        assert not drained.done()
        threading.Thread(target=kept.dones[0], args=([None] * count,)).start()
        await drained
        return [each.done() for each in waits]

    assert asyncio.run(scenario()) == [True] * count
