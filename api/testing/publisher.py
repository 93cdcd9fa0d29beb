"""Stored records in a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from api.errors import RecordRefusedError, StoreUnavailableError
from api.publish.delivery import Outcome
from api.publish.spool.record import Record


class InMemoryPublisher:
    """Records in a list, for tests. While ``available`` is false nothing is stored.

    ``refuses`` tells why a record will never be taken; ``None``: it will.  ``takes_soon`` is false
    where another publisher would have to wait.  While ``holds`` is true, what was published soon is
    held back until :meth:`release`.
    """

    def __init__(self) -> None:
        self.published: list[Record] = []
        self.available = True
        self.takes_soon = True
        self.holds = False
        self._held: list[Callable[[], None]] = []
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

    def publish_soon(
        self, records: Sequence[Record], done: Callable[[Sequence[Outcome]], None]
    ) -> bool:
        if not self.takes_soon:
            return False
        if self.holds:
            self._held.append(lambda: done(self.publish_all(records)))
        else:
            done(self.publish_all(records))
        return True

    def release(self) -> None:
        """Stores what was held back, and says so."""
        held, self._held = self._held, []
        for each in held:
            each()
