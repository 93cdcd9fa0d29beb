"""Events of one turn of the event loop, published together; each request awaits its own.

What a publication costs beside its records (numbers, a place among what is under way, a turn of the
producer's, its end and a hand-over between threads) is some 25 µs of processor, and at 64
connections some ten events are ready in one turn of the loop.  Alone or together an event meets
with the same: the reference is :meth:`api.pipeline.storing.Publisher.publish_soon` for each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from api.errors import NotAskedError, StoreUnavailableError
from api.http.wakeups import Waits
from api.publish.spool.record import Record

Outcome = StoreUnavailableError | None
PublishSoon = Callable[[Sequence[Record], Callable[[Sequence[Outcome]], None]], bool]


class Publications(Waits[Outcome]):
    """What is published from one event loop."""

    def __init__(self, publish: PublishSoon, before: Callable[[], None]) -> None:
        """
        Args:
            publish: :meth:`api.pipeline.storing.Publisher.publish_soon`.
            before: is called on the loop when some are about to be published.
        """
        super().__init__()
        self._publish = publish
        self._before = before
        self._gathered: list[tuple[Record, asyncio.Future[Outcome]]] = []

    async def of(self, record: Record) -> Outcome:
        """Why the record is not safe, or ``None``.

        Raises:
            NotAskedError: nothing was done, as whoever publishes would have to wait.
        """
        loop = self._bound()
        future: asyncio.Future[Outcome] = loop.create_future()
        if not self._gathered:
            loop.call_soon(self._publish_gathered)
        self._gathered.append((record, future))
        self._waiting.add(future)
        try:
            return await future
        finally:
            self._waiting.discard(future)

    def _publish_gathered(self) -> None:
        gathered, self._gathered = self._gathered, []
        records = [record for record, _ in gathered]
        futures = [future for _, future in gathered]
        self._before()
        try:
            is_on_its_way = self._publish(records, partial(self._told, futures))
        except Exception as error:  # noqa: BLE001 - each request tells of it
            _end_all(futures, error)
        else:
            if not is_on_its_way:
                _end_all(futures, NotAskedError())

    def _told(
        self, futures: Sequence[asyncio.Future[Outcome]], outcomes: Sequence[Outcome]
    ) -> None:
        """Called from any thread."""
        self._calls.call(partial(_hand_out, futures, outcomes))


def _hand_out(futures: Sequence[asyncio.Future[Outcome]], outcomes: Sequence[Outcome]) -> None:
    for future, outcome in zip(futures, outcomes, strict=True):
        if not future.done():
            future.set_result(outcome)


def _end_all(futures: Sequence[asyncio.Future[Outcome]], error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
