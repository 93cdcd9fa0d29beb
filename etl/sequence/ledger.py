"""What the loader remembers beside open sessions: sequence numbers, and unfinished reports.

Each partition is noted up to an offset.  A message below it was noted before, however often it is
read, so a repeated reading changes nothing, and the same number at a higher offset is one that was
sent twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from contracts.sequence import SequenceHeader
from etl.sequence.numbers import Producer
from etl.source import Spans

if TYPE_CHECKING:
    from etl.sequence.columns import SequenceColumns


@dataclass(frozen=True, slots=True)
class SequencedMessage:
    """A message with its sequence header; None where it has none, or none that can be read."""

    partition: int
    offset: int
    timestamp_ms: int
    sequence: SequenceHeader | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTotals:
    """Over all producers, those that were forgotten too.

    ``since_ms``: the Kafka time before which not all messages were noted; 0 when all were.
    ``forgotten_…`` belong to producers that are kept no more.
    """

    since_ms: int = 0
    unstamped: int = 0
    forgotten_seen: int = 0
    forgotten_repeated: int = 0
    forgotten_lost: int = 0
    forgotten_cut_off: int = 0


class Ledger(Protocol):
    """Shared by all workers. Each method is atomic.

    Every method raises :class:`~etl.errors.StoreUnavailableError` when it got no answer in time;
    what it should have done may then have been done.
    """

    def begin(self, topic_id: uuid.UUID) -> None:
        """Begins with the topic that has this id.

        Offsets begin anew in a topic that was made anew under the same name, so what was noted of
        the former is forgotten; its numbers stay.
        """
        ...

    def record(self, spans: Spans, sequenced: Sequence[SequencedMessage]) -> None:
        """Takes in messages, in order, that were not noted yet; notes the partitions' stops.

        A span that begins above what was noted shows that messages in between are not known (the
        store was emptied, or the offset set by hand): what came before is not counted as missing.
        """
        ...

    def record_columns(self, spans: Spans, columns: SequenceColumns) -> None:
        """As :meth:`record`, in fewer words; what it takes in, and the books, are the same.

        (Where a producer has so many gaps that the lowest are given up, it may keep some that
        :meth:`record` gives up, which a later message of the same chunk fills.)
        """
        ...

    def producers(self) -> Sequence[Producer]:
        """All producers that are remembered, the one that was met last first."""
        ...

    def totals(self) -> LedgerTotals:
        """The totals."""
        ...

    def forget(self, before_ms: int, *, limit: int) -> int:
        """Forgets up to ``limit`` producers that were last met before; how many."""
        ...

    def keep_report(self, run_id: str, report: bytes) -> None:
        """Keeps the report of a run that is under way; replaces earlier ones of the same run."""
        ...

    def kept_reports(self) -> Mapping[str, bytes]:
        """Reports of runs that are under way, or were killed, by run."""
        ...

    def drop_report(self, run_id: str) -> None:
        """The run's report is stored elsewhere."""
        ...

    def close(self) -> None:
        """Releases connections."""
        ...
