"""Stored records in a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from api.errors import RecordRefusedError, StoreUnavailableError
from api.publish.spool.record import Record
from api.publish.spooling import Outcome


class InMemoryPublisher:
    """Records in a list, for tests. While ``available`` is false nothing is stored.

    ``refuses`` tells why a record will never be taken; ``None``: it will.
    """

    def __init__(self) -> None:
        self.published: list[Record] = []
        self.available = True
        self.refuses: Callable[[Record], RecordRefusedError | None] = lambda _record: None

    def publish(self, record: Record) -> None:
        (problem,) = self.publish_all([record])
        if problem is not None:
            raise problem

    def publish_all(self, records: Sequence[Record]) -> list[Outcome]:
        if not self.available:
            return [StoreUnavailableError("neither Kafka nor the spool")] * len(records)
        outcomes: list[Outcome] = [self.refuses(each) for each in records]
        pairs = zip(records, outcomes, strict=True)
        self.published.extend(each for each, problem in pairs if problem is None)
        return outcomes
