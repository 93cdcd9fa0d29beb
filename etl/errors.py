"""Errors of the loader.

::

    EtlError
    ├── ReplayError                what shall be loaded again cannot be: unknown, or not kept
    ├── PlanError                  a contract declares a pairing that cannot be carried out
    ├── OlderContractsError        messages say more than the contracts here; try again with newer
    ├── StoppedError               asked to stop before there was anything to finish
    ├── SourceError
    │   ├── SourceUnavailableError   Kafka does not answer in time; try again later
    │   │   └── TopicMissingError    … since there is no such topic
    │   ├── OffsetOutOfRangeError    the committed offset does not exist (any more)
    │   └── RebalancedError          the partitions were handed out anew; ask for partitions again
    ├── StoreError
    │   ├── StoreUnavailableError    Redis does not answer in time
    │   ├── StoreRefusedError        Redis answered, and will not do it: full, or no permission
    │   ├── StoreUnsafeError         Redis may drop keys by itself
    │   └── StateLostError           Redis lost what the run had written; the next run rebuilds it
    └── DeadLetterError
        ├── DeadLettersUnavailableError   Kafka did not acknowledge a dead letter
        └── TooManyDeadLettersError       so many messages are unusable that something else is wrong

Whichever of them ends a run, nothing was committed that is not stored, and the next run goes on
from there.
"""

from __future__ import annotations


class EtlError(Exception):
    """Base of everything that can go wrong in the ETL."""


class PlanError(EtlError):
    """A contract declares a pairing that cannot be carried out."""


class ReplayError(EtlError):
    """What shall be loaded again, or looked at, cannot be: it is unknown, or not kept any more."""


class OlderContractsError(EtlError):
    """Messages wait in Kafka whose schema says more than this loader's contracts do."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"the loader's contracts are older than messages in Kafka, which wait there: {where}."
            " Nothing is lost; restart the loader with the contracts that the API has"
        )


class StoppedError(EtlError):
    """A worker was asked to stop while it waited for partitions. Nothing was begun."""


class SourceError(EtlError):
    """Something about reading from Kafka."""


class SourceUnavailableError(SourceError):
    """Kafka gave no usable answer in time."""


class TopicMissingError(SourceUnavailableError):
    """Kafka has no such topic."""


class OffsetOutOfRangeError(SourceError):
    """The offset to read from is not in the partition, whose offsets are ``low`` to ``high``.

    Going on from somewhere else would skip messages in silence, so a person has to decide.
    """

    def __init__(self, topic: str, partition: int, offset: int, low: int, high: int) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.low = low
        self.high = high
        super().__init__(
            f"{topic}, partition {partition}: the group's offset {offset} is outside of what the"
            f" partition holds, {low} to {high}. Nothing was read. Reset the group's offset"
            f" (to {low} to load everything that is left; loading again is harmless)"
        )


class RebalancedError(SourceError):
    """The group handed its partitions out anew; what was read and not committed does not count."""


class StoreError(EtlError):
    """Something about the pair store."""


class StoreUnavailableError(StoreError):
    """Redis gave no answer in time."""


class StoreRefusedError(StoreError):
    """Redis will not do what it was asked: it is full, read-only, or lacks a permission."""


class StoreUnsafeError(StoreError):
    """Redis is set up to drop keys by itself, which would lose open sessions."""


class StateLostError(StoreError):
    """Redis no longer has what was written to it: flushed, or restarted with older data."""


class DeadLetterError(EtlError):
    """Something about messages that cannot be used."""


class DeadLettersUnavailableError(DeadLetterError):
    """A dead letter was not acknowledged in time."""


class TooManyDeadLettersError(DeadLetterError):
    """The share of unusable messages is above the limit, so the run stopped before them."""

    def __init__(self, dead: int, consumed: int, limit: float, example: str) -> None:
        self.dead = dead
        self.consumed = consumed
        self.limit = limit
        super().__init__(
            f"{dead} of {consumed} messages cannot be used, more than the share {limit} that is"
            f" tolerated; nothing of them was committed. The last one: {example}"
        )
